"""An unbound.conf, turned into a config of ours and a list of what has no counterpart. Pure but for included files."""

import ipaddress
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from cache.names import from_text
from resolver.cli.from_unbound_local import NOT_UNDERSTOOD, translate
from resolver.cli.from_unbound_local import OPTIONS as OF_LOCAL
from resolver.env import port_range
from resolver.iterate.options import DO_NOT_QUERY
from resolver.options.places import key_text

MAX_FILES: Final = 100  # included; a file that includes itself ends here
MAX_IN_A_LINE: Final = 4  # items of an array
STATEMENT: Final = re.compile(r'\s*([a-z0-9-]+):\s*(?:"([^"]*)"|\'([^\']*)\'|([^#\s]*(?:[ \t]+[^#\s]+)*))\s*(?:#.*)?$')
SIZE: Final = re.compile(r"(\d+)\s*([kmgKMG]?)[bB]?$")
NO_RATE: Final = "there is no rate: who asks for more than there is time for waits for its turn"
IDENTITY: Final = {"identity": "id", "version": "version"}  # Unbound's word: ours
SWITCHES: Final = {  # yes or no, here as there
    "do-ip4": ("recursion", "ipv4"),
    "do-ip6": ("recursion", "ipv6"),
    "minimal-responses": ("answer", "minimal"),
    "prefetch": ("cache", "prefetch"),
    "serve-expired": ("stale", "enabled"),
}
FACTORS: Final = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}

# Options that need nothing of ours: what they ask for is so anyway, or is of Unbound's own making.
SO_ANYWAY: Final = {
    "do-udp": "always",
    "do-tcp": "always",
    "hide-identity": "only what identity.id says is told, by default no name",
    "hide-version": "only what identity.version says is told, by default the program's name alone",
    "hide-trustanchor": "never told in class CHAOS",
    "qname-minimisation": "relaxed, by default",
    "do-not-query-localhost": "whoever [[forward]] and [[stub]] name is asked, here too",
    "harden-glue": "always",
    "harden-dnssec-stripped": "always, with dnssec.validate",
    "harden-below-nxdomain": "always (RFC 8020)",
    "harden-referral-path": "never needed: what referrals say is only whom to ask",
    "harden-large-queries": "always",
    "harden-short-bufsize": "always",
    "aggressive-nsec": "always, with dnssec.validate (RFC 8198)",
    "use-caps-for-id": "recursion.case_randomization, on by default",
    "prefetch-key": "always",
    "deny-any": "answer.any, by default one HINFO record (RFC 8482)",
    "qname-minimisation-strict": "recursion.qname_minimisation",
    "num-threads": "one event loop, and threads for files",
    "so-reuseport": "one process reads, in batches",
    "so-rcvbuf": "4 MB, always asked for",
    "so-sndbuf": "not needed",
    "edns-buffer-size": "1232, always",
    "msg-buffer-size": "not needed",
    "outgoing-range": "see limits.in_flight",
    "outgoing-num-tcp": "bounded by itself",
    "msg-cache-slabs": "of Unbound's threads",
    "rrset-cache-slabs": "of Unbound's threads",
    "infra-cache-slabs": "of Unbound's threads",
    "key-cache-slabs": "of Unbound's threads",
    "infra-cache-numhosts": "bounded by itself",
    "key-cache-size": "4 MiB, beside cache.max_octets",
    "neg-cache-size": "16 MiB, beside cache.max_octets",
    "msg-cache-size": "replies are made from RRsets, and kept for a second at most, in 6 MiB",
    "username": "see the systemd unit",
    "directory": "paths are taken from the config's folder",
    "chroot": "see the systemd unit",
    "pidfile": "see systemctl, or --replace",
    "use-syslog": "the log goes to the standard error stream, and so to the journal",
    "logfile": "the log goes to the standard error stream, and so to the journal",
    "log-time-ascii": "always",
    "statistics-interval": "see /metrics",
    "extended-statistics": "see /metrics",
    "control-enable": "always, at control.socket",
    "control-interface": "see control.socket",
    "rrset-roundrobin": "answer.order, by default another record first each time",
    "edns-tcp-keepalive": "always (RFC 7828)",
    "edns-tcp-keepalive-timeout": "limits.tcp_idle",
    "log-servfail": "always, one a second at most",
    "unwanted-reply-threshold": "a guessed port is answered by asking over TCP",
    "target-fetch-policy": "by itself",
    "root-key-sentinel": "always (RFC 8509)",
    "auto-trust-anchor-file": "kept by RFC 5011 in dnssec.trust_file; begun with the root's keys, which are built in",
    "trust-anchor-signaling": "always (RFC 8145)",
    "val-clean-additional": "always",
    "ede": "always",
    "ede-serve-expired": "always",
    "tcp-upstream": "UDP first, always",
    "interface-automatic": "replies always leave from the address that was asked",
    "ip-freebind": "see cistern.socket",
}
# What an operator has to know before Unbound goes.
WITHOUT: Final = {
    "auth-zone": "name the zone's servers in [[stub]]",
    "rpz": "response policy zones are not supported",
    "view": "what a client sees is decided by its network",
    "dnscrypt": "not supported",
    "python": "not supported",
    "dynlib": "not supported",
    "tls-service-key": "DNS over TLS is not served",
    "tls-service-pem": "DNS over TLS is not served",
    "tls-upstream": "servers are asked over plain DNS",
    "forward-tls-upstream": "servers are asked over plain DNS: this would be sent in the clear, so the zone is left out",
    "https-port": "DNS over HTTPS is not served",
    "ratelimit": NO_RATE,
    "ip-ratelimit": NO_RATE,
    "dns64-prefix": "not supported",
    "outgoing-interface": "the kernel's choice",
    "outgoing-port-permit": "all above 1023, but those in recursion.avoid_ports",
    "dnstap": "see [dnstap]: socket, file, messages",
    "log-queries": "`cistern log queries` for a while, or [dnstap]",
    "val-sig-skew-min": "see dnssec.signature_skew",
    "val-sig-skew-max": "see dnssec.signature_skew",
    "insecure-lan-zones": "name the zones in dnssec.negative_trust_anchors",
    "identity": "see identity.id: the host's own name is not told by itself",
    "version": "see identity.version",
    "nsid": "see identity.id",
}


