"""In which manner is a question put to the servers: passing over whom, and showing how much of it (RFC 9156)?

The driver asks one shortened question after the other; each shows more labels, until a referral leads to another zone or
the whole question has been asked.
"""

from collections.abc import Set as AbstractSet
from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.answer import Question
from cache.names import WireName, count_labels
from cache.rrtypes import DS, A
from cache.value import Value
from resolver.env import Address
from resolver.iterate.delegation import ZoneServer
from resolver.iterate.options import QnameMinimisation

MAX_STEPS: Final = 10  # RFC 9156 §2.3 MAX_MINIMISE_COUNT: a name of 127 labels takes no more queries than this
ONE_LABEL_STEPS: Final = 4  # RFC 9156 §2.3 MINIMISE_ONE_LAB: the first steps add one label each
HIDDEN_QTYPE: Final = A  # RFC 9156 §2.1: the type that every server answers and that gives nothing away


@final
@mypyc_attr(acyclic=True)
class Manner(Value):
    """avoided: servers that are passed over in their zones, as if they had failed.

    in_whole: the whole name is shown at once, and no denial of a name above is taken for that of all below it.
    """

    __slots__ = ("avoided", "in_whole")

    def __init__(self, avoided: AbstractSet[ZoneServer] = frozenset(), *, in_whole: bool = False) -> None:
        self.avoided: Final = avoided
        self.in_whole: Final = in_whole

    def parts(self) -> tuple[object, ...]:
        return self.avoided, self.in_whole

    def avoided_in(self, zone: WireName) -> frozenset[Address]:
        """The servers that are passed over as servers of `zone`."""
        return frozenset(one.server for one in self.avoided if one.zone == zone)


USUAL: Final = Manner()


def shorten(question: Question, zone: WireName, steps: int, mode: QnameMinimisation) -> Question:
    """The question to ask next at a server of `zone`, which the question's name is at or below.

    steps: shortened questions already asked for this question, in all zones. The whole question is given as it is.

    Even where nothing is to be hidden (off) a DS question begins with its parent's name: a server that has the zone itself, and
    one far above it, would deny it for the zone, which is not the zone's to say (RFC 4035 §3.1.4.1).
    """
    if steps >= MAX_STEPS:
        return question
    if mode == "off":
        return _cut(question, count_labels(question.qname) - 1) if _is_for_a_zone_between(question, zone) else question
    return _cut(question, count_labels(zone) + 1)


def lengthen(question: Question, shown: Question, steps: int) -> Question:
    """The question after `shown` was answered without a referral; steps as in shorten."""
    if steps >= MAX_STEPS:
        return question
    at = count_labels(shown.qname)
    hidden = count_labels(question.qname) - at
    if steps < ONE_LABEL_STEPS:
        return _cut(question, at + 1)
    # RFC 9156 §2.3: spread the remaining labels over the remaining steps
    return _cut(question, at + max(1, -(-hidden // (MAX_STEPS - steps))))


def _is_for_a_zone_between(question: Question, zone: WireName) -> bool:
    return question.qtype == DS and count_labels(question.qname) > count_labels(zone) + 1


def _cut(question: Question, wanted: int) -> Question:
    """The question about the last `wanted` labels; the whole question when that is all of the name."""
    surplus = count_labels(question.qname) - wanted
    if surplus <= 0:
        return question
    name = question.qname
    at = 0
    for _ in range(surplus):
        at += 1 + name[at]
    return Question(WireName(name[at:]), HIDDEN_QTYPE)
