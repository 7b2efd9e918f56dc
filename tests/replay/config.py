"""The CONFIG block of a scenario -> the daemon's options and its root hints. Pure."""

from typing import Final

import msgspec

from cache.names import ROOT
from cache.options import CacheOptions
from internal_zones.options import StateOptions
from resolver.dnssec import DnssecOptions
from resolver.env import Address
from resolver.iterate.delegation import NO_LEASE, Delegation, Origin
from resolver.iterate.options import ForwardZone, RecursionOptions, StubZone
from resolver.options import Options
from resolver.service.options import ControlOptions, ListenOptions, MetricsOptions
from tests.replay.format import BadScenario, Setting

PORT: Final = 53
DAEMON: Final = Address("192.0.2.53", PORT)
CLIENT: Final = "203.0.113.1"
ZONES: Final = ("forward-zone", "stub-zone")
# What only keeps the original's own traffic down, or is said for its validator, and changes nothing for a client here.
MEANINGLESS: Final = frozenset({"target-fetch-policy", "name", "server", "harden-glue", "do-not-query-localhost"})
CACHE: Final = {
    "cache-max-ttl": "max_ttl",
    "cache-min-ttl": "min_ttl",
    "cache-max-negative-ttl": "max_negative_ttl",
    "max_ttl": "max_ttl",
    "min_ttl": "min_ttl",
}


def options_of(settings: list[Setting]) -> tuple[Options, Delegation]:
    """What the daemon is told, and where it begins; raises BadScenario for a setting that is not known here."""
    reader = _Reader()
    for setting in settings:
        reader.take(setting)
    return reader.options(), reader.hints()


class _Reader:
    def __init__(self) -> None:
        self._roots: list[Address] = []
        self._zones: dict[int, tuple[str, str, list[str]]] = {}
        self._recursion = RecursionOptions(port=PORT, do_not_query=(), qname_minimisation="off")
        self._rest = Options(
            listen=ListenOptions(addresses=(str(DAEMON),)),
            networks={f"{CLIENT}/32": 1},
            state=StateOptions(database=""),
            cache=CacheOptions(snapshot=""),
            dnssec=DnssecOptions(validate=False),
            control=ControlOptions(socket="control.sock"),
            metrics=MetricsOptions(listen=""),
        )

    def take(self, setting: Setting) -> None:
        key, value = setting.key, setting.value
        if key in ZONES and not value:
            self._zones[setting.line] = (key, ".", [])
        elif setting.clause in self._zones and key == "name":
            kind, _, hosts = self._zones[setting.clause]
            self._zones[setting.clause] = (kind, value, hosts)
        elif setting.clause in self._zones and key in ("stub-addr", "forward-addr"):
            self._zones[setting.clause][2].append(value)
        elif key == "stub-addr":
            self._roots.append(Address(value, PORT))
        elif key in ("query-minimization", "qname-minimisation"):
            self._recursion = msgspec.structs.replace(
                self._recursion, qname_minimisation="relaxed" if _is_yes(value) else "off"
            )
        elif key in ("do-ip4", "do-ip6"):
            family = {"do-ip4": "ipv4", "do-ip6": "ipv6"}[key]
            self._recursion = msgspec.structs.replace(self._recursion, **{family: _is_yes(value)})
        elif key == "features":
            for feature in value.split(";"):
                name, _, bound = feature.partition("=")
                self._bound(name.strip(), bound.strip(), setting)
        elif key == "serve-expired":
            stale = msgspec.structs.replace(self._rest.stale, enabled=_is_yes(value))
            self._rest = msgspec.structs.replace(self._rest, stale=stale)
        elif key == "deny-any":
            answer = msgspec.structs.replace(self._rest.answer, any="minimal" if _is_yes(value) else "full")
            self._rest = msgspec.structs.replace(self._rest, answer=answer)
        elif key not in MEANINGLESS:
            self._bound(key, value, setting)

    def options(self) -> Options:
        zones = [(kind, zone, tuple(str(Address(host, PORT)) for host in hosts)) for kind, zone, hosts in self._given()]
        return msgspec.structs.replace(
            self._rest,
            recursion=self._recursion,
            forward=tuple(ForwardZone(zone, hosts) for kind, zone, hosts in zones if kind == "forward-zone"),
            stub=tuple(StubZone(zone, hosts) for kind, zone, hosts in zones if kind == "stub-zone"),
        )

    def hints(self) -> Delegation:
        stubs = [hosts for kind, zone, hosts in self._zones.values() if (kind, zone) == ("stub-zone", ".")]
        roots = [Address(host, PORT) for hosts in stubs for host in hosts]
        return Delegation(zone=ROOT, origin=Origin.HINTS, servers=(*self._roots, *roots), lease=NO_LEASE)

    def _given(self) -> list[tuple[str, str, list[str]]]:
        """The zones but for a stub zone for the root, which stands for its hints."""
        return [given for given in self._zones.values() if given[:2] != ("stub-zone", ".")]

    def _bound(self, key: str, value: str, setting: Setting) -> None:
        if key not in CACHE or not value.isdigit():
            raise BadScenario(setting.line, f"{setting.key}: {setting.value} is not known here")
        cache = msgspec.structs.replace(self._rest.cache, **{CACHE[key]: int(value)})
        self._rest = msgspec.structs.replace(self._rest, cache=cache)


def _is_yes(value: str) -> bool:
    return value.strip("'").lower() in ("yes", "on", "true")
