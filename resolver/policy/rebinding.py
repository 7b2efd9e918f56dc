"""May a public name give this address? Not one of this platform's networks, nor one that the operator calls private.

A page of a stranger's whose name suddenly gives an address behind the firewall would have the browser talk to it (DNS rebinding).
Looked at are A and AAAA records, the hints of SVCB and HTTPS records, and what IPv6 addresses hold of IPv4 ones.
"""

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Final

from cache.answer import Answer
from cache.beside import TARGET_AT, with_additional
from cache.names import WireName, ancestors, from_text
from cache.rrset import RRset
from cache.rrtypes import AAAA, HTTPS, SVCB, A
from resolver.errors import LocalTarget
from resolver.policy.options import Rebind
from resolver.policy.views import MAPPED, SIX_PN

NAT64: Final = bytes.fromhex("0064ff9b") + bytes(
    8
)  # 64:ff9b::/96 (RFC 6052 §2.1): the last 32 bits are an IPv4 address
SIX_TO_FOUR: Final = b"\x20\x02"  # 2002::/16 (RFC 3056 §2): so are the next 32
HINTS: Final = {4: 4, 6: 16}  # SvcParamKeys of ipv4hint and ipv6hint (RFC 9460 §7.3), and the octets of an address
ADDRESSED: Final = frozenset({A, AAAA, SVCB, HTTPS})

Block = tuple[int, int, int]  # octets of its addresses, mask, the address that is left under it


class Guard:
    """Which addresses are private, and below which names that does not matter."""

    def __init__(self, rebind: Rebind = "refuse", prefixes: Sequence[str] = (), zones: Sequence[str] = ()) -> None:
        """rebind: of this platform's addresses, which `zones` has no say in. prefixes, zones: of `answer.private_…`."""
        self.rebind: Final[Rebind] = rebind
        self._blocks: tuple[Block, ...] = tuple(map(_block_of, prefixes))
        self._zones: frozenset[WireName] = frozenset(map(from_text, zones))

    def watched(self, answer: Answer) -> Answer:
        """`answer` unless what it ends in is private; raises LocalTarget. What is, beside the answer, is left out."""
        if self.rebind != "refuse" and not self._blocks:
            return answer
        for rrset in answer.answer:  # aliases have no address
            if reason := self._objection(rrset):
                raise LocalTarget(reason)
        if answer.additional and any(map(self._objection, answer.additional)):
            return with_additional(answer, tuple(one for one in answer.additional if not self._objection(one)))
        return answer

    def _objection(self, rrset: RRset) -> str:
        if rrset.rtype not in ADDRESSED:
            return ""
        is_exempt = any(one in self._zones for one in ancestors(rrset.owner)) if self._zones else False
        addresses = _addresses_of(rrset)
        for address in addresses:
            if self.rebind == "refuse" and address.startswith(SIX_PN) and len(address) == 16:
                return "a public name with an address of this platform"
            if not is_exempt and self._blocks and any(map(self._is_private, _meant_by(address))):
                return "a public name with a private address"
        return ""

    def _is_private(self, address: bytes) -> bool:
        value, octets = int.from_bytes(address), len(address)
        return any(octets == of and value & mask == block for of, mask, block in self._blocks)


def _block_of(prefix: str) -> Block:
    network = ipaddress.ip_network(prefix)
    return network.max_prefixlen // 8, int(network.netmask), int(network.network_address)


def _meant_by(address: bytes) -> Iterator[bytes]:
    """The address, and the IPv4 address that it leads to."""
    yield address
    if address.startswith((MAPPED, NAT64)):
        yield address[12:]
    elif address.startswith(SIX_TO_FOUR) and len(address) == 16:
        yield address[2:6]


def _addresses_of(rrset: RRset) -> tuple[bytes, ...]:
    if rrset.rtype == A or rrset.rtype == AAAA:  # compiled, `in` compares objects
        return rrset.rdatas
    return tuple([hint for rdata in rrset.rdatas for hint in _hints_of(rdata, TARGET_AT[rrset.rtype])])


def _hints_of(rdata: bytes, at: int) -> Iterator[bytes]:
    """The addresses among the SvcParams (RFC 9460 §2.2) behind the target's name, which begins at `at`."""
    while at < len(rdata) and rdata[at]:
        at += 1 + rdata[at]
    at += 1
    while at + 4 <= len(rdata):
        key, end = int.from_bytes(rdata[at : at + 2]), at + 4 + int.from_bytes(rdata[at + 2 : at + 4])
        octets = HINTS.get(key)
        if octets is not None:
            for start in range(at + 4, min(end, len(rdata)) - octets + 1, octets):
                yield rdata[start : start + octets]
        at = end
