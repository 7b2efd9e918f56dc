"""One seed's story: an hour of a few clients' questions while servers fail and records change; what must hold of each answer.

At the end all is healed, and once failures are forgotten every name of the story must be answered, and by what is published
then; and some names that nobody had asked, since servers and zones are remembered too.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from hashlib import sha256
from operator import attrgetter
from random import Random
from typing import Final, NamedTuple

from cache.answer import Answer, Question
from cache.names import WireName, to_text
from cache.rrset import Security
from cache.rrtypes import CNAME, NOERROR, NXDOMAIN, A
from resolver.engine import PublicResolver
from resolver.errors import ResolutionFailure
from tests.simulation.machine.internet import Mood
from tests.simulation.machine.layout import NAMES
from tests.simulation.machine.signed_internet import SignedInternet
from tests.simulation.machine.world import World

HOUR: Final = 3600.0  # s
CLIENTS: Final = 3
ASKED: Final = 60 * CLIENTS  # questions an hour: each client asks one a minute, by Zipf among all names
CHANGES: Final = 20  # by Zipf, too: what changes is what is cached
BREAKS: Final = 25
LONGEST: Final = 10.001  # s: a question's deadline
MAX_STALE: Final = 86400.0  # s
LONGEST_DENIED: Final = 300.0  # s: a denial lives no longer
HEALED_FOR: Final = 61.0  # s: twice the longest pause after a failure, and some
UNASKED: Final = 16  # names that are asked at the end alone
MOODS: Final = tuple(Mood)
QUESTIONS: Final = {name: Question(name, A) for name in NAMES}


class Step(NamedTuple):
    """Something that happens `after` so many seconds: "ask", "change", "mood", "loss" or "heal"; to which of all, and how."""

    after: float
    what: str
    which: int = 0
    how: float = 0.0


def draw(seed: int, hours: float = 1.0) -> list[Step]:
    """The steps of a seed's story, in no order."""
    rng = Random(f"{seed}/story")
    span = hours * HOUR
    steps: list[Step] = []
    for what, often in (("ask", ASKED), ("change", CHANGES)):
        steps += [Step(rng.random() * span, what, int(rng.paretovariate(0.9)) - 1) for _ in range(round(often * hours))]
    for _ in range(round(BREAKS * hours)):
        after, chance = rng.random() * span, rng.random()
        if chance < 0.15:
            steps.append(Step(after, "heal"))
        elif chance < 0.3:
            steps.append(Step(after, "loss", how=rng.choice((0.0, 0.0, 0.02, 0.1, 0.3))))
        else:
            steps.append(Step(after, "mood", rng.randrange(1 << 16), rng.randrange(len(MOODS))))
    return steps


def shrunk(seed: int, steps: Sequence[Step], fails: Callable[[int, Sequence[Step]], bool]) -> list[Step]:
    """As few of the steps as still fail, found by leaving out ever smaller parts."""
    left = list(steps)
    size = len(left) // 2
    while size:
        at = 0
        while at < len(left):
            fewer = left[:at] + left[at + size :]
            if fails(seed, fewer):
                left = fewer
            else:
                at += size
        size //= 2
    return left


def fails(seed: int, steps: Sequence[Step]) -> bool:
    """Does the story break a rule?"""
    return bool(Story(seed).play(steps))


