"""Scenarios 29 to 41: what is given past its TTL, for how long, and how soon what is new is seen."""

import pytest
import trio

from cache.options import StaleOptions
from resolver.demo.behaviour import Behaviour, Delays, Fails, Silent, Truncates
from resolver.service.options import LimitOptions
from tests.simulation.denials import Kind
from tests.simulation.scenarios.kit import FROM_MEMORY, Net, Reply, given
from tests.simulation.scenarios.servers import Said, zone
from tests.simulation.signing_authority import Flaw

WWW = "www.dst.test"
D = zone("dst.test", "www 300 A 198.51.100.1", "txt 300 TXT kept", minimum=20)
STALE = ["www.dst.test 30 A 198.51.100.1"]
CLIENT_TIMER = 1.8  # s
RECHECK = 30.0  # s
FAULTS = pytest.mark.parametrize(
    "fault", [Fails("SERVFAIL"), Fails("REFUSED"), Silent()], ids=["SERVFAIL", "REFUSED", "silence"]
)


@FAULTS
@given({"D": D})
async def test_scenario_29_a_failed_refresh_keeps_the_old_address_and_is_tried_again_every_30_seconds(
    net: Net, fault: Behaviour
) -> None:
    await net.ask(WWW)
    net.break_server("D", fault)
    await net.at(310)
    assert (await net.ask(WWW)).answer == STALE
    failed_at = net.seconds
    net.asked()
    while net.seconds < failed_at + RECHECK - 1.5:
        await net.at(net.seconds + 1)
        reply = await net.ask(WWW)
        assert (reply.answer, reply.took < FROM_MEMORY) == (STALE, True)
    assert net.asked() == {}
    await net.at(failed_at + RECHECK + 0.1)
    assert (await net.ask(WWW)).answer == STALE
    assert net.asked()["D"] >= 1
    net.heal_server("D")
    net.publish("www.dst.test. 300 A 198.51.100.2")
    healed_at = net.seconds
    while (await net.ask(WWW)).answer == STALE:
        await net.at(net.seconds + 0.5)
    assert net.seconds <= healed_at + RECHECK + 1
    assert (await net.ask(WWW)).answer == ["www.dst.test 300 A 198.51.100.2"]


@given({"D": D})
async def test_scenario_30_an_expired_address_that_its_zone_denies_is_gone_at_once(net: Net) -> None:
    await net.ask(WWW)
    net.withdraw("www.dst.test.", "A")
    await net.at(301)
    reply = await net.ask(WWW)
    assert (reply.rcode, reply.answer, reply.errors) == ("NXDOMAIN", [], set())
    assert await net.cached(WWW) == {"*": "nxdomain"}


@given({"D": D}, stale=StaleOptions(max_stale=600, prefer_positive=("dst.test",)))
async def test_scenario_30_where_the_last_good_answer_is_preferred_a_denial_is_believed_only_when_that_is_too_old(
    net: Net,
) -> None:
    await net.ask(WWW)
    net.withdraw("www.dst.test.", "A")
    await net.at(301)
    for _ in range(2):
        reply = await net.ask(WWW)
        assert (reply.rcode, reply.answer) == ("NOERROR", STALE)
        assert "STALE_ANSWER" in reply.errors
    assert await net.counter("resolve_denials_not_believed") == 1
    assert await net.cached(WWW) == {"A": "stale"}
    assert (await net.ask("nosuch.dst.test")).rcode == "NXDOMAIN"  # of this there never was an address
    await net.at(300 + 600 + 1)
    assert (await net.ask(WWW)).rcode == "NXDOMAIN"


@pytest.mark.parametrize("rcode", ["NXDOMAIN", "NOERROR"])
@given({"D": D})
async def test_scenario_30_a_denial_without_authority_does_not_end_the_old_address(net: Net, rcode: str) -> None:
    """RFC 8767 §4: with AA set it would have refreshed the data; without, it is a failure."""
    await net.ask(WWW)
    soa = "dst.test. 60 SOA ns.dst.test. hostmaster.dst.test. 1 1800 900 604800 60"
    net.say("D", f"{WWW} A", Said(authority=(soa,), rcode=rcode, is_authoritative=False))
    await net.at(301)
    reply = await net.ask(WWW)
    assert (reply.rcode, reply.answer) == ("NOERROR", STALE)
    assert "STALE_ANSWER" in reply.errors


@given({"D": D})
async def test_scenario_31_a_remembered_failure_does_not_hide_the_stale_address(net: Net) -> None:
    await net.ask(WWW)
    net.break_server("D", Fails())
    await net.at(310)
    await net.ask(WWW)
    net.asked()
    reply = await net.ask(WWW)
    assert (reply.rcode, reply.answer) == ("NOERROR", STALE)
    assert reply.errors == {"STALE_ANSWER", "CACHED_ERROR"}
    assert net.asked() == {}


