"""The contract read naively: every name of a network in one dictionary, made from whole tables on each question.

Written from internal-names.md alone and sharing no code with internal_zones. Values are text: addresses, list texts, names.
A name maps to {type: values}; a list of values is in order (nearest), a set is not.
"""

import json
from hashlib import blake2b
from ipaddress import IPv6Address
from math import asin, cos, inf, radians, sin, sqrt

from tests.internal_zones.platform import Row, State

Values = set[str] | list[str]
Node = dict[str, Values]

NXDOMAIN = "NXDOMAIN"
NODATA = "NODATA"
WORDS = ("global", "healthy", "vm", "vms", "regions", "process", "_metadata", "of", "_tcp")
MAX_TOP = 9


def expected(state: State, network: int, name: str, qtype: str, region: str = "", client: bytes = b"") -> Values | str:
    """What a client of `network` gets for a name (lower-case, no final dot) and a type."""
    nodes = names_of(state, network, region, client)
    if name not in nodes:
        return NXDOMAIN
    return nodes[name].get(qtype) or NODATA


def names_of(state: State, network: int, region: str, client: bytes) -> dict[str, Node]:
    """Every name there is for a client of `network`, with the empty ones above them."""
    prefix = f"fdaa:{network >> 16:x}:{network & 0xFFFF:x}:"
    nodes: dict[str, Node] = {zone: {"SOA": {zone}, "NS": {"ns.internal"}} for zone in ("internal", "flycast")}
    nodes["a.a.d.f.ip6.arpa"] = {"SOA": {"a.a.d.f.ip6.arpa"}, "NS": {"ns.internal"}}
    nodes["ns.internal"] = {"AAAA": {"fdaa::3"}}
    nodes["_api.internal"] = {"AAAA": {str(IPv6Address(f"{prefix}:3"))}}
    nodes |= _app_names(state, network, region, client)
    nodes |= _list_names(state, network)
    for name in list(nodes):
        while "." in name:
            name = name.partition(".")[2]
            nodes.setdefault(name, {})
    return nodes


def _app_names(state: State, network: int, region: str, client: bytes) -> dict[str, Node]:
    nodes: dict[str, Node] = {}
    for app in _apps(state, network):
        name, machines = _lower(app["name"]), _machines(state, network, app)
        base = f"{name}.internal"
        subsets = {"": machines}
        for found in machines:
            where = _lower(found["region"])
            if where not in WORDS:
                subsets.setdefault(f"{where}.", []).append(found)
            for key, value in _metadata(found).items():
                if key == "fly_process_group":
                    subsets.setdefault(f"{value.lower()}.process.", []).append(found)
        for prefix, members in subsets.items():
            nodes[prefix + base] = _address_node(members)
            for top in range(1, MAX_TOP + 1):
                nodes[f"top{top}.nearest.of.{prefix}{base}"] = _nearest(state, members, top, region, client)
        nodes[f"global.{base}"] = _address_node(machines)
        for found in machines:
            nodes[f"{_lower(found['id'])}.vm.{base}"] = _address_node([found])
            for key, value in _metadata(found).items():
                having = [other for other in machines if key.lower() in {k.lower() for k in _metadata(other)}]
                equal = [
                    other
                    for other in machines
                    if (key.lower(), value.lower()) in {(k.lower(), v.lower()) for k, v in _metadata(other).items()}
                ]
                nodes[f"{key.lower()}.kv._metadata.{base}"] = _address_node(having)
                nodes[f"{value.lower()}.{key.lower()}.kv._metadata.{base}"] = _address_node(equal)
        nodes[f"healthy.{base}"] = _address_node(
            [it for it in _started(machines) if _is_healthy(state, it)] or machines
        )
        for row in state.services:
            for found in (it for it in machines if it["id"] == row["machine_id"]):
                if row["protocol"] == "tcp" and row["name"]:
                    serving = nodes.setdefault(f"_{_lower(row['name'])}._tcp.{base}", {})
                    if found["state"] == "started":
                        _add(serving, "SRV", f"{row['port']!s} {_lower(found['id'])}.vm.{base}")
        for word in ("vm", "process", "kv._metadata", "_tcp"):
            nodes.setdefault(f"{word}.{base}", {})
        for prefix, members in (("", _started(machines)), ("all.", machines)):
            vms = ",".join(" ".join((str(found["id"]), str(found["region"]))) for found in members)
            nodes[f"{prefix}vms.{base}"] = {"TXT": {vms}}
            nodes[f"{prefix}regions.{base}"] = {"TXT": {",".join(sorted({str(found["region"]) for found in members}))}}
        nodes.setdefault(f"{name}.flycast", {})
    return nodes


