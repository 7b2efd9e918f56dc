"""Scenarios 1 to 13: an alias and its target fail, expire, change and heal each on its own.

S is the server of src.test, which has the alias; D that of dst.test, which has the target.
"""

import pytest
import trio

from resolver.demo.behaviour import Behaviour, Fails, Silent
from tests.simulation.scenarios.kit import FROM_MEMORY, NO_STALE, UNREACHABLE, Net, given
from tests.simulation.scenarios.servers import zone

ALIAS = "alias.src.test"
A_DAY = {
    "S": zone("src.test", "alias 86400 CNAME www.dst.test."),
    "D": zone("dst.test", "www 300 A 198.51.100.1", "other 300 A 198.51.100.3"),
}
AN_HOUR = {
    "S": zone("src.test", "alias 3600 CNAME www.dst.test."),
    "D": zone("dst.test", "www 300 A 198.51.100.1", "other 300 A 198.51.100.3"),
    "O": zone("other.test", "www 300 A 198.51.100.9"),
}
FAULTS = pytest.mark.parametrize(
    "fault", [Fails("SERVFAIL"), Fails("REFUSED"), Silent()], ids=["SERVFAIL", "REFUSED", "silence"]
)


@given(A_DAY)
async def test_scenario_01_a_failed_target_is_servfail_and_nothing_positive_is_kept_for_the_alias(net: Net) -> None:
    net.break_server("D", Fails())
    reply = await net.ask(ALIAS)
    assert reply.rcode == "SERVFAIL"
    assert reply.errors & UNREACHABLE
    assert await net.cached(ALIAS) == {"CNAME": "fresh"}
    assert await net.cached("www.dst.test") == {}
    assert (await net.ask(ALIAS, rd=False)).rcode != "NOERROR"


@FAULTS
@given(A_DAY)
async def test_scenario_02_once_the_target_heals_one_query_to_its_server_mends_the_answer(
    net: Net, fault: Behaviour
) -> None:
    net.break_server("D", fault)
    assert (await net.ask(ALIAS)).rcode == "SERVFAIL"
    failed_at = net.seconds
    net.heal_server("D")
    net.asked()
    await net.at(failed_at + 6)
    reply = await net.ask(ALIAS)
    age = round(failed_at + 6)
    assert reply.rcode == "NOERROR"
    assert reply.answer[1:] == ["www.dst.test 300 A 198.51.100.1"]
    assert 86400 - age <= int(reply.answer[0].split()[1]) <= 86400 - 6
    assert net.asked() == {"D": 1}


@given(A_DAY)
async def test_scenario_03_a_hundred_questions_in_five_seconds_ask_the_failed_server_three_times_at_most(
    net: Net,
) -> None:
    net.break_server("D", Fails())
    first = await net.ask(ALIAS)
    failed_at = net.seconds
    for turn in range(1, 100):
        await net.at(failed_at + turn * 0.049)
        reply = await net.ask(ALIAS)
        assert (reply.rcode, reply.answer) == (first.rcode, first.answer)
        assert "CACHED_ERROR" in reply.errors
    asked = net.asked()
    assert asked["D"] <= 3
    assert asked["S"] == 1


@given(A_DAY)
async def test_scenario_03_clients_that_ask_together_share_the_failure(net: Net) -> None:
    net.break_server("D")
    async with trio.open_nursery() as nursery:
        for place in range(50):
            nursery.start_soon(net.ask, ALIAS, place % 3)
    asked = net.asked()
    assert (asked["S"], asked["D"]) == (1, 4)  # three datagrams, and once over TCP (RFC 9520 §3.1: by transport)


@given({"D": zone("dst.test", "www 2 A 198.51.100.1")}, stale=NO_STALE)
async def test_scenario_03_after_a_success_the_next_failure_is_a_first_one(net: Net) -> None:
    await net.ask("www.dst.test")
    for failed_at in (10, 18):
        net.break_server("D", Fails())
        await net.at(failed_at)
        assert (await net.ask("www.dst.test")).rcode == "SERVFAIL"
        net.heal_server("D")
        await net.at(failed_at + 5.5)
        assert (await net.ask("www.dst.test")).rcode == "NOERROR"


