"""The scenarios in any order: records change, servers break and heal, time passes, clients ask, operators flush.

Cache, failures, flights and the walk along aliases, against a model of single records. A failure prints its seed.
"""

import os
from typing import Final

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from cache.answer import Answer, Question
from cache.failures import Failures, ServerFailures
from cache.lookup import Link, alias_of
from cache.names import from_text, to_text
from cache.options import CacheOptions, StaleOptions
from cache.rrset import Entry, RRset
from cache.rrtypes import AAAA, CNAME, NXDOMAIN, A
from cache.store import RRsetCache
from cache.ttl import shown_ttl
from resolver.engine import Fetcher, Flights, Landing, Memory, Mesh, PublicResolver, ResolveCounts
from resolver.errors import NoReachableAuthority, ResolutionFailure
from resolver.iterate import Budget, Iteration, Manner
from tests.build import denial, rrset
from tests.resolver.engine.per_record import MAX_STALE, NEGATIVE_TTL, PerRecord, Said
from tests.resolver.engine.turned import at_once, raise_fault
from tests.seeds import seeds

NAMES: Final = ("www.left", "web.left", "www.right", "web.right", "www.far")
VALUES: Final = {"A": ("192.0.2.1", "192.0.2.2"), "AAAA": ("2001:db8::1", "2001:db8::2"), "CNAME": NAMES}
TYPES: Final = {"A": A, "AAAA": AAAA, "CNAME": CNAME}
TEXTS: Final = {number: text for text, number in TYPES.items()}
AT_FIRST: Final = {
    "www.left": {"CNAME": ("www.right", 60)},
    "web.left": {"A": ("192.0.2.1", 60), "AAAA": ("2001:db8::1", 10)},
    "www.right": {"A": ("192.0.2.1", 10)},
    "web.right": {"CNAME": ("www.far", 10)},
    "www.far": {"A": ("192.0.2.2", 60), "AAAA": ("2001:db8::2", 60)},
}
STALE: Final = StaleOptions(max_stale=MAX_STALE)
EXAMPLES, STEPS = 220, 50  # some 10,000 steps: few are shorter
ONE: Final = "CISTERN_SEED" in os.environ

names = st.sampled_from(NAMES)
zones = st.sampled_from(("left", "right", "far"))


