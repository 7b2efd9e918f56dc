"""Scenarios 42 to 48: what is fetched ahead of time, and servers that say odd things."""

import pytest

from resolver.demo.behaviour import Behaviour, Delays, Fails, Silent
from tests.simulation.scenarios.kit import FROM_MEMORY, UNREACHABLE, Net, given
from tests.simulation.scenarios.servers import DELAY, Said, zone

ALIAS, WWW = "alias.src.test", "www.dst.test"
PAIR = {
    "S": zone("src.test", "alias 3600 CNAME www.dst.test."),
    "D": zone("dst.test", "www 20 A 198.51.100.1", "txt 300 TXT text"),
}
LONG_LABEL = "a-label-of-nearly-as-many-octets-as-a-label-may-have-0123456789"
MOVED = {
    "M": zone("moved.test", "tree 600 DNAME home.test.", f"far 600 DNAME {LONG_LABEL}.{LONG_LABEL}.home.test."),
    "H": zone("home.test", "www 300 A 198.51.100.1", "mail 300 A 198.51.100.2"),
}


@given(PAIR)
async def test_scenario_42_a_link_that_is_asked_for_is_fetched_before_it_expires_and_alone(net: Net) -> None:
    await net.ask(ALIAS)
    net.asked()
    while net.seconds < 110:
        await net.at(net.seconds + 0.5)
        reply = await net.ask(ALIAS)
        assert (reply.rcode, reply.took < FROM_MEMORY) == ("NOERROR", True)
    # every 18 to 18.5 s, so the sixth is on its way; the alias, asked for as often, is left alone
    assert net.asked() == {"D": 6}


@given(PAIR)
async def test_scenario_42_what_nobody_asks_for_is_not_fetched_ahead(net: Net) -> None:
    await net.ask(ALIAS)
    net.asked()
    await net.at(100)
    assert net.asked() == {}


@given({"D": zone("dst.test", "www 300 A 198.51.100.1")})
async def test_scenario_42_a_refresh_that_lands_after_a_newer_denial_does_not_bring_the_old_address_back(
    net: Net,
) -> None:
    net.break_server("D", Delays(0.2))
    await net.ask(WWW)
    await net.at(290)
    net.withdraw("www.dst.test.", "A")
    net.say("D", f"{WWW} A", Said(("www.dst.test. 300 A 198.51.100.1",)))  # as it was when the refresh came
    net.break_server("D", Delays(0.5))
    assert (await net.ask(WWW)).took < FROM_MEMORY  # and the refresh is on its way
    await net.at(290.1)
    net.heal_server("D")
    assert (await net.ask(f"{WWW} AAAA")).rcode == "NXDOMAIN"
    await net.at(291)
    assert await net.counter("resolve_refreshes") == 1
    assert (await net.ask(WWW)).rcode == "NXDOMAIN"


@given(PAIR)
async def test_scenario_43_nodata_without_soa_is_passed_on_and_not_kept(net: Net) -> None:
    """RFC 2308 §5."""
    net.say("D", f"{WWW} AAAA", Said())
    for _ in range(2):
        reply = await net.ask(f"{WWW} AAAA", excused="0 SOAs")
        assert (reply.rcode, reply.answer, reply.authority) == ("NOERROR", [], [])
        assert net.asked()["D"] == 1
    assert await net.cached(WWW) == {}
    assert (await net.ask(WWW)).answer == ["www.dst.test 20 A 198.51.100.1"]


@given(PAIR)
async def test_scenario_43_an_alias_alone_is_followed(net: Net) -> None:
    net.say("S", f"{ALIAS} A", Said((f"{ALIAS}. 3600 CNAME www.dst.test.",)))
    reply = await net.ask(ALIAS)
    assert reply.answer == ["alias.src.test 3600 CNAME www.dst.test.", "www.dst.test 20 A 198.51.100.1"]


@pytest.mark.parametrize("refuses_tcp", [True, False], ids=["TCP refused", "truncated over TCP, too"])
@given({"D": PAIR["D"]})
async def test_scenario_44_truncated_data_is_never_kept_and_without_tcp_the_server_has_failed(
    net: Net, refuses_tcp: bool
) -> None:
    net.say("D", f"{WWW} A", Said(("www.dst.test. 300 A 203.0.113.66",), is_truncated=True))
    if refuses_tcp:
        net.refuse_tcp("D")
    reply = await net.ask(WWW)
    assert (reply.rcode, reply.answer) == ("SERVFAIL", [])
    assert reply.errors & UNREACHABLE
    assert await net.cached(WWW) == {}


