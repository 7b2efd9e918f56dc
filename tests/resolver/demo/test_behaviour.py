"""What each behaviour makes of a response, over UDP and over TCP."""

from random import Random

import dns.flags
import dns.message
import msgspec
import pytest
from dns.message import Message

from resolver.demo.authority import Authority, Transport
from resolver.demo.behaviour import (
    Asking,
    Behaviour,
    BreaksCase,
    Delays,
    Delivery,
    Duplicates,
    Fails,
    Forges,
    Garbles,
    Lame,
    Lies,
    Loses,
    NoEdns,
    Silent,
    Truncates,
    altered,
)
from resolver.demo.zone import parse_zone

ZONE = parse_zone("$ORIGIN z.test.\n@ 60 SOA ns1 h 1 1 1 1 1\n@ 60 NS ns1\nwww 60 A 192.0.2.9")
QUERY = dns.message.make_query("WwW.z.test.", "A", id=7, use_edns=0)
LIE = ("www.bank.example. 300 A 203.0.113.66", "bank.example. 300 NS ns.evil.test.")


def deliveries(
    *behaviours: Behaviour, query: Message = QUERY, transport: Transport = Transport.UDP, seed: int = 1
) -> list[Delivery]:
    octets = query.to_wire()
    response = Authority([ZONE]).respond(octets, transport)
    assert response is not None
    return altered([Delivery(0.25, response)], behaviours, Asking(octets, transport, Random(seed)))


def message(*behaviours: Behaviour, query: Message = QUERY, transport: Transport = Transport.UDP) -> Message:
    (delivery,) = deliveries(*behaviours, query=query, transport=transport)
    return dns.message.from_wire(delivery.message)


def test_without_a_behaviour_the_response_leaves_as_it_is() -> None:
    (delivery,) = deliveries()
    assert delivery.after == 0.25
    assert dns.message.from_wire(delivery.message).answer[0].to_text() == "WwW.z.test. 60 IN A 192.0.2.9"


@pytest.mark.parametrize(
    ("behaviours", "transport", "moments"),
    [
        pytest.param((Silent(),), Transport.UDP, [], id="silent"),
        pytest.param((Silent(),), Transport.TCP, [], id="silent over TCP, too"),
        pytest.param((Loses(1.0),), Transport.UDP, [], id="lost"),
        pytest.param((Loses(1.0),), Transport.TCP, [0.25], id="nothing is lost over TCP"),
        pytest.param((Loses(0.0),), Transport.UDP, [0.25], id="not lost"),
        pytest.param((Delays(0.5),), Transport.UDP, [0.75], id="late"),
        pytest.param((Duplicates(),), Transport.UDP, [0.25, 0.27], id="doubled"),
        pytest.param((Duplicates(),), Transport.TCP, [0.25], id="nothing is doubled over TCP"),
        pytest.param((Duplicates(), Delays(0.5)), Transport.UDP, [0.75, 0.77], id="one after the other"),
        pytest.param((Duplicates(), Silent()), Transport.UDP, [], id="the last one has the last word"),
    ],
)
def test_when_what_leaves(behaviours: tuple[Behaviour, ...], transport: Transport, moments: list[float]) -> None:
    assert [one.after for one in deliveries(*behaviours, transport=transport)] == pytest.approx(moments)


def test_jitter_stays_within_its_bound_and_follows_the_seed() -> None:
    delays = [deliveries(Delays(1.0, 0.5), seed=seed)[0].after for seed in range(20)]
    assert all(1.25 <= delay < 1.75 for delay in delays)
    assert len(set(delays)) == 20
    assert deliveries(Delays(1.0, 0.5), seed=3) == deliveries(Delays(1.0, 0.5), seed=3)


def test_a_failing_server_fails_over_every_transport() -> None:
    for transport in Transport:
        said = message(Fails(), transport=transport)
        assert (said.rcode().name, said.answer, said.id) == ("SERVFAIL", [], 7)
    assert message(Fails("REFUSED")).rcode().name == "REFUSED"


def test_a_lame_server_refers_upwards_without_aa() -> None:
    said = message(Lame())
    assert not said.flags & dns.flags.AA
    assert [rrset.name.to_text() for rrset in said.authority] == ["."]


def test_a_truncating_server_says_it_all_over_tcp() -> None:
    assert message(Truncates()).flags & dns.flags.TC
    assert not message(Truncates()).answer
    assert message(Truncates(), transport=Transport.TCP).answer


def test_a_server_without_edns_answers_plain_queries_only() -> None:
    refused = message(NoEdns())
    assert (refused.rcode().name, refused.edns) == ("FORMERR", -1)
    plain = dns.message.make_query("www.z.test.", "A", use_edns=-1)
    assert message(NoEdns(), query=plain).answer


def test_a_server_that_breaks_case_gives_the_question_back_folded() -> None:
    assert message(BreaksCase()).question[0].name.to_text() == "www.z.test."


def test_a_liar_adds_what_it_was_not_asked() -> None:
    said = message(Lies(LIE))
    assert [rrset.name.to_text() for rrset in said.answer] == ["WwW.z.test.", "www.bank.example."]
    assert [rrset.name.to_text() for rrset in said.authority] == ["bank.example."]
    assert [rrset.name.to_text() for rrset in said.additional] == ["www.bank.example."]


def test_a_liar_that_is_asked_for_its_lie_claims_authority() -> None:
    said = message(Lies(LIE), query=dns.message.make_query("www.bank.example.", "A"))
    assert (said.rcode().name, bool(said.flags & dns.flags.AA)) == ("NOERROR", True)
    assert [rrset.to_text() for rrset in said.answer] == ["www.bank.example. 300 IN A 203.0.113.66"]


def test_a_forger_is_first_and_never_has_both_the_id_and_the_question_right() -> None:
    *forged, true = deliveries(Forges(LIE[:1]))
    assert len(forged) == 2
    for delivery in forged:
        said = dns.message.from_wire(delivery.message)
        assert delivery.after < true.after
        assert not (said.id == 7 and said.question == QUERY.question)
        assert said.answer[0][0].to_text() == "203.0.113.66"
    assert true == deliveries()[0]


def test_garbled_datagrams_are_cut_short() -> None:
    (whole,) = deliveries()
    for seed in range(20):
        (cut,) = deliveries(Garbles(), seed=seed)
        assert whole.message.startswith(cut.message)
        assert len(cut.message) < len(whole.message)


def test_behaviours_are_read_by_their_type() -> None:
    lines = '[{"type": "loses", "chance": 0.3}, {"type": "no-edns"}, {"type": "fails", "rcode": "REFUSED"}]'
    assert msgspec.json.decode(lines, type=list[Behaviour]) == [Loses(0.3), NoEdns(), Fails("REFUSED")]