@given({"D": D}, stale=StaleOptions(max_stale=600))
async def test_scenario_32_past_the_longest_stale_time_it_is_servfail(net: Net) -> None:
    await net.ask(WWW)
    net.break_server("D", Fails())
    await net.at(300 + 600 - 1)
    assert (await net.ask(WWW)).answer == STALE
    await net.at(300 + 600 + 1)
    reply = await net.ask(WWW)
    assert (reply.rcode, reply.answer) == ("SERVFAIL", [])


@given({"D": zone("dst.test", "www 300 A 198.51.100.1", delegation_ttl=400)})
async def test_scenario_33_past_the_end_of_its_delegation_nothing_is_served_stale(net: Net) -> None:
    await net.ask(WWW)
    net.break_server("D", Fails())
    net.break_server("test", Fails())  # nobody can say that the delegation is still there
    await net.at(360)
    assert (await net.ask(WWW)).answer == STALE
    await net.at(390)
    assert (await net.ask(WWW)).answer == ["www.dst.test 10 A 198.51.100.1"]
    await net.at(401)
    reply = await net.ask(WWW)
    assert (reply.rcode, reply.answer) == ("SERVFAIL", [])


@pytest.mark.parametrize("also", ["dst.test NS", "dst.test SOA", "ns-d.dst.test A"])
@given({"D": zone("dst.test", "www 300 A 198.51.100.1", delegation_ttl=400)})
async def test_scenario_33_a_withdrawn_delegation_ends_its_names_though_its_server_goes_on(net: Net, also: str) -> None:
    """Whatever its server is asked for meanwhile: what it says of itself lasts no longer than its parent's word."""
    await net.ask(WWW)
    net.undelegate("dst.test.")
    for seconds in range(50, 400, 50):
        await net.at(seconds)
        assert (await net.ask(also)).rcode == "NOERROR"
        assert (await net.ask(WWW)).rcode == "NOERROR"
    await net.at(401)
    reply = await net.ask(WWW, excused="has always existed")  # on D, which nobody is referred to any more
    assert reply.rcode == "NXDOMAIN"


@pytest.mark.parametrize(
    ("delay", "address"), [(0.882, "198.51.100.2"), (0.892, "198.51.100.1")], ids=["1.79 s", "1.81 s"]
)
@given({"D": D})
async def test_scenario_34_just_before_the_client_timer_it_is_fresh_just_after_stale_and_the_late_one_is_kept(
    net: Net, delay: float, address: str
) -> None:
    net.break_server("D", Delays(delay), Truncates())  # one exchange over UDP, one over TCP
    await net.ask(WWW)
    net.publish("www.dst.test. 300 A 198.51.100.2")
    await net.at(310)
    net.asked()
    reply = await net.ask(WWW)
    is_fresh = address == "198.51.100.2"
    assert reply.answer == [f"www.dst.test {300 if is_fresh else 30} A {address}"]
    assert ("STALE_ANSWER" in reply.errors) is not is_fresh
    assert reply.took == pytest.approx(1.79 if is_fresh else CLIENT_TIMER, abs=FROM_MEMORY)
    assert net.asked() == {"D": 2}
    await net.at(312)
    assert (await net.ask(WWW)).answer == ["www.dst.test 300 A 198.51.100.2"]
    assert net.asked() == {}


@given({"S": zone("src.test", "alias 300 CNAME www.dst.test."), "D": D})
async def test_scenario_34_the_client_timer_is_one_for_all_links_of_a_chain(net: Net) -> None:
    for name in "SD":
        net.break_server(name, Delays(1.0), Truncates())
    await net.ask("alias.src.test")
    await net.at(320)
    net.asked()
    reply = await net.ask("alias.src.test")
    assert reply.answer == ["alias.src.test 30 CNAME www.dst.test.", *STALE]
    assert reply.took == pytest.approx(CLIENT_TIMER, abs=FROM_MEMORY)
    await net.at(330)
    assert net.asked() == {"S": 2, "D": 2}  # both are refreshed all the same
    assert (await net.ask("alias.src.test")).errors == set()


@given({"D": D})
async def test_scenario_35_one_fetch_goes_on_for_all_who_wait_and_for_those_who_got_stale_data(net: Net) -> None:
    net.break_server("D", Delays(1.0), Truncates())
    await net.ask(WWW)
    await net.at(310)
    net.asked()
    replies: list[Reply] = []

    async def ask(after: float) -> None:
        await trio.sleep(after)
        replies.append(await net.ask(WWW))

    async with trio.open_nursery() as nursery:
        for place in range(20):
            nursery.start_soon(ask, place * 0.05)
    assert [reply.answer for reply in replies] == [STALE] * 20
    assert all(reply.took <= CLIENT_TIMER + FROM_MEMORY for reply in replies)
    await net.at(313)
    assert (await net.ask(WWW)).answer == ["www.dst.test 299 A 198.51.100.1"]
    assert net.asked() == {"D": 2}


@given({"D": D})
async def test_scenario_35_a_client_that_goes_away_does_not_end_the_fetch(net: Net) -> None:
    await net.give_up(WWW, after=0.005)
    assert await net.cached(WWW) == {}
    await net.at(1)
    net.asked()
    reply = await net.ask(WWW)
    assert (reply.answer, reply.took < FROM_MEMORY) == (["www.dst.test 299 A 198.51.100.1"], True)
    assert net.asked() == {}