@given({**A_DAY, "O": zone("other.test", "www 300 A 198.51.100.9")}, stale=NO_STALE)
async def test_scenario_04_a_silent_server_costs_its_own_names_only_and_no_longer_than_the_deadline(net: Net) -> None:
    net.break_server("D")

    async def ask_others() -> None:
        for _ in range(10):
            reply = await net.ask("www.other.test", client=1)
            assert (reply.rcode, reply.took < 0.2) == ("NOERROR", True)
            await trio.sleep(0.3)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask_others)
        reply = await net.ask(ALIAS)
    assert reply.rcode == "SERVFAIL"
    assert reply.took < 10


@FAULTS
@given(A_DAY)
async def test_scenario_05_an_expired_target_is_served_stale_within_the_client_timer(
    net: Net, fault: Behaviour
) -> None:
    await net.ask(ALIAS)
    net.break_server("D", fault)
    net.asked()
    await net.at(310)
    reply = await net.ask(ALIAS)
    assert reply.rcode == "NOERROR"
    left = round(86090 - reply.took)
    assert reply.answer == [f"alias.src.test {left} CNAME www.dst.test.", "www.dst.test 30 A 198.51.100.1"]
    assert "STALE_ANSWER" in reply.errors
    assert reply.took <= 1.8 + FROM_MEMORY
    assert "S" not in net.asked()


@FAULTS
@given(AN_HOUR)
async def test_scenario_06_an_expired_alias_leads_to_the_fresh_target(net: Net, fault: Behaviour) -> None:
    await net.ask(ALIAS)
    net.break_server("S", fault)
    net.publish("www.dst.test. 300 A 198.51.100.2")
    await net.at(3610)
    net.asked()
    reply = await net.ask(ALIAS)
    assert reply.rcode == "NOERROR"
    assert reply.answer == ["alias.src.test 30 CNAME www.dst.test.", "www.dst.test 300 A 198.51.100.2"]
    assert "STALE_ANSWER" in reply.errors
    assert net.asked()["D"] == 1


@given(AN_HOUR)
async def test_scenario_07_behind_an_expired_alias_a_target_in_the_cache_is_not_asked_for(net: Net) -> None:
    await net.ask(ALIAS)
    await net.at(3500)
    await net.ask("www.dst.test")
    net.break_server("S", Fails())
    net.asked()
    await net.at(3610)
    reply = await net.ask(ALIAS)
    assert reply.answer == ["alias.src.test 30 CNAME www.dst.test.", "www.dst.test 190 A 198.51.100.1"]
    assert "D" not in net.asked()


@given(AN_HOUR)
async def test_scenario_08_a_stale_alias_whose_target_is_gone_is_nxdomain_and_not_servfail(net: Net) -> None:
    await net.ask(ALIAS)
    net.break_server("S", Fails())
    net.withdraw("www.dst.test.", "A")
    await net.at(3610)
    reply = await net.ask(ALIAS)
    assert reply.rcode == "NXDOMAIN"
    assert reply.answer == ["alias.src.test 30 CNAME www.dst.test."]
    assert reply.soa == "dst.test 60"


@given(AN_HOUR)
async def test_scenario_09_a_fresh_nxdomain_is_never_hidden_by_the_old_address(net: Net) -> None:
    await net.ask(ALIAS)
    net.withdraw("www.dst.test.", "A")
    await net.at(310)
    assert (await net.ask("www.dst.test")).rcode == "NXDOMAIN"
    net.break_server("D")
    net.asked()
    await net.at(330)
    reply = await net.ask(ALIAS)
    assert (reply.rcode, reply.answer) == ("NXDOMAIN", ["alias.src.test 3270 CNAME www.dst.test."])
    assert net.asked() == {}
    await net.at(400)  # the NXDOMAIN has expired, too: it is what was heard last, and so it is what is served stale
    reply = await net.ask(ALIAS)
    left = round(3200 - reply.took)
    assert (reply.rcode, reply.answer) == ("NXDOMAIN", [f"alias.src.test {left} CNAME www.dst.test."])


