"""What keeps trust up to date: a whole rollover on a clock that is set, exemptions in a world, and their file."""

import os
from collections.abc import Awaitable, Callable
from dataclasses import replace as with_parts
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import pytest
import structlog
import trio
import trio.testing

from cache.answer import Question
from cache.names import from_text, to_text
from cache.options import CacheOptions
from cache.rrset import RRset
from cache.rrtypes import DNSKEY, SOA
from internal_zones.database import inline
from resolver.daemon.beliefs import Beliefs
from resolver.daemon.parts import Parts, make_parts
from resolver.daemon.trust_keeper import LOOK_EVERY, PROBES_A_ROUND, TrustKeeper, replace_file
from resolver.daemon.trust_rows import answer_trust
from resolver.dnssec.anchors import Anchor
from resolver.dnssec.exemptions import PROBE_EVERY, Exemption
from resolver.dnssec.keys import make_ds
from resolver.dnssec.options import DnssecOptions
from resolver.dnssec.rollover import DAY, State, begin
from resolver.errors import NoReachableAuthority
from resolver.iterate.learn import Iteration
from resolver.service.control_protocol import Explain
from resolver.service.trust_protocol import AnchorRow, TrustEnforce, TrustExempt, TrustList, TrustRefresh
from tests.build import rrset
from tests.resolver.daemon.alone import ALONE, HINTS, simulated
from tests.resolver.dnssec.signing import KEY_SIGNING, NOW, ZONE, Signer, ed25519_signer, key_set, revoked
from tests.simulation.denials import Kind
from tests.simulation.env import WALL_AT_START
from tests.simulation.scenarios.kit import Net, given
from tests.simulation.scenarios.servers import zone
from tests.simulation.signing_authority import Flaw

OLD, NEW = ed25519_signer(1, KEY_SIGNING), ed25519_signer(2, KEY_SIGNING)
DS_OLD, DS_NEW = make_ds(ZONE, OLD.rdata), make_ds(ZONE, NEW.rdata)
WORLD: Final = {
    "S": zone("signed.test", "www 300 A 198.51.100.1", "more 300 A 198.51.100.2", signs=Kind.NSEC),
    "O": zone("other.test", "www 300 A 198.51.100.3", signs=Kind.NSEC),
}
T = TypeVar("T")


class Published:
    """In place of iteration: the keys that the zone publishes now. asked: what was asked for."""

    def __init__(self) -> None:
        self.keys: list[Signer] = [OLD]
        self.by: tuple[Signer, ...] = (OLD,)
        self.asked: list[tuple[str, int]] = []
        self.wall: Callable[[], float] = lambda: NOW
        self.meanwhile: Callable[[], None] = lambda: None  # what happens while the zone is asked

    async def iterate(self, question: Question, *_: object) -> Iteration:
        self.asked.append((to_text(question.qname), question.qtype))
        self.meanwhile()
        if question.qtype != DNSKEY or not self.keys:
            raise NoReachableAuthority("nobody answers")
        rrset: RRset = key_set(self.keys, *self.by, at=self.wall())
        return Iteration(rrset, (rrset,))


class Kept:
    """A keeper whose parts, clock and zone a test can change."""

    def __init__(self, parts: Parts, published: Published) -> None:
        self.parts = parts
        self.published = published
        self.keeper = TrustKeeper(lambda: self.parts, inline)
        published.wall = parts.env.wall

    async def at_day(self, day: float) -> None:
        """Be so many days after the start, and do what is due."""
        env = self.parts.env
        assert isinstance(env, type(simulated()))
        env.clock_is_off = NOW - WALL_AT_START + day * DAY
        with trio.move_on_after(LOOK_EVERY / 2):
            await self.keeper.keep()

    @property
    def beliefs(self) -> Beliefs:
        assert self.parts.trusting is not None
        return self.parts.trusting.beliefs

    def states(self) -> dict[bytes, State]:
        assert self.parts.trusting is not None
        return {one.ds: one.state for one in self.parts.trusting.beliefs.points[ZONE].keys}

    def trusted(self) -> tuple[bytes, ...]:
        assert self.parts.trusting is not None
        anchor = self.parts.trusting.beliefs.anchors.get(ZONE)
        return anchor.ds if anchor is not None else ()


