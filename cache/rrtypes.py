"""The RR types, classes and RCODEs that Cistern's own code must tell apart, by number.

Everything else is opaque; text of any type comes from dnspython at the edges. Reasons that are made here name these by their
mnemonics, and others as RFC 3597 does.
"""

from typing import Final

A: Final = 1
NS: Final = 2
CNAME: Final = 5
SOA: Final = 6
PTR: Final = 12
HINFO: Final = 13
MX: Final = 15
TXT: Final = 16
AAAA: Final = 28
SRV: Final = 33
DNAME: Final = 39
OPT: Final = 41
DS: Final = 43
RRSIG: Final = 46
NSEC: Final = 47
DNSKEY: Final = 48
NSEC3: Final = 50
NSEC3PARAM: Final = 51
SVCB: Final = 64
HTTPS: Final = 65
IXFR: Final = 251
AXFR: Final = 252
ANY: Final = 255

IN: Final = 1
CHAOS: Final = 3

NOERROR: Final = 0
FORMERR: Final = 1
SERVFAIL: Final = 2
NXDOMAIN: Final = 3
NOTIMP: Final = 4
REFUSED: Final = 5
YXDOMAIN: Final = 6
BADVERS: Final = 16  # extended: its upper bits travel in the OPT RR (RFC 6891 §6.1.3)
BADCOOKIE: Final = 23  # extended (RFC 7873 §8)

MNEMONICS: Final = {
    A: "A",
    NS: "NS",
    CNAME: "CNAME",
    SOA: "SOA",
    PTR: "PTR",
    HINFO: "HINFO",
    MX: "MX",
    TXT: "TXT",
    AAAA: "AAAA",
    SRV: "SRV",
    DNAME: "DNAME",
    OPT: "OPT",
    DS: "DS",
    RRSIG: "RRSIG",
    NSEC: "NSEC",
    DNSKEY: "DNSKEY",
    NSEC3: "NSEC3",
    NSEC3PARAM: "NSEC3PARAM",
    SVCB: "SVCB",
    HTTPS: "HTTPS",
    IXFR: "IXFR",
    AXFR: "AXFR",
    ANY: "ANY",
}


def mnemonic(rtype: int) -> str:
    """`AAAA`, or `TYPE65280` for a type that is not told apart here."""
    return MNEMONICS.get(rtype, f"TYPE{rtype}")