@pytest.mark.parametrize("rest", ["", "alias.src.test. 300 TXT still-here"], ids=["NXDOMAIN", "NODATA"])
@given(AN_HOUR)
async def test_scenario_10_a_fresh_denial_at_the_alias_is_never_hidden_by_the_old_alias(net: Net, rest: str) -> None:
    await net.ask(ALIAS)
    net.withdraw("alias.src.test.", "CNAME")
    if rest:
        net.publish(rest)
    await net.at(3610)
    denied = await net.ask(ALIAS)
    assert (denied.rcode, denied.answer) == ("NOERROR" if rest else "NXDOMAIN", [])
    net.break_server("S")
    net.asked()
    await net.at(3640)
    again = await net.ask(ALIAS)
    assert (again.rcode, again.answer) == (denied.rcode, [])
    assert net.asked() == {}
    assert "CNAME" not in await net.cached(ALIAS)


@given(AN_HOUR)
async def test_scenario_11_an_address_that_became_an_alias_is_forgotten_and_an_outage_serves_the_alias(
    net: Net,
) -> None:
    await net.ask("www.dst.test")
    net.publish("www.dst.test. 300 CNAME www.other.test.")
    await net.at(310)
    reply = await net.ask("www.dst.test")
    assert reply.answer == ["www.dst.test 300 CNAME www.other.test.", "www.other.test 300 A 198.51.100.9"]
    assert await net.cached("www.dst.test") == {"CNAME": "fresh"}
    net.break_server("D")
    net.break_server("O")
    await net.at(700)
    reply = await net.ask("www.dst.test")
    assert reply.answer == ["www.dst.test 30 CNAME www.other.test.", "www.other.test 30 A 198.51.100.9"]


@given(AN_HOUR)
async def test_scenario_12_an_alias_that_became_an_address_is_forgotten_and_an_outage_serves_the_address(
    net: Net,
) -> None:
    await net.ask(ALIAS)
    net.publish("alias.src.test. 300 A 198.51.100.7")
    await net.at(3610)
    assert (await net.ask(ALIAS)).answer == ["alias.src.test 300 A 198.51.100.7"]
    assert await net.cached(ALIAS) == {"A": "fresh"}
    net.break_server("S")
    await net.at(4000)
    assert (await net.ask(ALIAS)).answer == ["alias.src.test 30 A 198.51.100.7"]


@given(AN_HOUR)
async def test_scenario_13_where_an_alias_is_stale_and_an_address_fresh_the_fresh_one_counts(net: Net) -> None:
    """Both cannot even be held: what is newer, learned for whatever type, ends what it contradicts."""
    await net.ask(ALIAS)
    net.publish("alias.src.test. 300 A 198.51.100.7")
    net.publish("alias.src.test. 300 AAAA 2001:db8::7")
    await net.at(3610)
    await net.ask(f"{ALIAS} AAAA")
    assert await net.cached(ALIAS) == {"AAAA": "fresh"}
    net.break_server("S")
    assert (await net.ask(ALIAS)).rcode == "SERVFAIL"  # the old alias would be an answer that nobody gives any more


@given(AN_HOUR)
async def test_scenario_13_where_an_address_is_stale_and_an_alias_fresh_the_fresh_one_counts(net: Net) -> None:
    await net.ask("www.dst.test")
    net.publish("www.dst.test. 300 CNAME www.other.test.")
    await net.at(310)
    await net.ask("www.dst.test AAAA")
    assert await net.cached("www.dst.test") == {"CNAME": "fresh"}
    net.break_server("D")
    net.asked()
    reply = await net.ask("www.dst.test")
    assert reply.answer == ["www.dst.test 300 CNAME www.other.test.", "www.other.test 300 A 198.51.100.9"]
    assert "D" not in net.asked()
