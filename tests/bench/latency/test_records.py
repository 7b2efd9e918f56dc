"""What the simulated servers say is read by dnspython as DNS, and leads from the root to every name."""

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from tests.bench.latency.records import Zone, a, cname, ns, reply

PARENT, CHILD = Zone("example."), Zone("sub.example.")
PARENT.cut("sub.example.", ns("ns1.sub.example."))
PARENT.glue("sub.example.", "ns1.sub.example.", a("192.0.2.1"))
CHILD.add("www.deep.sub.example.", a("192.0.2.2"))
CHILD.add("alias.sub.example.", cname("www.example."))


def ask(qname: str, zone: Zone, qtype: str = "A") -> dns.message.Message:
    query = dns.message.make_query(qname, qtype, use_edns=0)
    message = dns.message.from_wire(reply(query.to_wire(), {zone.apex: zone}))
    assert query.is_response(message)
    return message


def test_a_name_below_a_cut_is_referred_with_glue() -> None:
    message = ask("wWw.deep.SUB.example.", PARENT)
    assert not message.flags & dns.flags.AA
    assert [str(rrset) for rrset in message.authority] == ["sub.example. 3600 IN NS ns1.sub.example."]
    assert [str(rrset) for rrset in message.additional] == ["ns1.sub.example. 3600 IN A 192.0.2.1"]


@pytest.mark.parametrize(
    ("qname", "rcode", "answer"),
    [
        pytest.param("www.deep.sub.example.", dns.rcode.NOERROR, ["A"], id="data"),
        pytest.param("alias.sub.example.", dns.rcode.NOERROR, ["CNAME"], id="alias"),
        pytest.param("deep.sub.example.", dns.rcode.NOERROR, [], id="empty non-terminal"),
        pytest.param("no.sub.example.", dns.rcode.NXDOMAIN, [], id="no such name"),
    ],
)
def test_the_zone_itself_answers_with_authority(qname: str, rcode: int, answer: list[str]) -> None:
    message = ask(qname, CHILD)
    assert message.flags & dns.flags.AA
    assert message.rcode() == rcode
    assert [dns.rdatatype.to_text(rrset.rdtype) for rrset in message.answer] == answer
    assert bool(message.authority) is not bool(answer)


def test_other_zones_are_refused() -> None:
    assert ask("www.test.", CHILD).rcode() == dns.rcode.REFUSED
