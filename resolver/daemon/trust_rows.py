"""What an operator sees of trust, and what he may have done to it."""

from collections.abc import Iterable, Iterator
from typing import assert_never

import msgspec

from cache.answer import Question
from cache.names import from_text, to_text
from resolver.daemon.beliefs import Beliefs
from resolver.daemon.chain import chain_rows
from resolver.daemon.trust_keeper import TrustKeeper
from resolver.dnssec.exemptions import Exemption
from resolver.dnssec.keys import tag_of
from resolver.dnssec.rollover import State
from resolver.observe.measures import PREFIX, Measure
from resolver.policy.explain import LinkRow
from resolver.service.trust_protocol import (
    AnchorRow,
    ExemptionRow,
    TrustChain,
    TrustEnforce,
    TrustExempt,
    TrustList,
    TrustRefresh,
    TrustRequest,
    TrustRow,
)
from resolver.wire.text import type_from_text


async def answer_trust(keeper: TrustKeeper, request: TrustRequest) -> Iterable[TrustRow]:
    """The rows that answer the request. Raises CannotShow, WrongRequest, and ValueError for a bad name."""
    match request:
        case TrustChain(name=name, type=rtype, is_asked=is_asked):
            question = Question(from_text(name), type_from_text(rtype))
            return await chain_rows(keeper.parts(), keeper.trusting(), question, for_real=is_asked)
        case TrustList():
            return list(_rows(keeper.trusting().beliefs, keeper.wall(), is_looking=keeper.remembers()))
        case TrustRefresh():
            return await keeper.refresh()
        case TrustExempt(zone=zone):
            return [_exemption_row(await keeper.exempt(from_text(zone), request), keeper.wall())]
        case TrustEnforce(zone=zone):
            return [_exemption_row(await keeper.enforce(from_text(zone)), keeper.wall())]
    assert_never(request)


def with_exemption(row: LinkRow, one: Exemption, wall: float) -> LinkRow:
    """The row of a name that it covers, with a note that says so."""
    said = f"not checked at and below {to_text(one.zone)} for another {one.until - wall:.0f} s: {one.why}"
    return msgspec.structs.replace(row, note=f"{row.note}; {said}" if row.note else said)


def trust_measures(beliefs: Beliefs) -> Iterator[Measure]:
    """How each anchor stands, and how many zones are exempt, for /metrics."""
    numbers = {state: float(number) for number, state in enumerate(State, 1)}
    meaning = ", ".join(f"{number:.0f} {state.value}" for state, number in numbers.items())
    points = beliefs.points.values()
    states = {f"{to_text(point.zone)} {tag_of(one.ds)}": numbers[one.state] for point in points for one in point.keys}
    yield Measure(f"{PREFIX}_trust_anchor_state", f"How a trust anchor stands: {meaning}.", True, "anchor", states)
    help_ = "When the keys of a zone with trust anchors were last seen to be good, in seconds since the Unix epoch."
    checked = {to_text(point.zone): point.checked for point in points}
    yield Measure(f"{PREFIX}_trust_checked_timestamp_seconds", help_, True, "zone", checked)
    exempt = float(len(beliefs.exemptions))
    yield Measure(
        f"{PREFIX}_trust_exemptions", "Zones that are exempt from validation for a while.", True, "", {"": exempt}
    )


def _rows(beliefs: Beliefs, wall: float, *, is_looking: bool) -> Iterator[TrustRow]:
    for point in beliefs.points.values():
        for one in point.keys:
            yield AnchorRow(
                to_text(point.zone),
                tag_of(one.ds),
                one.ds[2],
                one.state.value,
                age=wall - one.since,
                left=one.until - wall if one.until else None,
                checked_ago=wall - point.checked if point.checked else None,
                due=point.due - wall if is_looking else None,
            )
    for zone in sorted(beliefs.configured_exempt):
        yield ExemptionRow(to_text(zone), "dnssec.negative_trust_anchors")
    for exemption in beliefs.exemptions.values():
        yield _exemption_row(exemption, wall)


def _exemption_row(one: Exemption, wall: float) -> ExemptionRow:
    return ExemptionRow(to_text(one.zone), one.why, one.until - wall, one.is_probed)
