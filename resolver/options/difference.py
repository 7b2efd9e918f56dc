"""What differs between two configs, option by option."""

import hashlib
from collections.abc import Iterator

import msgspec

from resolver.options.places import Key, key_text
from resolver.options.schema import Options

# Cannot change while the daemon runs: what hangs on them was begun with the process, or is in the cache already.
FIXED: Key = ("control.socket", "cache.snapshot", "dnssec.validate", "recursion.avoid_ports")
HASH_OCTETS = 6  # a float, which all metrics are, holds 53 bits exactly


class Difference(msgspec.Struct, frozen=True):
    """An option with another value. running, wanted: the two values, as JSON has them."""

    key: str
    running: msgspec.Raw
    wanted: msgspec.Raw

    @property
    def needs_restart(self) -> bool:
        return self.key in FIXED


def differences(running: msgspec.Struct, wanted: msgspec.Struct, above: Key = ()) -> Iterator[Difference]:
    """The options whose values differ; a table of the operator's own keys, or an array of tables, is one option."""
    for name in running.__struct_fields__:
        before, after = getattr(running, name), getattr(wanted, name)
        if isinstance(before, msgspec.Struct):
            yield from differences(before, after, (*above, name))
        elif before != after:
            yield Difference(key_text((*above, name)), _json(before), _json(after))


def with_fixed(wanted: Options, running: Options) -> Options:
    """`wanted`, but for the options that cannot change while the daemon runs: those stay as they are."""
    change = msgspec.structs.replace
    return change(
        wanted,
        control=change(wanted.control, socket=running.control.socket),
        cache=change(wanted.cache, snapshot=running.cache.snapshot),
        recursion=change(wanted.recursion, avoid_ports=running.recursion.avoid_ports),
        dnssec=change(wanted.dnssec, validate=running.dnssec.validate),
    )


def digest(options: Options) -> int:
    """A number that two configs share if they say the same, and hardly ever otherwise."""
    octets = hashlib.sha256(msgspec.json.encode(options, order="deterministic")).digest()
    return int.from_bytes(octets[:HASH_OCTETS], "big")


def _json(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