def kept(test: Callable[[Kept], Awaitable[None]], folder: Path | None) -> None:
    """Run `test` with a keeper of `example.`, whose anchor is OLD; its file is in `folder`, if it has one."""

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            options = msgspec.structs.replace(
                ALONE,
                dnssec=DnssecOptions(trust_file=str(folder / "trust.json") if folder is not None else ""),
                cache=CacheOptions(snapshot=""),
            )
            anchors = {ZONE: Anchor(ZONE, (DS_OLD,))}
            parts = make_parts(options, simulated(), HINTS, nursery, inline, anchors=anchors)
            published = Published()
            parts = with_parts(parts, iterator=published)  # type: ignore[arg-type]  # iterate() is all that is called of it
            await test(Kept(parts, published))
            nursery.cancel_scope.cancel()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_a_whole_rollover_over_restarts_and_its_signals(tmp_path: Path) -> None:
    async def play(one: Kept, *, stage: int) -> None:
        published = one.published
        await one.keeper.load()
        match stage:
            case 0:
                await one.at_day(0)
                published.keys = [OLD, NEW]
                await one.at_day(1.1)
                assert one.states() == {DS_OLD: State.VALID, DS_NEW: State.PENDING}
            case 1:
                published.keys = [OLD, NEW]
                await one.at_day(30)
                assert one.trusted() == (DS_OLD,)
                await one.at_day(32)
                assert set(one.trusted()) == {DS_OLD, DS_NEW}
            case 2:
                published.keys, published.by = [revoked(1), NEW], (revoked(1), NEW)
                await one.at_day(34)
                assert one.states() == {DS_OLD: State.REVOKED, DS_NEW: State.VALID}
                assert one.trusted() == (DS_NEW,)
            case 3:
                published.keys, published.by = [NEW], (NEW,)
                await one.at_day(65)
                assert one.states() == {DS_OLD: State.REMOVED, DS_NEW: State.VALID}
        tags = "-".join(f"{tag:04x}" for tag in sorted(int.from_bytes(ds[:2]) for ds in one.trusted()))
        assert published.asked[-2:] == [("example.", DNSKEY), (f"_ta-{tags}.example.", 10)]

    for stage in range(4):
        kept(partial(play, stage=stage), tmp_path)


def test_a_zone_that_is_silent_is_looked_at_again_when_that_is_due_and_told(tmp_path: Path) -> None:
    async def play(one: Kept) -> None:
        one.published.keys = []
        with structlog.testing.capture_logs() as told:
            await one.at_day(0)
        assert [line["event"] for line in told] == ["trust_anchors_not_refreshed"]
        assert one.trusted() == (DS_OLD,)
        asked = len(one.published.asked)
        await one.at_day(0.02)
        assert len(one.published.asked) == asked
        await one.at_day(0.05)  # an hour is over
        assert len(one.published.asked) > asked
        assert one.parts.counts.dnssec.anchors_not_refreshed == 2
        assert {rtype for _, rtype in one.published.asked} == {DNSKEY}  # a signal would reach nobody

    kept(play, tmp_path)


def test_a_reload_that_takes_a_zones_anchors_away_while_it_is_looked_at_has_the_last_word(tmp_path: Path) -> None:
    async def play(one: Kept) -> None:
        one.published.meanwhile = lambda: one.beliefs.adopt(one.parts.options.dnssec, {}, NOW)
        [row] = await one.keeper.refresh()
        assert "meanwhile" in row.fault
        assert one.beliefs.points == {}

    kept(play, tmp_path)


def test_without_a_file_to_remember_in_a_look_tells_and_changes_nothing() -> None:
    async def play(one: Kept) -> None:
        one.published.keys, one.published.by = [revoked(1)], (revoked(1),)
        before = dict(one.beliefs.points)
        [row] = await one.keeper.refresh()
        assert row.fault
        assert one.beliefs.points == before
        [anchor] = await answer_trust(one.keeper, TrustList())
        assert isinstance(anchor, AnchorRow)
        assert anchor.due is None

    kept(play, None)


