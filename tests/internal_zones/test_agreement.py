"""Random platforms answer as the naive model does, and a network's answers are the same whatever other networks hold."""

from ipaddress import IPv6Address
from itertools import product
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from cache.names import from_text
from cache.rrtypes import IN
from internal_zones import InternalCounts, is_ours
from internal_zones.database import inline
from resolver.wire import Query, compose_reply, question_octets
from resolver.wire.message import RD, QueryEdns
from tests.internal_zones import model
from tests.internal_zones.platform import (
    APPS,
    GROUPS,
    NETWORKS,
    PEERS,
    REGIONS,
    State,
    app,
    machine,
    random_state,
    write_state,
)
from tests.internal_zones.running import CLIENT, TYPES, asking

EDNS = QueryEdns(1232, 0, False, None)


def vocabulary() -> list[str]:
    """Names of every form, those that exist and those that do not."""
    apps = [f"{name.lower()}.internal" for name in (*APPS, "nosuch")]
    words = [
        "global",
        "vm",
        "vms",
        "all.vms",
        "all",
        "regions",
        "all.regions",
        "process",
        "kv._metadata",
        "_metadata",
        "x",
        "healthy",
        "x.healthy",
        "_tcp",
        *("_web._tcp", "_pg._tcp", "_x._tcp", "__tcp", "web._tcp", "x._web._tcp"),
    ]
    words += [
        *REGIONS,
        "of",
        "nearest.of",
        "top1.nearest.of",
        "top9.nearest.of",
        "top2.nearest.of.ams",
        "top0.nearest.of",
    ]
    words += ["of.ams", "nearest.of.global", "top3.nearest.of.web.process", "x.web.process", "f00000.vm", "10e0001.vm"]
    words += [f"{group.lower()}.process" for group in GROUPS]
    words += [f"{value}.kv._metadata" for value in ("role", "primary.role", "1.n", "n", "x.primary.role")]
    words += [f"{app_id:x}{number:04x}.vm" for app_id in (240, 241, 572) for number in range(4)]
    names = apps + [f"{word}.{base}" for word, base in product(words, apps)]
    names += [f"{peer.lower()}._peer.internal" for peer in (*PEERS, "nosuch")]
    names += [f"{name.lower()}.flycast" for name in (*APPS, "nosuch")]
    names += [
        "internal",
        "flycast",
        "a.a.d.f.ip6.arpa",
        "ns.internal",
        "x.ns.internal",
        "_api.internal",
        "x._api.internal",
    ]
    names += ["_apps.internal", "_peer.internal", "_instances.internal", "all._instances.internal"]
    names += ["page._instances.internal", "1.page._instances.internal", "x._instances.internal", "x.web.flycast"]
    return names


async def everything(path: Path, network: int, region: str) -> dict[tuple[str, str], list[str] | str]:
    """The answers to every name and type, for one network; sets sorted."""
    found: dict[tuple[str, str], list[str] | str] = {}
    async with asking(path, run=inline, region=region, max_wait=10.0) as asker:  # a busy machine is no slow disk
        for name, qtype in product(vocabulary(), ("AAAA", "A", "TXT", "PTR", "NS", "SRV")):
            got = await asker.texts(name, qtype, network)
            found[name, qtype] = sorted(got) if isinstance(got, list) and "nearest" not in name else got
    return found


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), network=st.sampled_from(NETWORKS), region=st.sampled_from(["", "ams", "nrt"]))
def test_random_platforms_answer_as_the_model_does(seed: int, network: int, region: str) -> None:
    state = random_state(seed)
    nodes = model.names_of(state, network, region, CLIENT)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        write_state(path, state)
        for (name, qtype), got in trio.run(everything, path, network, region).items():
            wanted = nodes[name].get(qtype) or "NODATA" if name in nodes else "NXDOMAIN"
            assert got == (sorted(wanted) if isinstance(wanted, set) else wanted), (name, qtype)