class Story:
    """A story while it is played. found: what broke a rule."""

    def __init__(self, seed: int, *, is_signed: bool = False) -> None:
        self.world = World(seed, is_signed=is_signed)
        self.found: list[str] = []
        self._given: list[tuple[float, WireName, Answer]] = []
        self._open = 0
        self._began = 0.0
        self._coming: Iterator[Step] = iter(())
        self._touched: dict[WireName, None] = {}  # what was asked or changed, in that order

    def play(self, steps: Sequence[Step]) -> list[str]:
        """The violations."""
        clock, world = self.world.clock, self.world
        self._began, self._coming = clock.now, iter(sorted(steps, key=attrgetter("after")))
        self._set_next()
        clock.run(world.mesh, self._began + max((step.after for step in steps), default=0.0))
        self._mend()
        self.found += world.faults
        if self._open:
            self.found.append(f"{self._open} questions were never answered")
        if world.counts.resolve.flights_current:
            self.found.append(f"{world.counts.resolve.flights_current} flights are left")
        return self.found

    @property
    def answers(self) -> list[str]:
        """When, to what, and what: a line each."""
        return [
            f"{at:.6f} {to_text(name)} {answer.rcode} {[one.rdatas for one in answer.answer]}"
            for at, name, answer in self._given
        ]

    def digest(self) -> str:
        """Of every packet, its moment and its octets, and of every answer: the same seed gives the same."""
        told = sha256()
        for at, host, message in self.world.trace:
            told.update(f"{at:.9f} {host} ".encode() + message)
        told.update("\n".join(self.answers).encode())
        return told.hexdigest()

    def _set_next(self) -> None:
        """One step at a time: the clock's heap stays small."""
        step = next(self._coming, None)
        if step is not None:
            self.world.clock.at(self._began + step.after, partial(self._happen, step))

    def _happen(self, step: Step) -> None:
        self._set_next()
        internet = self.world.internet
        if step.what == "ask":
            self._ask(self._touch(step.which))
        elif step.what == "change":
            internet.change(self._touch(step.which), self.world.clock.now)
        elif step.what == "mood":
            servers = list(internet.servers.values())
            servers[step.which % len(servers)].mood = MOODS[int(step.how)]
        elif step.what == "loss":
            self.world.loss = step.how
        else:
            self._heal()

    def _touch(self, which: int) -> WireName:
        name = NAMES[min(which, len(NAMES) - 1) * 7 % len(NAMES)]  # those most asked lie in many zones
        self._touched[name] = None
        return name

    def _ask(self, name: WireName, *, must_be_well: bool = False) -> None:
        world, question = self.world, QUESTIONS[name]
        now = world.clock.now
        public: PublicResolver = world.recursion.public
        self._open += 1
        answer = public.find(question, now)
        if answer is not None:
            self._judge(name, answer, now, must_be_well=must_be_well)
            return
        world.mesh.start(self._wait(question, now, must_be_well=must_be_well), "a client")

    async def _wait(self, question: Question, began: float, *, must_be_well: bool) -> None:
        recursion = self.world.recursion
        try:
            answer = await recursion.public.resolve(question, recursion.new_budget())
        except ResolutionFailure as failure:
            answer = failure.answer()
        self._judge(question.qname, answer, began, must_be_well=must_be_well)

    def _judge(self, name: WireName, answer: Answer, began: float, *, must_be_well: bool) -> None:
        self._open -= 1
        now, internet, is_stale = self.world.clock.now, self.world.internet, answer.is_stale
        self._given.append((now, name, answer))
        if now - began > LONGEST:
            self._note(name, f"took {now - began:.3f} s")
        if answer.rcode not in (NOERROR, NXDOMAIN):
            if must_be_well and not self._is_hopeless(name):
                self._note(name, f"failed though all is well: {[str(one) for one in answer.errors]}")
            return
        if isinstance(internet, SignedInternet) and not is_stale:
            self._judge_security(name, answer, internet)
        owner, is_closed = name, False
        known_since = began - LONGEST - (MAX_STALE if is_stale else 0.0)
        for rrset in answer.answer:
            oldest, rtype = known_since - rrset.ttl, rrset.rtype
            if rrset.owner != owner or not internet.was_ever(owner, rtype, rrset.rdatas[0], oldest):
                self._note(name, f"{rrset} was not published at {to_text(owner)} since {oldest:.0f}")
            if must_be_well and is_stale and rrset.ttl == 0:
                self._note(name, "TTL 0 given stale")
            is_closed = rtype != CNAME
            if not is_closed:
                owner = rrset.alias_target or owner
        since = known_since - LONGEST_DENIED
        if not is_closed and not internet.was_absent(owner, since):
            self._note(name, f"denied, though {to_text(owner)} is there since before {since:.0f}")
        if must_be_well and is_stale:
            self._note(name, "still stale")

    def _judge_security(self, name: WireName, answer: Answer, internet: SignedInternet) -> None:
        """Secure is what signed zones say from end to end, and nothing else."""
        owners = [name, *(one.alias_target for one in answer.answer if one.alias_target is not None)]
        expected = Security.SECURE if all(map(internet.is_signed, owners)) else Security.INSECURE
        if answer.security is not expected:
            self._note(name, f"is {answer.security.name}, and should be {expected.name}")

    def _is_hopeless(self, name: WireName) -> bool:
        """Does the name lead in a circle, or through more aliases than are followed?"""
        seen = 0
        while (record := self.world.internet.true_at(name)) is not None and record.rtype == CNAME:
            name = WireName(record.rdata)
            seen += 1
            if seen > 11:
                return True
        return False

    def _heal(self) -> None:
        self.world.loss = 0.0
        for server in self.world.internet.servers.values():
            server.mood = Mood.WELL

    def _mend(self) -> None:
        """Everything is well from now on, and so must be every answer, as soon as failures are forgotten."""
        world = self.world
        self._heal()
        world.clock.run(world.mesh, world.clock.now + HEALED_FOR)
        for which in world.rng.sample(range(len(NAMES)), UNASKED):
            self._touch(which)
        for name in self._touched:
            world.clock.at(world.clock.now + 0.01, partial(self._ask, name, must_be_well=True))
            world.clock.run(world.mesh, world.clock.now + 0.02)
        world.clock.run(world.mesh, world.clock.now + 15.0)

    def _note(self, name: WireName, what: str) -> None:
        self.found.append(f"{self.world.clock.now:.3f} s: {to_text(name)}: {what}")
