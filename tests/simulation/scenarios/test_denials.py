"""What a denial says of other types of its name (cache/README.md)."""

from typing import Final

from tests.simulation.denials import Kind
from tests.simulation.scenarios.kit import Net, given
from tests.simulation.scenarios.servers import Said, zone

WWW: Final = "www.dst.test"
RECORDS: Final = ("www 300 A 198.51.100.1", "www 300 TXT text")
SOA: Final = "dst.test. 60 SOA ns.dst.test. hostmaster.dst.test. 1 1800 900 604800 60"


@given({"D": zone("dst.test", *RECORDS)})
async def test_an_nxdomain_that_nobody_validated_hides_no_fresh_rrset_of_its_name(net: Net) -> None:
    """It was said to a question for another type, by a server that says it where it means NODATA."""
    net.say("D", f"{WWW} AAAA", Said(authority=(SOA,), rcode="NXDOMAIN"))
    await net.ask(WWW)
    assert (await net.ask(f"{WWW} AAAA")).rcode == "NXDOMAIN"
    net.asked()
    assert (await net.ask(WWW)).answer == ["www.dst.test 300 A 198.51.100.1"]
    assert (await net.ask(f"{WWW} AAAA")).rcode == "NXDOMAIN"
    # RFC 2308 §5: it is of the name, whatever type was asked for, and of this one nothing else is known
    assert (await net.ask(f"{WWW} TXT")).rcode == "NXDOMAIN"
    assert net.asked() == {}
    await net.at(70)  # the denial is over, and the address is not
    assert (await net.ask(f"{WWW} TXT")).answer == ['www.dst.test 300 TXT "text"']


@given({"D": zone("dst.test", *RECORDS, signs=Kind.NSEC)})
async def test_an_nxdomain_that_was_validated_ends_what_is_known_of_its_name(net: Net) -> None:
    """RFC 8020 §2."""
    await net.ask(WWW)
    net.withdraw("www.dst.test.", "A")
    net.withdraw("www.dst.test.", "TXT")
    assert (await net.ask(f"{WWW} AAAA")).rcode == "NXDOMAIN"
    net.asked()
    assert (await net.ask(WWW)).rcode == "NXDOMAIN"
    assert net.asked() == {}