@pytest.mark.parametrize("by", [(revoked(1),), (revoked(1), NEW)], ids=["it alone", "another too"])
def test_what_is_known_is_forgotten_when_a_revoked_key_was_the_last_that_signs(
    by: tuple[Signer, ...], tmp_path: Path
) -> None:
    """The root revokes a key every few years: no host should begin with an empty cache that day."""

    async def play(one: Kept) -> None:
        known = rrset("www.example. 3600 A 192.0.2.1", one.parts.env.now())
        one.parts.memory.cache.put(known, one.parts.env.now())
        one.beliefs.learn(begin(ZONE, (DS_OLD, DS_NEW), NOW))
        one.published.keys, one.published.by = [revoked(1), NEW], by
        await one.at_day(0)
        assert one.trusted() == (DS_NEW,)
        assert (one.parts.memory.cache.peek(known.owner, known.rtype) is not None) is (NEW in by)

    kept(play, tmp_path)


def test_exempt_zones_are_tried_a_few_at_a_time_and_all_of_them(tmp_path: Path) -> None:
    async def play(one: Kept) -> None:
        for number in range(PROBES_A_ROUND + 3):
            one.beliefs.exempt(Exemption(from_text(f"z{number}.example."), NOW, NOW + DAY, "x"))
        tried = []
        for _ in range(3):
            one.published.asked.clear()
            await one.at_day(0)
            tried.append([name for name, rtype in one.published.asked if rtype == SOA])
        assert list(map(len, tried)) == [PROBES_A_ROUND, 3, 0]
        assert len({name for names in tried for name in names}) == PROBES_A_ROUND + 3

    kept(play, tmp_path)


def test_an_exemption_that_an_operator_ends_while_others_end_is_not_ended_twice(tmp_path: Path) -> None:
    async def play(one: Kept) -> None:
        zones = [from_text("a.example."), from_text("b.example.")]
        for ending in zones:
            one.beliefs.exempt(Exemption(ending, NOW - DAY, NOW - 1, "x", is_probed=False))

        async def run(work: Callable[[], T]) -> T:
            if zones[1] in one.beliefs.exemptions:
                one.beliefs.enforce(zones[1])
            return await inline(work)

        one.keeper = TrustKeeper(lambda: one.parts, run)
        await one.at_day(0)
        assert one.beliefs.exemptions == {}

    kept(play, tmp_path)


def test_when_every_anchor_is_revoked_it_is_told_and_nothing_is_checked(tmp_path: Path) -> None:
    async def play(one: Kept) -> None:
        one.published.keys, one.published.by = [revoked(1)], (revoked(1),)
        with structlog.testing.capture_logs() as told:
            await one.at_day(0)
        assert "trust_point_deleted" in [line["event"] for line in told]
        assert one.trusted() == ()

    kept(play, tmp_path)


def test_a_file_that_cannot_be_written_is_told_once_and_all_goes_on(tmp_path: Path) -> None:
    async def play(one: Kept) -> None:
        assert one.parts.trusting is not None
        (tmp_path / "trust.json.new").mkdir()
        with structlog.testing.capture_logs() as told:
            await one.at_day(0)
            await one.keeper.refresh()
        assert [line["event"] for line in told].count("trust_not_saved") == 1
        assert "cannot be written" in one.parts.trusting.beliefs.not_saved
        (tmp_path / "trust.json.new").rmdir()
        await one.keeper.refresh()
        assert one.parts.trusting.beliefs.not_saved == ""

    kept(play, tmp_path)


def test_a_file_that_is_none_is_set_aside_and_the_configured_anchors_hold(tmp_path: Path) -> None:
    (tmp_path / "trust.json").write_text("{")

    async def play(one: Kept) -> None:
        with structlog.testing.capture_logs() as told:
            await one.keeper.load()
        assert [line["event"] for line in told] == ["trust_file_refused"]
        assert (tmp_path / "trust.json.refused").read_text() == "{"
        assert one.trusted() == (DS_OLD,)

    kept(play, tmp_path)


