"""Random platforms answer as the naive model does, and a network's answers are the same whatever other networks hold."""

from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from internal_zones.database import inline
from tests.internal_zones import model
from tests.internal_zones.platform import APPS, GROUPS, NETWORKS, PEERS, REGIONS, random_state, write_state
from tests.internal_zones.running import CLIENT, asking


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


@settings(max_examples=60, deadline=None)
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


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32), other=st.integers(0, 2**32))
def test_answers_of_a_network_are_the_same_whatever_other_networks_hold(seed: int, other: int) -> None:
    alone, beside = random_state(seed, (24,)), random_state(seed, (24,))
    for table, rows in random_state(other, (57, 4242)).tables.items():
        if table not in ("hosts", "regions"):
            beside.tables[table].extend(rows)
    with TemporaryDirectory() as folder:
        paths = [Path(folder) / "alone.db", Path(folder) / "beside.db"]
        for path, state in zip(paths, (alone, beside), strict=True):
            write_state(path, state)
        first, second = (trio.run(everything, path, 24, "ams") for path in paths)
    assert first == second