@pytest.mark.parametrize("fault", [None, Silent()], ids=["well", "silence"])
@given({"D": D}, limits=LimitOptions(in_flight_per_client=1000, in_flight_per_address=1000))
async def test_scenario_36_a_thousand_questions_for_an_expired_name_are_one_refresh(
    net: Net, fault: Behaviour | None
) -> None:
    await net.ask(WWW)
    if fault is not None:
        net.break_server("D", fault)
    await net.at(310)
    before = await net.counter("resolve_flights")
    async with trio.open_nursery() as nursery:
        for place in range(1000):
            nursery.start_soon(net.ask, WWW, place % 3)
    assert await net.counter("resolve_flights") - before == 1


@given({"D": D})
async def test_scenario_37_a_denial_is_not_asked_for_again_within_its_ttl(net: Net) -> None:
    assert (await net.ask("nosuch.dst.test")).rcode == "NXDOMAIN"
    net.asked()
    for seconds in range(1, 20):
        await net.at(seconds)
        reply = await net.ask("nosuch.dst.test")
        assert (reply.rcode, reply.soa) == ("NXDOMAIN", f"dst.test {20 - seconds}")
    assert net.asked() == {}


@pytest.mark.parametrize("fault", [None, Fails(), Silent()], ids=["well", "SERVFAIL", "silence"])
@given({"D": D})
async def test_scenario_38_a_name_that_is_asked_for_twice_a_second_is_seen_soon_after_it_exists(
    net: Net, fault: Behaviour | None
) -> None:
    await net.ask("new.dst.test")
    if fault is not None:
        net.break_server("D", fault)
    while (reply := await net.ask("new.dst.test")).rcode == "NXDOMAIN" and net.seconds < 100:
        await net.at(net.seconds + 0.5)
    assert reply.rcode == "NXDOMAIN"
    assert ("STALE_NXDOMAIN_ANSWER" in reply.errors) is (fault is not None)
    net.heal_server("D")
    net.publish("new.dst.test. 300 A 198.51.100.8")
    created_at = net.seconds
    while (await net.ask("new.dst.test")).rcode == "NXDOMAIN":
        await net.at(net.seconds + 0.5)
    assert net.seconds <= created_at + RECHECK + 1


@pytest.mark.parametrize("flaw", [Flaw.EXPIRED, Flaw.FORGED, Flaw.UNSIGNED], ids=lambda flaw: flaw.name)
@given({"D": zone("dst.test", "www 300 A 198.51.100.1", signs=Kind.NSEC)})
async def test_scenario_39_a_bogus_refresh_leaves_the_secure_stale_address_in_its_place(net: Net, flaw: Flaw) -> None:
    assert (await net.ask(WWW, flags="AD")).is_secure
    net.spoil("D", flaw)
    await net.at(310)
    for _ in range(3):
        reply = await net.ask(WWW, flags="AD")
        assert (reply.answer, reply.is_secure) == (STALE, False)
        assert "STALE_ANSWER" in reply.errors
    assert (await net.cached(WWW))["A"] == "stale"
    net.spoil("D", Flaw.NONE)
    await net.at(310 + RECHECK + 1)
    healed = await net.ask(WWW, flags="AD")
    assert (healed.answer, healed.is_secure, healed.errors) == (["www.dst.test 300 A 198.51.100.1"], True, set())


@given({"D": zone("dst.test", "www 5 A 198.51.100.1", "@ 10 NS ns-d")})
async def test_scenario_40_an_answer_has_the_ttls_of_its_refreshed_records(net: Net) -> None:
    await net.ask(WWW)
    await net.ask("dst.test NS")
    await net.at(6)
    assert (await net.ask(WWW)).answer == ["www.dst.test 5 A 198.51.100.1"]
    assert (await net.ask("dst.test NS")).answer == ["dst.test 4 NS ns-d.dst.test."]
    await net.at(9)
    assert (await net.ask(WWW)).answer == ["www.dst.test 2 A 198.51.100.1"]
    net.break_server("D", Fails())
    await net.at(12)
    assert (await net.ask(WWW)).answer == STALE


@given({"D": zone("dst.test", "@ 100 NS ns-d", "www 300 A 198.51.100.1")})
async def test_scenario_41_name_servers_that_were_stale_get_their_own_ttl_when_they_are_refreshed(net: Net) -> None:
    assert (await net.ask("dst.test NS")).answer == ["dst.test 100 NS ns-d.dst.test."]
    net.break_server("D", Fails())
    await net.at(110)
    reply = await net.ask("dst.test NS")
    assert reply.answer == ["dst.test 30 NS ns-d.dst.test."]
    net.heal_server("D")
    net.publish("dst.test. 600 NS ns-d.dst.test.")
    await net.at(145)
    assert (await net.ask("dst.test NS")).answer == ["dst.test 600 NS ns-d.dst.test."]
