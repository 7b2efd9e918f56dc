"""Text of the `[local]` table to RRsets, and what is wrong in it, which `cistern check` tells."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Final

from cache.names import WireName, from_text, is_at_or_below
from cache.rrset import RRset
from cache.rrtypes import ANY, CNAME, DNAME, DNSKEY, DS, NS, NSEC, NSEC3, NSEC3PARAM, OPT, RRSIG, SOA
from resolver.policy.local import Local
from resolver.policy.options import LocalOptions
from resolver.policy.sources import META_TYPES, TRANSFERS
from resolver.policy.special_use import LOCALHOST, local_rrset, ours
from resolver.wire.text import rdata_from_text, type_from_text, type_to_text

DEFAULT_TTL: Final = 3600  # s, of a record that has none: Unbound's
MAX_TTL: Final = 2**31 - 1  # RFC 2181 §8
RECORD_OCTETS: Final = 12  # of a record in a reply beside its rdata, its name compressed
MAX_RRSET_OCTETS: Final = 65000  # in a reply, which has 65535 over TCP
MAX_SHOWN: Final = 60  # characters of a wrong record that are repeated in the error
OTHER_CLASSES: Final = frozenset({"CH", "HS", "CHAOS", "HESIOD", "ANY", "NONE"})

WILDCARD: Final = b"\1*"
UNSIGNED: Final = "local data is not signed"
NO_RECORDS: Final = {
    CNAME: "aliases are not followed from here: write the records of its target",
    DNAME: "aliases are not followed from here: write the records of their targets",
    SOA: "a zone of local.zones has one by itself",
    NS: "a zone's servers are named in [[stub]]",
    **dict.fromkeys((DS, RRSIG, NSEC, DNSKEY, NSEC3, NSEC3PARAM), UNSIGNED),
    **dict.fromkeys((*META_TYPES, *TRANSFERS, ANY, OPT), "it is no type of data"),
}


class BadRecord(ValueError):
    """Text that is no record for local data; the message says what was expected."""


def read_record(text: str) -> RRset:
    """The record `NAME [TTL] [IN] TYPE RDATA`, names taken as absolute. Raises BadRecord."""
    if len(text.splitlines()) > 1:
        raise BadRecord("expected one record on one line")
    name, rest = _first(text)
    ttl = DEFAULT_TTL
    word, rest = _first(rest)
    while word.isdecimal() or word.upper() == "IN":
        if word.isdecimal():
            ttl = int(word) if len(word) <= len(str(MAX_TTL)) else MAX_TTL + 1
        word, rest = _first(rest)
    if not word or word.upper() in OTHER_CLASSES:
        raise BadRecord("expected a record of class IN, such as printer.corp. 300 A 192.0.2.7")
    if ttl > MAX_TTL:
        raise BadRecord(f"expected a TTL of at most {MAX_TTL} s")
    try:
        owner, rtype = from_text(name), type_from_text(word)
        refusal = NO_RECORDS.get(rtype, "")
        if refusal:
            raise BadRecord(f"expected no {type_to_text(rtype)}: {refusal}")
        rdata = rdata_from_text(rtype, rest)
    except BadRecord:
        raise
    except ValueError as error:
        raise BadRecord(f"expected a record such as printer.corp. 300 A 192.0.2.7: {error}") from None
    return local_rrset(owner, rtype, (rdata,), ttl)


def read_local(options: LocalOptions, elsewhere: AbstractSet[WireName]) -> Local:
    """The local data of sound options. elsewhere: forward and stub zones. Raises BadRecord."""
    return Local(_rrsets(map(read_record, options.records)), map(from_text, options.zones), elsewhere)


def faults_of_local(options: LocalOptions, elsewhere: AbstractSet[WireName]) -> Iterator[tuple[str, int, str]]:
    """What is wrong in a table whose values are sound: the option, the index in it, and what was expected."""
    for index, text in enumerate(options.zones):
        zone = from_text(text)
        wrong = fault_of_name(zone, elsewhere)
        if not wrong and zone in elsewhere:
            wrong = f"expected each zone once: {text} already stands in [[forward]] or [[stub]]"
        if wrong:
            yield "zones", index, wrong
    octets: dict[tuple[WireName, int], int] = {}
    for index, text in enumerate(options.records):
        try:
            record = read_record(text)
        except BadRecord as error:
            yield "records", index, f"{error}: {text[:MAX_SHOWN]!r}"
            continue
        key = record.owner, record.rtype
        octets[key] = octets.get(key, 0) + len(record.rdatas[0]) + RECORD_OCTETS
        wrong = fault_of_name(record.owner, elsewhere)
        if not wrong and octets[key] > MAX_RRSET_OCTETS:
            wrong = f"expected at most {MAX_RRSET_OCTETS} octets of one name and type: no reply could hold them"
        if wrong:
            yield "records", index, f"{wrong}: {text[:MAX_SHOWN]!r}"


def fault_of_name(name: WireName, elsewhere: AbstractSet[WireName] = frozenset()) -> str:
    """Why there can be no local data of this name; "" when there can. elsewhere: forward and stub zones."""
    if ours(elsewhere)(name):
        return "expected a name beside this platform's own, which are answered from state.database"
    if is_at_or_below(name, LOCALHOST):
        return "expected another name: localhost is the loopback address everywhere (RFC 6761 §6.3)"
    if name.startswith(WILDCARD):
        return "expected a name that is asked for: there are no wildcards"
    return ""


def _rrsets(records: Iterable[RRset]) -> Iterator[RRset]:
    """Records of one name and type put together, each once, with the shortest of their TTLs (RFC 2181 §5)."""
    found: dict[tuple[WireName, int], list[RRset]] = {}
    for record in records:
        found.setdefault((record.owner, record.rtype), []).append(record)
    for (owner, rtype), ones in found.items():
        rdatas = tuple(dict.fromkeys(one.rdatas[0] for one in ones))
        yield local_rrset(owner, rtype, rdatas, min(one.ttl for one in ones))


def _first(text: str) -> tuple[str, str]:
    """The first word, and what follows it."""
    word, *rest = text.split(maxsplit=1) or [""]
    return word, rest[0] if rest else ""
