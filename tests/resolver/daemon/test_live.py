"""A resolution that is watched and the names asked most, on a simulated network."""

import trio

from resolver.demo.behaviour import Delays, Silent
from resolver.observe.trace import TraceRow
from resolver.policy.explain import VerdictRow
from resolver.service.control_protocol import CacheList, CacheTop, ServerList
from tests.simulation.scenarios.kit import Net, given
from tests.simulation.scenarios.servers import zone

SOURCE = zone("src.test", "alias 3600 CNAME www.dst.test.", "loop 60 CNAME loop.src.test.")
TARGET = zone("dst.test", "www 300 A 198.51.100.1", minimum=20)
ALIAS = "alias.src.test A"


def of(step: str, steps: list[TraceRow]) -> list[TraceRow]:
    return [row for row in steps if row.step == step]


@given({"S": SOURCE, "D": TARGET})
async def test_each_query_that_is_sent_is_a_step_and_so_is_its_reply(net: Net) -> None:
    net.asked()
    steps, links, verdict = await net.operator.resolve(ALIAS)
    asked = net.asked()
    assert (asked["S"], asked["D"]) == (1, 1)
    assert len(of("sent", steps)) == len(of("replied", steps)) == sum(asked.values())
    assert [row.at for row in steps] == sorted(row.at for row in steps)
    assert all(row.rtt is not None and row.rtt > 0 for row in of("replied", steps))
    assert [row.text for row in of("replied", steps) if row.owner in ("alias.src.test.", "www.dst.test.")] == [
        "alias: CNAME of alias.src.test. to www.dst.test.",
        "answer: A 198.51.100.1",
    ]
    assert [(link.type, link.rdata) for link in links] == [("CNAME", ("www.dst.test.",)), ("A", ("198.51.100.1",))]
    assert verdict == VerdictRow("NOERROR")


@given({"S": SOURCE, "D": TARGET})
async def test_what_is_known_is_said_to_be_and_nobody_is_asked(net: Net) -> None:
    await net.ask(ALIAS)
    net.asked()
    steps, _, verdict = await net.operator.resolve(ALIAS)
    assert [(row.step, row.owner) for row in steps] == [("found", "alias.src.test."), ("found", "www.dst.test.")]
    assert (net.asked(), verdict.rcode) == ({}, "NOERROR")


@given({"S": SOURCE, "D": TARGET})
async def test_what_is_learned_is_kept_as_for_a_client(net: Net) -> None:
    await net.operator.resolve(ALIAS)
    net.asked()
    assert (await net.ask(ALIAS)).answer[-1] == "www.dst.test 300 A 198.51.100.1"
    assert net.asked() == {}


@given({"S": SOURCE, "D": TARGET})
async def test_losses_the_failure_and_what_the_client_sees_of_it(net: Net) -> None:
    net.break_server("D", Silent())
    steps, links, verdict = await net.operator.resolve(ALIAS)
    assert {row.text for row in of("lost", steps)} == {"no reply in time"}
    [failed] = of("failed", steps)
    assert failed.owner == "www.dst.test."
    assert [(link.owner, link.state) for link in links] == [("alias.src.test.", "fresh"), ("www.dst.test.", "failed")]
    assert verdict.rcode == "SERVFAIL"
    assert verdict.errors[0].startswith("EDE 22 (dst.test.: ")
    steps, _, verdict = await net.operator.resolve(ALIAS)
    assert [row.step for row in steps] == ["found", "failed"]
    assert verdict.errors[0].startswith("EDE 13 ")


@given({"S": SOURCE, "D": TARGET})
async def test_stale_data_is_told_with_why_it_was_taken(net: Net) -> None:
    await net.ask(ALIAS)
    net.break_server("D", Silent())
    await net.at(320)
    steps, links, verdict = await net.operator.resolve(ALIAS)
    assert steps[-1].step == "found"
    assert steps[-1].text == "stale, because of: dst.test.: 4x no reply in time: A 198.51.100.1"
    assert [(link.owner, link.state) for link in links] == [("alias.src.test.", "fresh"), ("www.dst.test.", "stale")]
    assert verdict.is_stale


@given({"S": SOURCE, "D": TARGET})
async def test_who_joins_a_flight_is_told_so(net: Net) -> None:
    net.break_server("D", Delays(0.2))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(net.ask, "www.dst.test A")
        await net.at(net.seconds + 0.1)
        steps, _, verdict = await net.operator.resolve("www.dst.test A")
    assert [(row.step, row.text) for row in steps] == [
        ("missing", "somebody asks already, and their steps are not seen here")
    ]
    assert verdict.rcode == "NOERROR"


@given({"S": SOURCE, "D": TARGET})
async def test_a_denial_and_a_loop_end_as_for_a_client(net: Net) -> None:
    for question, rcode in (
        ("none.dst.test A", "NXDOMAIN"),
        ("www.dst.test TXT", "NOERROR"),
        ("loop.src.test A", "SERVFAIL"),
    ):
        steps, links, verdict = await net.operator.resolve(question)
        assert of("sent", steps)
        assert verdict.rcode == rcode
        if rcode != "SERVFAIL":
            assert (links[-1].state, links[-1].age) == ("negative", links[-1].age)
            assert links[-1].rdata[0].endswith(", SOA of dst.test.")
        reply = await net.ask(question)
        assert (reply.rcode, reply.errors) == (rcode, {"INVALID_DATA"} if rcode == "SERVFAIL" else set())


@given({"S": SOURCE, "D": TARGET})
async def test_the_names_asked_most_between_two_looks(net: Net) -> None:
    await net.ask(ALIAS)
    frames: list[dict[str, object]] = []

    async def watch() -> None:
        frames.extend(await net.operator.look(CacheTop(most=2, interval=10, frames=2)))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch)
        await net.at(net.seconds + 1)
        for _ in range(30):
            await net.ask(ALIAS)
    first, second = frames
    assert isinstance(first["rows"], list)
    assert {row["owner"] for row in first["rows"]} == {"alias.src.test.", "www.dst.test."}
    assert all(row["per_second"] >= 2.9 for row in first["rows"])
    assert second["rows"] == []


STATES = {
    "fresh": (0.0, "D heals", ALIAS),
    "denied": (0.0, "D heals", "none.dst.test A"),
    "no such type": (0.0, "D heals", "www.dst.test TXT"),
    "failed": (0.0, "D is silent", "other.dst.test A"),
    "stale and failed": (320.0, "D is silent", ALIAS),
    "loop": (0.0, "D heals", "loop.src.test A"),
}


@given({"S": SOURCE, "D": TARGET})
async def test_what_an_explanation_says_is_what_a_client_gets_and_looking_changes_nothing(net: Net) -> None:
    for name in ("www.dst.test A", ALIAS):
        await net.ask(name)
    for until, state, question in STATES.values():
        await net.at(max(net.seconds, until))
        if state == "D is silent":
            net.break_server("D", Silent())
        await net.ask(question)
        before = await net.operator.look(CacheList())
        net.asked()
        _, verdict = await net.operator.explain(question)
        await net.operator.look(ServerList())
        await net.operator.look(ServerList(zone="dst.test"))
        assert net.asked() == {}, question
        assert verdict.next == "", question
        after = await net.operator.look(CacheList())
        assert [(row["owner"], row["type"], row["hits"]) for row in after] == [
            (row["owner"], row["type"], row["hits"]) for row in before
        ], question
        reply = await net.ask(question)
        codes = {int(error.split()[1]) for error in verdict.errors}
        assert (verdict.rcode, codes) == (reply.rcode, reply.codes), question
        assert net.asked() == {}, question
        net.heal_server("D")