class ResolveMachine(RuleBasedStateMachine):
    """A resolver whose upstream is the model's world."""

    def __init__(self) -> None:
        super().__init__()
        self.model = PerRecord(world={name: dict(records) for name, records in AT_FIRST.items()})
        self.cache = RRsetCache(CacheOptions())
        self.failures = Failures()
        self.asked = 0
        self.mesh = Mesh(raise_fault)
        self.memory = Memory(self.cache, self.failures, ServerFailures())
        self.fetcher = Fetcher(self.mesh, self.memory, self.iterate, STALE, ResolveCounts())

    def now(self) -> float:
        return self.model.now

    @rule(
        name=names, rtype=st.sampled_from(tuple(VALUES)), which=st.integers(0, 4), ttl=st.sampled_from((0, 1, 10, 60))
    )
    def publish(self, name: str, rtype: str, which: int, ttl: int) -> None:
        values = VALUES[rtype]
        records = self.model.world.setdefault(name, {})
        if rtype == "CNAME" or "CNAME" in records:
            records.clear()
        records[rtype] = (values[which % len(values)], ttl)

    @rule(name=names, rtype=st.sampled_from((*VALUES, None)), again=st.booleans())
    def withdraw(self, name: str, rtype: str | None, again: bool) -> None:
        records = self.model.world.setdefault(name, {})
        for gone in list(records) if rtype is None else [rtype]:
            records.pop(gone, None)
        if again:  # mostly there is something to ask for
            records |= AT_FIRST[name]

    @rule(zone=zones)
    def break_server(self, zone: str) -> None:
        self.model.broken.add(zone)

    @rule(healed=st.sets(zones, min_size=1))
    def heal_servers(self, healed: set[str]) -> None:
        self.model.broken -= healed

    @rule(seconds=st.sampled_from((1, 4, 5, 6, 10, 11, 29, 30, 31, 60, 61, 99, 100, 101, 160, 161)))
    def advance(self, seconds: int) -> None:
        self.model.now += seconds

    @rule(
        name=names,
        rtype=st.sampled_from(("A", "AAAA")),
        broken=st.sets(zones, min_size=1),
        seconds=st.sampled_from((9, 10, 11, 59, 60, 61, 110, 159, 160, 161)),
        pauses=st.lists(st.sampled_from((1, 4, 5, 6, 9, 10, 11, 20, 29, 30)), min_size=1, max_size=4),
    )
    def outage(self, name: str, rtype: str, broken: set[str], seconds: int, pauses: list[int]) -> None:
        """What was asked is asked again when servers have failed meanwhile, and again around the ends of pauses."""
        self.model.broken.clear()
        self.query(name, rtype)
        self.model.broken |= broken
        for pause in (seconds, *pauses):
            self.advance(pause)
            self.query(name, rtype)

    @rule(name=names)
    def flush(self, name: str) -> None:
        self.model.flush(name)
        self.cache.forget(from_text(name))
        self.failures.forget(from_text(name))

    @rule(name=names, rtype=st.sampled_from(tuple(VALUES)))
    def query(self, name: str, rtype: str) -> None:
        self.mesh.turn(self.now())
        answer = at_once(self.mesh, self.resolve(Question(from_text(name), TYPES[rtype])))
        assert self.said(answer) == self.model.query(name, rtype)

    @rule(asked=st.lists(st.tuples(names, st.sampled_from(("A", "AAAA"))), min_size=2, max_size=8))
    def query_several(self, asked: list[tuple[str, str]]) -> None:
        for name, rtype in asked:
            self.query(name, rtype)

    @invariant()
    def nobody_was_asked_without_need(self) -> None:
        assert self.asked == self.model.asked

    @invariant()
    def what_is_kept_is_what_is_known(self) -> None:
        assert sum(1 for _ in self.cache.walk()) == len(self.model.known)

    async def resolve(self, question: Question) -> Answer | None:
        counts = ResolveCounts()
        public = PublicResolver(
            self.mesh,
            self.memory,
            Flights(self.mesh, self.fetcher.fetch, counts),
            STALE,
            counts,
            is_local=lambda _: False,
            note_due=lambda _: None,
        )
        known = public.find(question, self.now())
        try:
            answer = await public.resolve(question, Budget(self.now() + 10))
        except ResolutionFailure:
            return None
        assert known in (None, answer), "what was there at once was the answer"
        return answer

    async def iterate(self, question: Question, budget: Budget, flight: Landing, manner: Manner) -> Iteration:
        """What the servers of the model's world say."""
        self.asked += 1
        name = to_text(question.qname).removesuffix(".")
        if name.rpartition(".")[2] in self.model.broken:
            raise NoReachableAuthority("silent")
        entry = self.entry_of(name, TEXTS[question.qtype])
        link: Link = entry
        if isinstance(entry, RRset) and entry.rtype == CNAME and question.qtype != CNAME:
            link = alias_of(entry, question.qname)
        return Iteration(link, (entry,))

    def entry_of(self, name: str, rtype: str) -> Entry:
        records = self.model.world.get(name, {})
        rtype = "CNAME" if "CNAME" in records else rtype
        if rtype in records:
            value, ttl = records[rtype]
            return rrset(f"{name}. {ttl} {rtype} {value}{'.' if rtype == 'CNAME' else ''}", self.now())
        zone = name.rpartition(".")[2]
        soa = f"{zone}. {NEGATIVE_TTL} SOA ns.{zone}. admin.{zone}. 1 2 3 4 {NEGATIVE_TTL}"
        return denial(f"{name}. {rtype if records else 'NXDOMAIN'}", self.now(), soa=soa)

    def said(self, answer: Answer | None) -> Said:
        if answer is None:
            return Said("SERVFAIL")
        shown = tuple(
            (
                to_text(one.owner).removesuffix("."),
                TEXTS[one.rtype],
                _text_of(one),
                shown_ttl(one, self.now(), STALE.answer_ttl),
            )
            for one in answer.answer
        )
        return Said("NXDOMAIN" if answer.rcode == NXDOMAIN else "NOERROR", shown, answer.is_stale)


def _text_of(one: RRset) -> str:
    if one.rtype == CNAME:
        return to_text(one.rdatas[0]).removesuffix(".")
    values = VALUES[TEXTS[one.rtype]]
    return next(text for text in values if rrset(f"x. 1 {TEXTS[one.rtype]} {text}").rdatas == one.rdatas)


@pytest.mark.parametrize("seed", seeds([1]))
def test_every_answer_is_what_the_single_records_say(seed: int) -> None:
    print(f"replay: CISTERN_SEED={seed} .venv/bin/python -m pytest {__file__}")
    run_state_machine_as_test(
        hypothesis.seed(seed)(ResolveMachine),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            database=None,
            phases=(Phase.generate, *((Phase.shrink,) if ONE else ())),  # minutes: for who plays it again
            suppress_health_check=list(HealthCheck),
        ),
    )