def test_a_fifo_in_its_place_is_told_and_neither_waited_for_nor_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "trust.json")

    async def play(one: Kept) -> None:
        assert one.parts.trusting is not None
        await one.keeper.load()
        assert "no regular file" in one.parts.trusting.beliefs.not_saved
        assert one.trusted() == (DS_OLD,)

    kept(play, tmp_path)
    with pytest.raises(OSError, match="no regular file"):
        replace_file(tmp_path / "trust.json", b"after")
    assert (tmp_path / "trust.json").is_fifo()


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"before")
    number = file.stat().st_ino
    replace_file(file, b"after")
    assert file.read_bytes() == b"after"
    assert file.stat().st_ino != number
    assert [one.name for one in tmp_path.iterdir()] == ["f"]


@given(WORLD)
async def test_an_exempt_zone_is_answered_unchecked_and_all_others_as_ever(net: Net) -> None:
    net.spoil("S", Flaw.FORGED)
    assert (await net.ask("www.signed.test")).rcode == "SERVFAIL"
    [row] = await net.operator.look(TrustExempt("signed.test.", 3600, "their signer is down"))
    assert row == {
        "kind": "exemption",
        "zone": "signed.test.",
        "why": "their signer is down",
        "left": 3600,
        "is_probed": True,
    }
    reply = await net.ask("www.signed.test", flags="AD")
    assert (reply.rcode, reply.is_secure, reply.errors) == ("NOERROR", False, set())
    assert (await net.ask("www.other.test", flags="AD")).is_secure
    [link, *_] = await net.operator.look(Explain("www.signed.test", "A"))
    assert "not checked at and below signed.test. for another" in str(link["note"])
    assert "their signer is down" in str(link["note"])
    assert await net.counter("trust_exemptions") == 1
    await net.operator.look(TrustEnforce("signed.test."))
    assert (await net.ask("www.signed.test")).rcode == "SERVFAIL"


@given(WORLD)
async def test_it_ends_as_soon_as_the_zone_validates_again_and_not_before(net: Net) -> None:
    net.spoil("S", Flaw.EXPIRED)
    await net.operator.look(TrustExempt("signed.test.", 7 * DAY, "x"))
    await trio.sleep(2 * PROBE_EVERY)
    assert not (await net.ask("www.signed.test", flags="AD")).is_secure
    net.spoil("S", Flaw.NONE)
    await trio.sleep(PROBE_EVERY + LOOK_EVERY)
    assert await net.counter("trust_exemptions") == 0
    assert (await net.ask("www.signed.test", flags="AD")).is_secure


@given(WORLD)
async def test_it_ends_when_its_time_is_over_and_not_with_a_restart(net: Net) -> None:
    net.spoil("S", Flaw.FORGED)
    await net.operator.look(TrustExempt("signed.test.", 1800, "x", is_probed=False))
    await net.restart()
    assert (await net.ask("www.signed.test")).rcode == "NOERROR"
    await trio.sleep(1800 + LOOK_EVERY)
    assert (await net.ask("more.signed.test")).rcode == "SERVFAIL"


@given(WORLD)
async def test_what_is_no_exemption_is_told(net: Net) -> None:
    with pytest.raises(Exception, match="is not exempt"):
        await net.operator.look(TrustEnforce("signed.test."))


@given(WORLD)
async def test_the_roots_keys_are_looked_at_by_themselves_and_when_an_operator_wants_it(net: Net) -> None:
    [row] = await net.operator.look(TrustList())
    assert (row["zone"], row["state"], row["algorithm"]) == (".", "valid", 13)
    assert row["checked_ago"] is not None
    assert await net.operator.look(TrustRefresh()) == [{"zone": ".", "fault": ""}]
    assert await net.counter("dnssec_anchors_refreshed") == 2
    assert await net.counter("trust_anchor_state") == 2
    net.break_server("root")
    [row] = await net.operator.look(TrustRefresh())
    assert "no keys" in str(row["fault"])
