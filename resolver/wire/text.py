"""How do people write types, RCODEs and rdata? Presentation text is dnspython's trade; this is off every hot path."""

import dns.exception
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype


class BadRdata(ValueError):
    """Text that is no rdata of its type; the message says why."""


class UnknownType(ValueError):
    """Text that names no RR type; the message says which text."""


def rdata_to_text(rtype: int, rdata: bytes) -> str:
    """The presentation form of uncompressed rdata; the generic form of RFC 3597 §5 for rdata that cannot be read."""
    try:
        rdtype = dns.rdatatype.RdataType.make(rtype)
        text = dns.rdata.from_wire(dns.rdataclass.IN, rdtype, rdata, 0, len(rdata)).to_text()
    except (dns.exception.DNSException, ValueError):
        text = ""
    return text.rstrip() or f"\\# {len(rdata)} {rdata.hex()}".rstrip()


def rdata_from_text(rtype: int, text: str) -> bytes:
    """Uncompressed rdata of its presentation form, in which names are absolute. Raises BadRdata."""
    try:
        rdtype = dns.rdatatype.RdataType.make(rtype)
        rdata = dns.rdata.from_text(dns.rdataclass.IN, rdtype, text, origin=dns.name.root, relativize=False)
    except (dns.exception.DNSException, ValueError) as error:
        raise BadRdata(f"no data of type {type_to_text(rtype)}: {str(error).rstrip('.')}") from None
    return rdata.to_wire() or b""


def type_to_text(rtype: int) -> str:
    """`AAAA`, or `TYPE65280` for a type without a mnemonic."""
    return dns.rdatatype.to_text(dns.rdatatype.RdataType.make(rtype))


def type_from_text(text: str) -> int:
    """The number of `AAAA`, `aaaa` or `TYPE28`. Raises UnknownType."""
    try:
        return int(dns.rdatatype.from_text(text))
    except (dns.exception.DNSException, ValueError):
        raise UnknownType(f"{text!r} is no RR type") from None


def rcode_to_text(rcode: int) -> str:
    """`NXDOMAIN`, or `RCODE3841` for one (0..4095) without a name."""
    text = dns.rcode.to_text(dns.rcode.Rcode.make(rcode))
    return f"RCODE{text}" if text.isdigit() else text