@given({"D": PAIR["D"], "E": PAIR["D"]})
async def test_scenario_44_where_one_server_truncates_and_refuses_tcp_another_one_answers(net: Net) -> None:
    net.refuse_tcp("D")
    net.say("D", f"{WWW} A", Said(("www.dst.test. 300 A 203.0.113.66",), is_truncated=True))
    for _ in range(10):
        assert (await net.ask(WWW)).answer == ["www.dst.test 20 A 198.51.100.1"]
        await net.flush(WWW)
    assert net.asked().keys() >= {"D", "E"}


@given({"D": zone("dst.test", "www 300 A 198.51.100.1", name_servers=("ns.nosuch.test.",))})
async def test_scenario_45_a_name_server_that_does_not_exist_makes_servfail_and_not_nxdomain(net: Net) -> None:
    for _ in range(2):
        reply = await net.ask(WWW)
        assert (reply.rcode, reply.answer) == ("SERVFAIL", [])
    assert await net.cached("ns.nosuch.test") == {"*": "nxdomain"}
    assert "D" not in net.asked()


HOSTED = {
    "D": zone("dst.test", "www 900 A 198.51.100.1", "other 900 A 198.51.100.2", name_servers=("ns.host.test.",)),
    "H": zone("host.test", "ns 300 A 192.0.2.11"),  # where D is
}


@pytest.mark.parametrize("fault", [Fails(), Silent()], ids=["SERVFAIL", "silence"])
@given(HOSTED)
async def test_scenario_45_while_the_name_of_a_name_server_cannot_be_looked_up_its_last_address_is_good_enough(
    net: Net, fault: Behaviour
) -> None:
    await net.ask(WWW)
    net.break_server("H", fault)
    await net.at(310)  # nothing fresh is known of the address now, and D is as well as before
    reply = await net.ask("other.dst.test")
    assert (reply.rcode, reply.answer, reply.errors) == ("NOERROR", ["other.dst.test 900 A 198.51.100.2"], set())
    assert reply.took < 3


AT_TWO_PLACES = {  # where the name servers' names are says nothing of where they are: at 192.0.2.11, all of them
    "D": zone("dst.test", "www 900 A 198.51.100.1", name_servers=("ns.one.test.", "ns.two.test.")),
    "O": zone("one.test", "ns 300 A 192.0.2.11"),
    "T": zone("two.test", "ns 300 A 192.0.2.11"),
}


@pytest.mark.parametrize("fault", [Silent(), Delays(2.0), Fails()], ids=["silence", "2 s", "SERVFAIL"])
@pytest.mark.parametrize("broken", ["O", "T"])
@given(AT_TWO_PLACES)
async def test_scenario_45_a_name_server_whose_zone_is_away_delays_nobody_who_has_another(
    net: Net, broken: str, fault: Behaviour
) -> None:
    usual = await net.ask(WWW)
    whole = sum(net.asked().values())
    await net.flush("test")
    net.break_server(broken, fault)
    reply = await net.ask(WWW)
    assert reply.answer == usual.answer
    assert reply.took <= usual.took + DELAY
    assert sum(net.asked().values()) <= whole + 2
    await net.at(net.seconds + 15)
    assert sum(net.asked().values()) <= 8  # the other look-up ends by itself
    assert await net.cached("ns.one.test" if broken == "T" else "ns.two.test") != {}


@given(HOSTED)
async def test_scenario_45_a_name_server_that_moved_is_asked_where_it_is_now(net: Net) -> None:
    await net.ask(WWW)
    net.break_server("D")
    net.publish("ns.host.test. 300 A 192.0.2.12")  # there is H, which does not know the zone
    await net.at(310)
    net.asked()
    assert (await net.ask("other.dst.test")).rcode == "SERVFAIL"
    assert "D" not in net.asked()


@given({"E": PAIR["D"], "F": PAIR["D"]}, forward={"dst.test": ("E", "F")})
async def test_scenario_46_another_forwarder_takes_over_and_the_cache_stays(net: Net) -> None:
    await net.ask("txt.dst.test TXT")
    net.break_server("E")
    assert (await net.ask(WWW)).answer == ["www.dst.test 20 A 198.51.100.1"]
    net.heal_server("E")
    net.break_server("F", Fails())
    net.asked()
    await net.at(10)
    reply = await net.ask("txt.dst.test TXT")
    assert (reply.answer, reply.took < FROM_MEMORY) == (['txt.dst.test 290 TXT "text"'], True)
    assert net.asked() == {}
    await net.at(30)
    assert (await net.ask(WWW)).answer == ["www.dst.test 20 A 198.51.100.1"]
    assert net.asked()["E"] >= 1