class Left(NamedTuple):
    """An option that was not taken over. line: of its file."""

    file: str
    line: int
    option: str
    value: str
    why: str


class Statement(NamedTuple):
    """One line of an unbound.conf: an option, or (value "") the head of a clause."""

    file: str
    line: int
    option: str
    value: str


@dataclass(slots=True)
class Taken:
    """What came of it. tables: of our config, by key; left: what has no counterpart; anyway: what needs none."""

    tables: dict[str, dict[str, object]] = field(default_factory=dict)
    zones: list[tuple[str, dict[str, object]]] = field(default_factory=list)  # ("forward" or "stub", its options)
    left: list[Left] = field(default_factory=list)
    anyway: list[Left] = field(default_factory=list)

    def put(self, table: str, key: str, value: object) -> None:
        self.tables.setdefault(table, {})[key] = value

    def add(self, table: str, key: str, value: object) -> None:
        """One more of an array."""
        values = self.tables.setdefault(table, {}).setdefault(key, [])
        assert isinstance(values, list)
        if value not in values:
            values.append(value)


CLAUSES: Final = frozenset(
    {
        "server",
        "forward-zone",
        "stub-zone",
        "auth-zone",
        "remote-control",
        "view",
        "python",
        "dynlib",
        "dnscrypt",
        "dnstap",
        "rpz",
    }
)


def read(path: Path) -> Taken:
    """What the unbound.conf at `path` says, in our words. Raises OSError and UnicodeDecodeError."""
    taken = Taken()
    clause = "server"
    zone: list[Statement] = []
    port = 53
    interfaces: list[str] = []
    local: list[Statement] = []
    for statement in _statements(path, [MAX_FILES]):
        if statement.option in CLAUSES and not statement.value:
            _take_zone(clause, zone, taken)
            clause, zone = statement.option, []
            if clause in WITHOUT:
                taken.left.append(_left(statement, WITHOUT[clause]))
        elif clause in ("forward-zone", "stub-zone"):
            zone.append(statement)
        elif clause == "server" and statement.option == "port" and statement.value.isdecimal():
            port = int(statement.value)
        elif clause == "server" and statement.option in ("interface", "ip-address"):
            interfaces.append(statement.value)
        elif clause == "server" and statement.option in OF_LOCAL:
            local.append(statement)
        elif clause in ("server", "remote-control"):
            try:
                _take(statement, taken)
            except ValueError:
                taken.left.append(_left(statement, NOT_UNDERSTOOD))
    _take_zone(clause, zone, taken)
    _take_local(local, taken)
    for interface in interfaces or ["127.0.0.1", "::1"]:
        host, _, own_port = interface.partition("@")
        taken.add("listen", "addresses", _address(host, own_port or str(port)))
    return taken


