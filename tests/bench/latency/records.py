"""What an authoritative server says, as octets made once: a query becomes a reply with two dictionary look-ups and a join."""

import ipaddress
import struct
from collections.abc import Callable
from typing import Final

A, NS, CNAME, SOA, OPT, AAAA, DS = 1, 2, 5, 6, 41, 28, 43
ANY_RCODE_NXDOMAIN: Final = 3
REFUSED: Final = 5
QR_AA, QR = 0x8400, 0x8000
HEADER: Final = struct.Struct("!6H")
TTL: Final = 3600  # s: nothing expires within a run
DO: Final = 0x8000
OPT_1232, OPT_1232_DO = (b"\x00" + struct.pack("!HHIH", OPT, 1232, flags, 0) for flags in (0, DO))

Record = tuple[int, bytes]  # type, rdata
Said = tuple[int, list[bytes], list[bytes], list[bytes]]  # flags, and the RRs of the three sections
NOT_OURS: Final[Said] = (QR | REFUSED, [], [], [])
Sign = Callable[[bytes, Said], Said]  # what is said of this name, with what proves it


def wire(name: str) -> bytes:
    """`www.example.` as it stands in a message, uncompressed."""
    labels = [label.encode() for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\x00"


def a(address: str) -> Record:
    return A, ipaddress.ip_address(address).packed


def aaaa(address: str) -> Record:
    return AAAA, ipaddress.ip_address(address).packed


def ns(name: str) -> Record:
    return NS, wire(name)


def cname(name: str) -> Record:
    return CNAME, wire(name)


class Zone:
    """One zone: its records by owner and type, and the delegations below it, as rendered RRs.

    records: by owner and type; at a delegation its DS. cuts: name servers and glue. sign: for who sets DO; None: it is unsigned.
    """

    def __init__(self, apex: str) -> None:
        self.apex = wire(apex)
        self.sign: Sign | None = None
        rdata = wire("ns1.example.") + wire("host.example.") + struct.pack("!5I", 1, 3600, 600, 86400, TTL)
        self.soa = rendered(self.apex, (SOA, rdata))
        self.records: dict[bytes, dict[int, list[bytes]]] = {self.apex: {SOA: [self.soa]}}
        self.cuts: dict[bytes, tuple[list[bytes], list[bytes]]] = {}

    def add(self, owner: str, *records: Record) -> None:
        """Records of a name in the zone; the names between it and the apex exist, too."""
        name = wire(owner)
        for record in records:
            self.records.setdefault(name, {}).setdefault(record[0], []).append(rendered(name, record))
        while len(name) > len(self.apex):
            name = name[1 + name[0] :]
            self.records.setdefault(name, {})

    def cut(self, below: str, record: Record) -> None:
        """One of the name servers of a zone below this one."""
        self._cut(below)[0].append(rendered(wire(below), record))

    def glue(self, below: str, name: str, *records: Record) -> None:
        """Addresses that go with the referral to `below`."""
        self._cut(below)[1].extend(rendered(wire(name), record) for record in records)

    def answer(self, suffixes: list[bytes], qtype: int) -> Said:
        """suffixes: the name asked and all above it, the longest first."""
        for name in reversed(suffixes):
            if name in self.cuts and not (qtype == DS and name == suffixes[0]):
                name_servers, glue = self.cuts[name]
                return QR, [], name_servers, glue
        found = self.records.get(suffixes[0])
        if found is None:
            return QR_AA | ANY_RCODE_NXDOMAIN, [], [self.soa], []
        rrs = found.get(qtype) or found.get(CNAME)
        return (QR_AA, rrs, [], []) if rrs else (QR_AA, [], [self.soa], [])

    def _cut(self, below: str) -> tuple[list[bytes], list[bytes]]:
        return self.cuts.setdefault(wire(below), ([], []))


def reply(query: bytes, zones: dict[bytes, Zone]) -> bytes:
    """What a server of these zones says to a well-formed query."""
    end = 12
    while query[end]:
        end += 1 + query[end]
    end += 5
    qname, qtype = query[12 : end - 4].lower(), int.from_bytes(query[end - 4 : end - 2], "big")
    suffixes = suffixes_of(qname)
    above = next((number for number, name in enumerate(suffixes) if name in zones), None)
    zone = None if above is None else zones[suffixes[above]]
    said = NOT_OURS if zone is None else zone.answer(suffixes[: (above or 0) + 1], qtype)
    has_opt = query[10:12] != b"\x00\x00"
    opt = [OPT_1232] if has_opt else []
    if has_opt and zone is not None and zone.sign is not None and int.from_bytes(query[end + 7 : end + 9], "big") & DO:
        said, opt = zone.sign(qname, said), [OPT_1232_DO]
    flags, answer, authority, additional = said
    head = HEADER.pack(
        int.from_bytes(query[:2], "big"), flags, 1, len(answer), len(authority), len(additional) + has_opt
    )
    return b"".join((head, query[12:end], *answer, *authority, *additional, *opt))


def suffixes_of(name: bytes) -> list[bytes]:
    """The name and all above it, down to the root."""
    found = [name]
    while name[0]:
        name = name[1 + name[0] :]
        found.append(name)
    return found


def rendered(owner: bytes, record: Record) -> bytes:
    """The RR, uncompressed."""
    rtype, rdata = record
    return owner + struct.pack("!HHIH", rtype, 1, TTL, len(rdata)) + rdata