Replies = dict[tuple[str, str], bytes]


async def replies(path: Path, names: list[str], network: int) -> tuple[Replies, InternalCounts]:
    """The very octets of the reply to every name and type, and what had to be done for them."""
    found: Replies = {}
    async with asking(path, run=inline, region="ams", poll=10.0, max_wait=10.0) as asker:
        for name, qtype in product(names, ("AAAA", "A", "TXT", "PTR", "SRV", "ANY")):
            qname = from_text(name)
            answer = await asker.ask(name, qtype, network)
            query = Query(7, RD, question_octets(qname, TYPES[qtype]), qname, TYPES[qtype], IN, EDNS)
            found[name, qtype] = compose_reply(query, answer, 0.0, max_octets=65_535)
        return found, asker.zones.counts


def hostile(seed: int) -> State:
    """Other networks, whose rows point at apps, machines, addresses and names of network 24 wherever a column lets them."""
    rng, state = Random(seed), random_state(seed, (57, 4242))
    for number, network in enumerate((57, 4242, 4243)):
        ours = 240 + rng.randrange(len(APPS))  # the id of an app of network 24
        own = {"address": f"fdaa:0:18:a:b:0:{rng.randrange(8):x}:2"}
        state.machines.append(machine(f"ff{number:04x}", ours, network, **own))
        state.machines.append(machine(f"fe{number:04x}", 7_000 + number, network, **own))
        state.apps.append(app(7_000 + number, rng.choice((*APPS, "_apps", "all", "ns")), network))
        state.services.append({"machine_id": f"ff{number:04x}", "protocol": "tcp", "port": 80, "name": "web"})
        state.checks.append({"machine_id": f"ff{number:04x}", "name": "http", "status": "critical"})
        state.peers.append({"network_id": network, "name": rng.choice(PEERS), "address": "fdaa:0:18:9::1"})
        state.flycast_addresses.append(
            {"address": f"fdaa:0:18:f:9::{number:x}", "app_name": rng.choice(APPS), "network_id": network}
        )
    return state


def vocabulary_of(state: State) -> list[str]:
    """The names of every row, whosever it is: addresses' reverse names with the shorter ones, machines and peers by name."""
    rows = [row for table in (state.machines, state.peers, state.flycast_addresses) for row in table]
    addresses = {str(row["address"]) for row in rows if str(row["address"]).startswith("fdaa")}
    pointers = [IPv6Address(address).reverse_pointer for address in addresses]
    names = [pointer[2 * cut :] for pointer in pointers for cut in (0, 1, 4, 8, 16, 24)]
    names += [f"{row['id']!s}.vm.{name}.internal" for row in state.machines for name in ("web", "api")]
    names += [f"{row['name']!s}._peer.internal" for row in state.peers]
    names += [f"{row['name']!s}.{zone}" for row in state.apps for zone in ("internal", "flycast")]
    return sorted({name for name in names if is_ours(from_text(name))})


@settings(max_examples=8)
@given(seed=st.integers(0, 2**32), other=st.integers(0, 2**32))
def test_replies_to_a_network_are_the_same_octets_for_the_same_work_whatever_other_networks_hold(
    seed: int, other: int
) -> None:
    """The same work: what is read, found in memory, skipped and counted tells nothing either."""
    alone, beside, others = random_state(seed, (24,)), random_state(seed, (24,)), hostile(other)
    for table, rows in others.tables.items():
        if table not in ("hosts", "regions"):
            beside.tables[table].extend(rows)
    names = sorted({*vocabulary(), *vocabulary_of(beside)})
    with TemporaryDirectory() as folder:
        paths = [Path(folder) / "alone.db", Path(folder) / "beside.db"]
        for path, state in zip(paths, (alone, beside), strict=True):
            write_state(path, state)
        (first, work), (second, work_beside) = (trio.run(replies, path, names, 24) for path in paths)
    different = [key for key in first if first[key] != second[key]]
    assert different == []
    assert work == work_beside