def as_toml(taken: Taken, source: str) -> str:
    """The config, with what is left to the operator as comments at its end."""
    lines = [
        f"# From {source}, by `cistern config from-unbound`. What is not said here is as `cistern config` prints it."
    ]
    for name, settings in taken.tables.items():
        lines += ["", f"[{name}]", *(f"{key_text((key,))} = {_toml(value)}" for key, value in settings.items())]
    for kind, settings in taken.zones:
        lines += ["", f"[[{kind}]]", *(f"{key} = {_toml(value)}" for key, value in settings.items())]
    if taken.left:
        lines += ["", "# Has no counterpart:"]
        lines += [f"#   {Path(one.file).name}:{one.line}: {one.option}: {one.value}: {one.why}" for one in taken.left]
    return "\n".join(lines) + "\n"


def _take(statement: Statement, taken: Taken) -> None:
    option, value = statement.option, statement.value
    is_on = value.lower() in ("yes", "on", "1")
    match option:
        case "access-control":
            _take_access(statement, taken)
        case "rrset-cache-size":
            taken.put("cache", "max_octets", max(1 << 20, _size(value)))
        case "cache-max-ttl" | "cache-min-ttl" | "cache-max-negative-ttl" | "cache-min-negative-ttl":
            taken.put("cache", option.removeprefix("cache-").replace("-", "_"), int(value))
        case _ if option in SWITCHES:
            taken.put(*SWITCHES[option], is_on)
        case "serve-expired-ttl" if int(value):
            taken.put("stale", "max_stale", min(int(value), 604800))
        case "serve-expired-reply-ttl":
            taken.put("stale", "answer_ttl", max(1, min(int(value), 3600)))
        case "serve-expired-client-timeout":
            taken.put("stale", "client_timeout", min(int(value) / 1000, 10.0))
        case "max-udp-size":
            taken.put("answer", "udp_octets", max(512, min(int(value), 4096)))
        case "deny-any" if not is_on:
            taken.put("answer", "any", "full")
        case "rrset-roundrobin" if not is_on:
            taken.put("answer", "order", "keep")
        case "do-not-query-address":
            for prefix in (*DO_NOT_QUERY, _prefix(value)):  # ours are not lost because Unbound had one more
                taken.add("recursion", "do_not_query", prefix)
        case "private-address":
            taken.add("answer", "private_prefixes", _prefix(value))
        case "private-domain":
            taken.add("answer", "private_zones", value)
        case "outgoing-port-avoid":
            port_range(value)
            taken.add("recursion", "avoid_ports", value)
        case "hide-identity" | "hide-version" if is_on:
            taken.put("identity", IDENTITY[option.removeprefix("hide-")], "")
        case "identity" | "version" if value:
            taken.tables.setdefault("identity", {}).setdefault(IDENTITY[option], value)
        case "qname-minimisation" if not is_on:
            taken.put("recursion", "qname_minimisation", "off")
        case "qname-minimisation-strict" if is_on:
            taken.put("recursion", "qname_minimisation", "strict")
        case "root-hints":
            taken.put("recursion", "root_hints", value)
        case "trust-anchor-file":
            taken.put("dnssec", "trust_anchors", value)
        case "module-config":
            taken.put("dnssec", "validate", "validator" in value)
        case "domain-insecure":
            taken.add("dnssec", "negative_trust_anchors", value)
        case "num-queries-per-thread":
            taken.put("limits", "in_flight", max(512, int(value)))
        case "incoming-num-tcp":
            taken.put("limits", "tcp_connections", max(32, int(value)))
        case "tcp-idle-timeout":
            taken.put("limits", "tcp_idle", max(0.1, min(int(value) / 1000, 600.0)))
        case "verbosity":
            taken.put("log", "level", "debug" if int(value) >= 2 else "info")
        case _ if option in SO_ANYWAY:
            taken.anyway.append(_left(statement, SO_ANYWAY[option]))
        case _:
            taken.left.append(_left(statement, WITHOUT.get(option, "nothing here does this")))