def _list_names(state: State, network: int) -> dict[str, Node]:
    apps, peers = _apps(state, network), [row for row in state.peers if row["network_id"] == network and row["address"]]
    nodes: dict[str, Node] = {"_apps.internal": {"TXT": {",".join(sorted(str(app["name"]) for app in apps))}}}
    listed = [str(row["name"]) for row in peers if not str(row["name"]).startswith("interactive-")]
    nodes["_peer.internal"] = {"TXT": {",".join(sorted(listed))}}
    owners: dict[str, Values] = {}
    for row in (it for it in peers if str(it["name"]) in listed):
        nodes[f"{_lower(row['name'])}._peer.internal"] = {"AAAA": {str(row["address"])}}
        _add(owners, _pointer(row), f"{_lower(row['name'])}._peer.internal")
    instances = sorted(((app, found) for app in apps for found in _machines(state, network, app)), key=_id)
    for app, found in instances:
        _add(owners, _pointer(found), f"{_lower(found['id'])}.vm.{_lower(app['name'])}.internal")
    for prefix, shown in (("", [pair for pair in instances if pair[1]["state"] == "started"]), ("all.", instances)):
        text = ";".join(_instance_text(app, found) for app, found in shown)
        nodes[f"{prefix}_instances.internal"] = {"TXT": {text}}
        if not prefix:
            nodes["1.page._instances.internal"] = {"TXT": {text}}
    nodes |= {name: {"PTR": values} for name, values in owners.items()}
    for row in state.flycast_addresses:
        if row["network_id"] == network:
            _add(nodes.setdefault(f"{_lower(row['app_name'])}.flycast", {}), "AAAA", str(row["address"]))
    return nodes


def _instance_text(app: Row, found: Row) -> str:
    pairs = {"instance": found["id"], "app": app["name"], "ip": found["address"], "region": found["region"]}
    return ",".join(f"{key}={value!s}" for key, value in pairs.items())


def _add(sets: dict[str, Values], key: str, value: str) -> None:
    values = sets.setdefault(key, set())
    assert isinstance(values, set)
    values.add(value)


def _pointer(row: Row) -> str:
    return IPv6Address(str(row["address"])).reverse_pointer


def _is_healthy(state: State, found: Row) -> bool:
    said = {row["status"] for row in state.checks if row["machine_id"] == found["id"]}
    return said <= {"passing", ""} and found["host"] not in state.down


def _apps(state: State, network: int) -> list[Row]:
    return [app for app in state.apps if app["network_id"] == network]


def _machines(state: State, network: int, app: Row) -> list[Row]:
    """The app's deployed machines that are whole, by id."""
    found = [row for row in state.machines if (row["app_id"], row["network_id"]) == (app["id"], network)]
    return sorted((row for row in found if _is_there(row)), key=lambda row: str(row["id"]))


def _is_there(row: Row) -> bool:
    return not row["skip_dns"] and row["state"] not in ("", "destroyed") and bool(row["region"] and row["address"])


def _started(machines: list[Row]) -> list[Row]:
    return [row for row in machines if row["state"] == "started"]


def _address_node(machines: list[Row]) -> Node:
    return {"AAAA": {str(row["address"]) for row in _started(machines)}}


def _nearest(state: State, machines: list[Row], top: int, region: str, client: bytes) -> Node:
    places = {str(row["code"]): (float(str(row["latitude"])), float(str(row["longitude"]))) for row in state.regions}

    def key(row: Row) -> tuple[float, float, bytes]:
        there, lot = str(row["region"]), blake2b(str(row["id"]).encode(), digest_size=8, key=client).digest()
        if there == region:
            return 0, 0, lot
        far = _kilometres(places[region], places[there]) if region in places and there in places else inf
        return state.rtts.get(str(row["host"]), inf), far, lot

    ordered = [str(row["address"]) for row in sorted(_started(machines), key=key)[:top]]
    return {"AAAA": list(dict.fromkeys(ordered))}


def _kilometres(a: tuple[float, float], b: tuple[float, float]) -> float:
    (s, w), (n, e) = (tuple(map(radians, a)), tuple(map(radians, b)))
    return 2 * 6371 * asin(sqrt(sin((n - s) / 2) ** 2 + cos(s) * cos(n) * sin((e - w) / 2) ** 2))


def _metadata(row: Row) -> dict[str, str]:
    return {key: value for key, value in json.loads(str(row["metadata"])).items() if isinstance(value, str)}


def _lower(value: object) -> str:
    return str(value).lower()


def _id(pair: tuple[Row, Row]) -> str:
    return str(pair[1]["id"])
