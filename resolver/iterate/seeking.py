"""Which name server is looked up next, and is somebody asked again meanwhile? One at a time, a second one when it is late. Pure.

A look-up is worth its packets when all servers with known addresses were asked and nobody answered in time. The first useful
address ends the wait for it; the others are there for the question that comes next.
"""

from collections.abc import Sequence
from typing import Final, assert_never, final

from mypy_extensions import mypyc_attr

from cache.names import WireName, parent
from cache.value import Value
from resolver.errors import ResolutionFailure
from resolver.upstream import LINGER, GiveUp, Linger, Move, Send, Wait

# name servers of one zone looked up at the same time. Each costs what a client's question costs; two outlive one dead zone,
# and Unbound's target-fetch-policy, too, comes to 2 for the names that clients ask for
SIDE_BY_SIDE: Final = 2
MAX_FAILED_LOOKUPS: Final = 5  # MAX_TARGET_NX: name servers of one delegation looked up in vain
LATE_AFTER: Final = 2.0  # times what an unknown server may take: a referral and an answer


@final
@mypyc_attr(acyclic=True)
class LookUp(Value):
    """Look up the addresses of this name server."""

    __slots__ = ("name",)

    def __init__(self, name: WireName) -> None:
        self.name: Final = name

    def parts(self) -> tuple[object, ...]:
        return (self.name,)


@final
@mypyc_attr(acyclic=True)
class UnderWay(Value):
    """A look-up that has brought nothing yet. late_at: monotonic seconds."""

    __slots__ = ("late_at", "name")

    def __init__(self, name: WireName, late_at: float) -> None:
        self.name: Final = name
        self.late_at: Final = late_at

    def parts(self) -> tuple[object, ...]:
        return self.name, self.late_at


@mypyc_attr(free_list_len=1)
class Search:
    """The name servers of a zone of which no address is known, while one question is iterated.

    missing: not looked up yet, the next one last. failed: how many were looked up in vain. exhausted: why no more may be.
    """

    def __init__(self, missing: list[WireName]) -> None:
        self.missing = missing
        self.under_way: list[UnderWay] = []
        self.failed = 0
        self.exhausted: ResolutionFailure | None = None

    def next(self, move: Move, now: float) -> Move | LookUp:
        """See move_or_look_up."""
        missing = self.missing if self.exhausted is None else ()
        return move_or_look_up(move, missing, self.under_way, self.failed, now)

    def begin(self, name: WireName, late_at: float) -> None:
        """This one is looked up from now on."""
        self.missing.remove(name)
        self.under_way.append(UnderWay(name, late_at))

    def note_found(self, name: WireName) -> None:
        """It has an address that was not known."""
        self.under_way = [one for one in self.under_way if one.name != name]

    def note_over(self, name: WireName) -> None:
        """The look-up has ended; in vain, if it has found nothing."""
        before = len(self.under_way)
        self.note_found(name)
        self.failed += before - len(self.under_way)

    def leave(self) -> None:
        """Nobody waits for those under way; their flights go on."""
        if self.under_way:
            self.missing.extend(one.name for one in reversed(self.under_way))
            self.under_way.clear()


def move_or_look_up(
    move: Move, missing: Sequence[WireName], under_way: Sequence[UnderWay], failed: int, now: float
) -> Move | LookUp:
    """What is done when all that is left to do with the known servers is `move`: ask one again, listen on, or nothing.

    When there is nobody to be asked two look-ups begin at once. Who was late may still answer: then one begins and is given
    its time before anybody is asked again, and the second goes on beside that.
    """
    is_late = not under_way or now >= under_way[-1].late_at
    has_room = len(under_way) < SIDE_BY_SIDE and failed + len(under_way) < MAX_FAILED_LOOKUPS
    if has_room and (is_late or isinstance(move, GiveUp)):
        name = next_name(missing, under_way)
        if name is not None:
            return LookUp(name)
    if not under_way:
        return move
    match move:
        case GiveUp():
            return LINGER
        case Send():
            return move if is_late or len(under_way) > 1 else Wait(under_way[-1].late_at)
        case Linger():
            return move if is_late else Wait(under_way[-1].late_at)
        case Wait():
            return move
        case _:
            assert_never(move)


def next_name(missing: Sequence[WireName], under_way: Sequence[UnderWay]) -> WireName | None:
    """The name server to look up; beside others only one from elsewhere: where they are late it would be, too."""
    places = {parent(one.name) for one in under_way}
    return next((name for name in reversed(missing) if parent(name) not in places), None)