def _take_access(statement: Statement, taken: Taken) -> None:
    prefix, _, action = statement.value.partition(" ")
    network = ipaddress.ip_network(prefix, strict=False)
    if action.strip().startswith("allow"):
        taken.put("networks", str(network), 0)
    elif not network.prefixlen:
        taken.anyway.append(_left(statement, "who is in no network is refused, always"))
    else:
        taken.left.append(
            _left(statement, "who is in no network is refused; a prefix inside an allowed one cannot be taken out")
        )


def _take_local(statements: Sequence[Statement], taken: Taken) -> None:
    elsewhere = {from_text(str(settings["zone"])) for _, settings in taken.zones}
    verdicts = translate([(statement.option, statement.value) for statement in statements], elsewhere)
    for statement, (what, text) in zip(statements, verdicts, strict=True):
        match what:
            case "records" | "zones":
                taken.add("local", what, text)
            case "anyway":
                taken.anyway.append(_left(statement, text))
            case "left":
                taken.left.append(_left(statement, text))


def _take_zone(clause: str, statements: Iterable[Statement], taken: Taken) -> None:
    if clause not in ("forward-zone", "stub-zone"):
        return
    kind = clause.removesuffix("-zone")
    found: dict[str, object] = {"servers": []}
    servers: list[str] = []
    for statement in statements:
        match statement.option:
            case "name":
                found["zone"] = statement.value
            case "forward-addr" | "stub-addr":
                host, _, rest = statement.value.partition("@")
                servers.append(_address(host, rest.partition("#")[0] or "53"))
            case "forward-first" | "stub-first" if statement.value == "yes" and kind == "forward":
                found["fallback"] = True
            case "forward-tls-upstream" | "forward-ssl-upstream" if statement.value == "yes":
                taken.left.append(_left(statement, WITHOUT["forward-tls-upstream"]))
                return
            case "forward-host" | "stub-host":
                taken.left.append(_left(statement, "servers are named by their addresses"))
            case _:
                taken.left.append(_left(statement, "nothing here does this"))
    if servers and "zone" in found:
        taken.zones.append((kind, {"zone": found["zone"], "servers": servers, **_without(found, "zone", "servers")}))


def _without(values: dict[str, object], *keys: str) -> dict[str, object]:
    return {key: value for key, value in values.items() if key not in keys}


def _statements(path: Path, files_left: list[int]) -> Iterator[Statement]:
    """Every statement of the file and of those that it includes, in their order."""
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        for option, value in _in_line(line):
            if option not in ("include", "include-toplevel"):
                yield Statement(str(path), number, option, value)
                continue
            for included in sorted(path.parent.glob(value)) if not value.startswith("/") else _absolute(value):
                files_left[0] -= 1
                if files_left[0] >= 0:
                    yield from _statements(included, files_left)


def _absolute(pattern: str) -> list[Path]:
    return sorted(Path("/").glob(pattern.lstrip("/")))


def _in_line(line: str) -> Iterator[tuple[str, str]]:
    """The statements of a line: one, or the head of a clause and the first one in it."""
    text = line.strip()
    head = re.match(r"([a-z0-9-]+):\s*(?=[a-z0-9-]+:\s)", text)
    if head and head[1] in CLAUSES:
        yield head[1], ""
        text = text[head.end() :]
    found = STATEMENT.match(text)
    if found:
        option, *values = found.groups()
        yield option, next((value for value in values if value is not None), "").strip()


def _address(host: str, port: str) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _prefix(text: str) -> str:
    return str(ipaddress.ip_network(text, strict=False))


def _size(text: str) -> int:
    found = SIZE.match(text)
    return int(found[1]) * FACTORS[found[2].lower()] if found else 0


def _left(statement: Statement, why: str) -> Left:
    return Left(*statement, why)


def _toml(value: object) -> str:
    if isinstance(value, list) and len(value) > MAX_IN_A_LINE:
        return "\n".join(["[", *(f"    {_toml(one)}," for one in value), "]"])
    return msgspec.json.encode(value).decode()
