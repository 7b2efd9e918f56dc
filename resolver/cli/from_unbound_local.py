"""What do Unbound's `local-data` and `local-zone` lines say in our words? Pure: lines in, verdicts out."""

import ipaddress
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, Literal, NamedTuple

from cache.names import WireName, ancestors, from_text, is_at_or_below, parent, to_text
from cache.rrtypes import SOA
from resolver.policy.local_records import BadRecord, fault_of_name, read_record
from resolver.policy.special_use import LOCALHOST, SpecialUse

OPTIONS: Final = frozenset({"local-data", "local-data-ptr", "local-zone"})
DENYING: Final = frozenset({"static", "always_nxdomain"})
OPEN: Final = frozenset({"transparent", "always_transparent", "nodefault"})

ASKED: Final = "the servers of this zone are asked, by its forward-zone or stub-zone"
NOT_UNDERSTOOD: Final = "its value was not understood"
ALWAYS_LOCALHOST: Final = "localhost and all below it are the loopback address, always"
SPECIAL: Final = "special-use names are answered as RFC 6761 says, but in zones of [[stub]] and [[forward]]"
WITHOUT: Final = {
    "redirect": "its name is answered from its local-data; there are no wildcards for the names below it",
    "typetransparent": "a name that has a record has no other types",
    **dict.fromkeys(("refuse", "always_refuse", "deny", "always_deny"), "names are denied (local.zones), not refused"),
}


class Verdict(NamedTuple):
    """What comes of a line. what: the option of `[local]` that takes `text`; else why it is not taken, in `text`."""

    what: Literal["records", "zones", "anyway", "left"]
    text: str


def translate(lines: Sequence[tuple[str, str]], elsewhere: AbstractSet[WireName] = frozenset()) -> list[Verdict]:
    """The verdict on each of all such lines of a config; a line is one of OPTIONS and its value.

    elsewhere: its forward and stub zones.
    """
    kinds = dict(filter(None, (_zone(value) for option, value in lines if option == "local-zone")))
    return [
        _of_zone(value, kinds, elsewhere) if option == "local-zone" else _of_data(option, value, kinds)
        for option, value in lines
    ]


def _of_zone(value: str, kinds: Mapping[WireName, str], elsewhere: AbstractSet[WireName]) -> Verdict:
    found = _zone(value)
    if found is None:
        return Verdict("left", NOT_UNDERSTOOD)
    name, kind = found
    fault = _fault(name)
    if fault is not None:
        return fault
    if kind in DENYING and name in elsewhere:
        return Verdict("left", ASKED)
    if kind in DENYING:
        return Verdict("zones", to_text(name))
    if kind not in OPEN:
        return Verdict("left", WITHOUT.get(kind, "zones of this type are not supported"))
    above = _closest(parent(name), kinds)
    if above is not None and kinds[above] in DENYING:
        return Verdict(
            "left", f"all of {to_text(above)} is denied but for its records, and zones of [[stub]] and [[forward]]"
        )
    if SpecialUse().find(name, SOA) is not None:
        return Verdict("left", SPECIAL)
    return Verdict("anyway", "names that have no records are resolved, always")


def _of_data(option: str, value: str, kinds: Mapping[WireName, str]) -> Verdict:
    try:
        text = _pointer(value) if option == "local-data-ptr" else value
        owner = read_record(text).owner
    except BadRecord as error:
        return Verdict("left", str(error))
    except ValueError:
        return Verdict("left", NOT_UNDERSTOOD)
    zone = _closest(owner, kinds)
    if zone is not None and kinds[zone].startswith("always_"):
        return Verdict("anyway", f"passed over by Unbound too: {to_text(zone)} is {kinds[zone]}")
    return _fault(owner) or Verdict("records", text)


def _fault(name: WireName) -> Verdict | None:
    """Why there is nothing of this name in `[local]`; None when there can be."""
    if is_at_or_below(name, LOCALHOST):
        return Verdict("anyway", ALWAYS_LOCALHOST)
    wrong = fault_of_name(name)
    return Verdict("left", wrong) if wrong else None


def _closest(name: WireName, kinds: Mapping[WireName, str]) -> WireName | None:
    """The zone that a name is in."""
    return next((one for one in ancestors(name) if one in kinds), None)


def _zone(value: str) -> tuple[WireName, str] | None:
    """The name and the type that a `local-zone` line has; None when it has not."""
    try:
        name, kind = value.replace('"', "").replace("'", "").split()
        return from_text(name), kind
    except ValueError:
        return None


def _pointer(value: str) -> str:
    """The PTR record that `ADDRESS [TTL] NAME` stands for. Raises ValueError."""
    address, *ttl, name = value.split()
    return " ".join((ipaddress.ip_address(address).reverse_pointer + ".", *ttl, "PTR", name))