@given(PAIR)
async def test_scenario_46_while_the_whole_network_is_away_and_afterwards_the_cache_stays(net: Net) -> None:
    await net.ask("txt.dst.test TXT")
    for name in ("root", "test", "S", "D"):
        net.break_server(name)
    await net.at(100)
    assert (await net.ask("txt.dst.test TXT")).answer == ['txt.dst.test 200 TXT "text"']
    assert (await net.ask(ALIAS)).rcode == "SERVFAIL"
    for name in ("root", "test", "S", "D"):
        net.heal_server(name)
    net.asked()
    await net.at(130)
    assert (await net.ask("txt.dst.test TXT")).answer == ['txt.dst.test 170 TXT "text"']
    assert net.asked() == {}


@given(PAIR)
async def test_scenario_46_over_a_restart_the_cache_stays_and_its_ttls_go_on(net: Net) -> None:
    await net.ask(ALIAS)
    await net.ask("txt.dst.test TXT")
    net.break_server("D", Fails())
    await net.at(100)
    await net.restart()
    net.asked()
    reply = await net.ask("txt.dst.test TXT")
    assert reply.answer == [f'txt.dst.test {300 - round(net.seconds)} TXT "text"']
    assert net.asked() == {}
    reply = await net.ask(ALIAS)
    assert reply.answer == [
        f"alias.src.test {3600 - round(net.seconds)} CNAME www.dst.test.",
        "www.dst.test 30 A 198.51.100.1",
    ]
    assert "S" not in net.asked()


@given(MOVED)
async def test_scenario_47_below_a_cached_dname_the_alias_is_made_here_with_its_ttl(net: Net) -> None:
    await net.ask("www.tree.moved.test")
    net.asked()
    await net.at(100)
    reply = await net.ask("mail.tree.moved.test")
    assert reply.answer == [
        "tree.moved.test 500 DNAME home.test.",
        "mail.tree.moved.test 500 CNAME mail.home.test.",
        "mail.home.test 300 A 198.51.100.2",
    ]
    assert net.asked() == {"H": 1}


@pytest.mark.parametrize("qtype", ["CNAME", "DS"])
@given(MOVED)
async def test_scenario_47_a_dname_leads_on_every_type_of_what_is_below_it(net: Net, qtype: str) -> None:
    """RFC 6672 §2.3: cold and cached alike, what is asked for of the name is asked for of the substituted one."""
    for _ in range(2):
        reply = await net.ask(f"www.tree.moved.test {qtype}")
        assert (reply.rcode, len(reply.answer)) == ("NOERROR", 2)
        assert reply.answer[1] == "www.tree.moved.test 600 CNAME www.home.test."
        assert reply.soa.startswith("home.test ")


@given(MOVED)
async def test_scenario_47_below_a_stale_dname_every_alias_is_stale_and_its_target_fresh(net: Net) -> None:
    await net.ask("www.tree.moved.test")
    net.break_server("M", Fails())
    await net.at(650)
    reply = await net.ask("mail.tree.moved.test")
    assert reply.answer == [
        "tree.moved.test 30 DNAME home.test.",
        "mail.tree.moved.test 30 CNAME mail.home.test.",
        "mail.home.test 300 A 198.51.100.2",
    ]
    assert "STALE_ANSWER" in reply.errors


@given(MOVED)
async def test_scenario_47_a_substitution_of_more_than_255_octets_is_yxdomain(net: Net) -> None:
    name = f"{LONG_LABEL}.{LONG_LABEL}.far.moved.test"
    for _ in range(2):
        reply = await net.ask(name)
        assert reply.rcode == "YXDOMAIN"
        assert [line.split()[2] for line in reply.answer] == ["DNAME"]


@given(MOVED)
async def test_scenario_47_a_dname_is_no_address_of_its_own_owner(net: Net) -> None:
    await net.ask("www.tree.moved.test")
    reply = await net.ask("tree.moved.test A")
    assert (reply.rcode, reply.answer) == ("NOERROR", [])
    assert reply.soa == "moved.test 60"


@given(PAIR)
async def test_scenario_48_the_ds_of_an_alias_is_the_alias_and_nodata_at_its_target(net: Net) -> None:
    """Cold and warm, as for any type: no zone begins at an alias. Only what proves that follows no alias (dnssec/trust.py)."""
    for _ in range(2):
        reply = await net.ask(f"{ALIAS} DS")
        assert (reply.rcode, reply.answer) == ("NOERROR", [f"{ALIAS} 3600 CNAME www.dst.test."])
        assert reply.soa == "dst.test 60"
