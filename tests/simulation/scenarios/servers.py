"""The servers of a scenario: a root, one for `test.`, and those named by letters, which can be made to say anything."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

import dns.flags
import dns.message
import dns.name
import dns.rcode
from dns.name import Name

from resolver.demo.authority import TCP_OCTETS, Transport
from resolver.demo.behaviour import Asking, Delivery, altered
from resolver.demo.internet import Internet
from resolver.demo.server import Server
from resolver.demo.zone import Zone, parse_record, parse_zone
from resolver.env import Rng
from tests.signing import SignedZone
from tests.simulation.denials import Kind
from tests.simulation.signing_authority import Signer, SigningAuthority

PORT: Final = 53
NETWORK: Final = "192.0.2."
ROOT_HOST, TEST_HOST, FIRST_HOST = 1, 2, 11  # in that network; the others follow the first
DELAY: Final = 0.010  # s until a server's reply leaves
TEST: Final = dns.name.from_text("test.")
LONG: Final = 86400  # s: TTL of what no scenario is about


class ZoneText(NamedTuple):
    """What a scenario says of a zone. name_servers: as its parent says; (): one for each server, with glue.

    signs: how it denies if it is signed; iterations: of NSEC3.
    """

    origin: str
    records: tuple[str, ...]
    minimum: int
    delegation_ttl: int
    name_servers: tuple[str, ...]
    signs: Kind | None
    iterations: int


def zone(
    origin: str,
    *records: str,
    minimum: int = 60,
    delegation_ttl: int = LONG,
    name_servers: tuple[str, ...] = (),
    signs: Kind | None = None,
    iterations: int = 0,
) -> ZoneText:
    """A zone below `test.`, with an SOA and NS of its own. records: `owner ttl type rdata`, owners relative to the origin.

    minimum: its negative TTL. delegation_ttl: of the NS records above it. name_servers: instead of its servers' own names.
    signs: it is signed, and so are the zones above it.
    """
    return ZoneText(origin, records, minimum, delegation_ttl, name_servers, signs, iterations)


class Said(NamedTuple):
    """A response that no zone gives: records in their order, one by one."""

    answer: tuple[str, ...] = ()
    authority: tuple[str, ...] = ()
    additional: tuple[str, ...] = ()
    rcode: str = "NOERROR"
    is_authoritative: bool = True
    is_truncated: bool = False

    def respond(self, query: bytes) -> bytes:
        """The octets that say this in answer to `query`."""
        response = dns.message.make_response(
            dns.message.from_wire(query), recursion_available=not self.is_authoritative
        )
        response.answer += list(map(parse_record, self.answer))
        response.authority += list(map(parse_record, self.authority))
        response.additional += list(map(parse_record, self.additional))
        response.set_rcode(dns.rcode.from_text(self.rcode))
        response.flags |= dns.flags.AA if self.is_authoritative else 0
        response.flags |= dns.flags.TC if self.is_truncated else 0
        return response.to_wire(max_size=TCP_OCTETS, want_shuffle=False)


# What a server makes of `name type`: a response, octets at their moments, or (None) what it would say anyway.
Mind = Callable[[str, Asking], Said | list[Delivery] | None]


class ScriptedServer(Server):
    """A server that says what is in its script, by question (`name type`), what its mind tells it, or what its zones hold."""

    def __init__(self, name: str, address: str, zones: tuple[Zone, ...], signers: Mapping[Name, Signer]) -> None:
        super().__init__(name, (address,), [zones], delay=DELAY)
        self.authority = SigningAuthority(zones, signers)
        if signers:
            self.authorities = (self.authority,)
        self.script: dict[str, Said] = {}
        self.mind: Mind = lambda question, asking: None

    def answer(self, query: bytes, transport: Transport, rng: Rng) -> list[Delivery]:
        usual = super().answer(query, transport, rng)  # which counts the query, too
        asked = dns.message.from_wire(query).question[0]
        question, asking = (
            f"{asked.name.canonicalize().to_text(omit_final_dot=True)} {asked.rdtype.name}",
            Asking(query, transport, rng),
        )
        said = self.script.get(question) or self.mind(question, asking)
        if said is None:
            return usual
        deliveries = [Delivery(self.delay, said.respond(query))] if isinstance(said, Said) else said
        return altered(deliveries, self.behaviours, asking)


class Built(NamedTuple):
    """An internet; anchors: the DS record of its root, "" if that is not signed."""

    internet: Internet
    anchors: str


def build(served: Mapping[str, ZoneText], more_of_test: Iterable[str] = (), above: Kind = Kind.NSEC) -> Built:
    """The internet in which each of these servers has its zone. more_of_test: further records of `test.`

    above: how the zones above deny if one of these is signed.
    """
    signers = _signers(served, above)
    addresses = {name: f"{NETWORK}{FIRST_HOST + place}" for place, name in enumerate(served)}
    ds = {origin: signer.keys.anchor for origin, signer in signers.items()}
    of_test = [ds[TEST]] if TEST in ds else []
    root_records = (f"test {LONG} NS ns.test.", f"ns.test. {LONG} A {NETWORK}{TEST_HOST}", f"@ {LONG} NS root.test.")
    root = _zone(".", *root_records, *of_test)
    delegations = [line for name, text in served.items() for line in _delegation(name, text, addresses[name])]
    delegations += [record for origin, record in ds.items() if origin not in (dns.name.root, TEST)]
    test = _zone("test.", f"@ {LONG} NS ns.test.", f"ns {LONG} A {NETWORK}{TEST_HOST}", *delegations, *more_of_test)
    servers = [
        ScriptedServer("root", f"{NETWORK}{ROOT_HOST}", (root,), signers),
        ScriptedServer("test", f"{NETWORK}{TEST_HOST}", (test,), signers),
    ]
    for name, text in served.items():
        own = [line for other, same in served.items() if same is text for line in _apex(other, addresses[other])]
        zone = _zone(f"{text.origin}.", *own, *text.records, minimum=text.minimum)
        servers.append(ScriptedServer(name, addresses[name], (zone,), signers))
    return Built(Internet(tuple(servers), ("root",), PORT), ds.get(dns.name.root, ""))


def _signers(served: Mapping[str, ZoneText], above: Kind) -> dict[Name, Signer]:
    """Who signs the signed zones among these, and the zones above them; nobody if there are none."""
    signed = {text.origin: text for text in served.values() if text.signs is not None}
    signers = {
        dns.name.from_text(origin): Signer(SignedZone(f"{origin}."), text.signs or above, text.iterations)
        for origin, text in signed.items()
    }
    if signers:
        signers |= {dns.name.root: Signer(SignedZone("."), above), TEST: Signer(SignedZone("test."), above)}
    return signers


def _delegation(name: str, text: ZoneText, address: str) -> Iterable[str]:
    if text.name_servers:
        return [f"{text.origin}. {text.delegation_ttl} NS {server}" for server in text.name_servers]
    host = f"ns-{name}.{text.origin}.".lower()
    return f"{text.origin}. {text.delegation_ttl} NS {host}", f"{host} {text.delegation_ttl} A {address}"


def _apex(name: str, address: str) -> Iterable[str]:
    host = f"ns-{name}".lower()
    return f"@ {LONG} NS {host}", f"{host} {LONG} A {address}"


def _zone(origin: str, *records: str, minimum: int = 60) -> Zone:
    soa = f"@ {LONG} SOA ns hostmaster 1 1800 900 604800 {minimum}"
    return parse_zone("\n".join((f"$ORIGIN {origin}", soa, *records)))
