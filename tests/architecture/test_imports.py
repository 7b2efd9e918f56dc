"""The direction of imports (design.md section 2): who may know whom, and who must not know trio, dnspython or apsw."""

import ast
import re
from collections.abc import Iterator
from typing import Final

import pytest

from tests.architecture.source import (
    PACKAGES,
    Source,
    assert_none,
    imports,
    is_within,
    is_within_any,
    product,
    source_of,
)

HISTOGRAM: Final = "resolver.observe.histogram"  # a value that any package's counts may hold
LEAVES: Final = frozenset({"cache", "resolver.env", "resolver.errors", HISTOGRAM})
UPSTREAM: Final = LEAVES | {"resolver.wire"}
ITERATE: Final = UPSTREAM | {"resolver.upstream"}
ENGINE: Final = ITERATE | {"resolver.iterate", "resolver.dnssec"}
LOOP: Final = ENGINE | {"resolver.engine"}
POLICY: Final = LOOP | {"resolver.loop", "internal_zones"}
SERVICE: Final = POLICY | {"resolver.policy", "resolver.observe"}
# Each options Struct stands beside the code that reads it; resolver.options composes them and needs no more of their owners.
OWNERS: Final = (
    "internal_zones",
    *(f"resolver.{part}" for part in ("dnssec", "iterate", "observe", "policy", "service")),
)
ALL: Final = frozenset(PACKAGES)

# What each part may import beside itself. A part is the longest entry that a module stands in.
MAY_IMPORT: Final[dict[str, frozenset[str]]] = {
    "cache": frozenset(),
    "internal_zones": frozenset({"cache.names", "cache.rrset", "cache.answer", "cache.rrtypes"}),
    "resolver": frozenset(),
    "resolver.env": frozenset(),
    "resolver.errors": frozenset({"cache"}),
    "resolver.wire": LEAVES,
    "resolver.upstream": UPSTREAM,
    "resolver.iterate": ITERATE,
    "resolver.dnssec": UPSTREAM,  # a sibling of iterate: DNSKEYs come through its `fetch` argument
    "resolver.engine": ENGINE,
    "resolver.loop": LOOP,
    "resolver.policy": POLICY,
    "resolver.observe": POLICY,
    HISTOGRAM: frozenset(),
    "resolver.service": SERVICE,
    "resolver.options": LEAVES | {f"{owner}.options" for owner in OWNERS},
    "resolver.real_env": LEAVES,
    "resolver.daemon": SERVICE | {"resolver.service", "resolver.options", "resolver.real_env"},
    "resolver.demo": ALL,
    "resolver.cli": ALL,
}
REAL_ENV: Final = "resolver.real_env"  # with its parts: real_env_unix, real_env_udp, …
KNOWS_THE_DAEMON: Final = frozenset({"resolver.cli", "resolver.demo", "resolver.daemon"})
KNOWS_REAL_ENV: Final = KNOWS_THE_DAEMON | {REAL_ENV}
# What resolves: it is driven by who has clocks and sockets, and knows nothing of either.
DRIVEN: Final = frozenset({"resolver.engine", "resolver.iterate", "resolver.upstream", "resolver.dnssec"})
DECIDERS: Final = DRIVEN | {
    "cache",
    "resolver.errors",
    "resolver.options",
    "resolver.wire",
    *(
        f"internal_zones.{name}"
        for name in (
            "apex",
            "counts",
            "feeds",
            "mapping",
            "records",
            "rows",
            "lookup",
            "nearest",
            "options",
            "units",
        )
    ),
    *(f"resolver.policy.{name}" for name in ("explain", "local", "options", "special_use", "views", "sources")),
    *(f"resolver.service.{name}" for name in ("fast", "handler", "options", "counts", "control_protocol")),
}
PURE: Final = re.compile(r"\bPure\b")  # so a module's docstring says that it decides and does not wait
# Where a library's cost and its objects are at home (design.md section 3).
AT_HOME: Final[dict[str, frozenset[str]]] = {
    "dns": frozenset(
        {
            "resolver.wire.text",
            "cache.inspection",  # rows for people to read
            "resolver.iterate.hints",  # zone-file text, read once
            "resolver.dnssec",
            "resolver.cli",
            "resolver.demo",
        }
    ),
    "h11": frozenset({"internal_zones.line_stream", "resolver.observe.http_messages"}),
    "apsw": frozenset(
        {
            "internal_zones.changes",
            "internal_zones.database",
            "internal_zones.opening",
            "internal_zones.preparing",
            "cache.snapshot",
            "resolver.demo",
        }
    ),
    "click": frozenset({"resolver.cli", "resolver.demo"}),
    "rich": frozenset({"resolver.cli", "resolver.demo"}),
    "cryptography": frozenset({"resolver.dnssec"}),
    "prometheus_client": frozenset({"resolver.observe"}),
}


def part_of(module: str) -> str:
    """The entry of MAY_IMPORT that `module` belongs to; real_env_unix and its like belong to real_env."""
    if module.startswith(REAL_ENV):
        return REAL_ENV
    return max((part for part in MAY_IMPORT if is_within(module, part)), key=len)


def wrong_directions(source: Source) -> Iterator[str]:
    part = part_of(source.module)
    for found in imports(source):
        if not is_within_any(found.target, ALL):
            continue
        target = part_of(found.target)
        if target != part and not is_within_any(_part_name(found.target), MAY_IMPORT[part]):
            yield f"{source.at(found.line)}: {part} must not import {found.target} (design.md section 2)"


def decides(source: Source) -> bool:
    """Is it one of those that must not know what drives them, by where it stands or by what it says of itself?"""
    return is_within_any(source.module, DECIDERS) or bool(PURE.search(ast.get_docstring(source.tree) or ""))


def forbidden_libraries(source: Source) -> Iterator[str]:
    for found in imports(source):
        library = found.target.partition(".")[0]
        if library in AT_HOME and not is_within_any(source.module, AT_HOME[library]):
            yield f"{source.at(found.line)}: {library} is at home in {', '.join(sorted(AT_HOME[library]))} only"
        if library == "trio" and decides(source):
            yield f"{source.at(found.line)}: {source.module} decides and must not await: no trio"


def roots_known(source: Source) -> Iterator[str]:
    """The composition root and the real world are seen only from above."""
    for found in imports(source):
        if is_within(found.target, "resolver.daemon") and not is_within_any(source.module, KNOWS_THE_DAEMON):
            yield f"{source.at(found.line)}: only cli and demo import resolver.daemon"
        knows = part_of(source.module) == REAL_ENV or is_within_any(source.module, KNOWS_REAL_ENV)
        if found.target.startswith(REAL_ENV) and not knows:
            yield f"{source.at(found.line)}: only daemon, cli and demo import real_env; take Env, or what you need of it"


def module_graph(sources: tuple[Source, ...]) -> dict[str, set[str]]:
    """Which of our modules each of our modules imports."""
    names = {source.module for source in sources}
    return {
        source.module: {
            target
            for found in imports(source)
            if (target := found.target if found.target in names else found.target.rpartition(".")[0]) in names
        }
        - {source.module}
        for source in sources
    }


def cycles(graph: dict[str, set[str]]) -> list[str]:
    """What is left when everything that imports nothing unresolved is taken away, again and again."""
    left = {module: set(targets) for module, targets in graph.items()}
    while ready := {module for module, targets in left.items() if not targets}:
        left = {module: targets - ready for module, targets in left.items() if module not in ready}
    return [f"{module} imports {', '.join(sorted(targets))}" for module, targets in sorted(left.items())]


def _part_name(target: str) -> str:
    return REAL_ENV if target.startswith(REAL_ENV) else target


def test_parts_import_in_one_direction() -> None:
    assert_none([violation for source in product() for violation in wrong_directions(source)])


def test_who_is_named_here_is_there() -> None:
    modules = [source.module for source in product()]
    named = {*MAY_IMPORT, *DECIDERS, *KNOWS_THE_DAEMON}.union(*MAY_IMPORT.values(), *AT_HOME.values())
    gone = sorted(one for one in named if not any(is_within(module, one) for module in modules))
    assert_none([f"{one} is named here, and gone" for one in gone])


def test_libraries_stay_where_they_are_at_home() -> None:
    assert_none([violation for source in product() for violation in forbidden_libraries(source)])


def test_the_daemon_and_the_real_world_are_known_only_from_above() -> None:
    assert_none([violation for source in product() for violation in roots_known(source)])


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    assert_none(cycles(module_graph(product())))


def test_the_product_never_imports_its_tests() -> None:
    assert_none(
        [
            f"{source.at(found.line)}: the product imports {found.target}"
            for source in product()
            for found in imports(source)
            if is_within(found.target, "tests")
        ]
    )


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param("cache/ttl.py", "import resolver.env", id="cache knows nobody"),
        pytest.param(
            "cache/ttl.py", "def f():\n    from internal_zones import is_ours", id="also not inside a function"
        ),
        pytest.param(
            "internal_zones/lookup.py", "from cache.store import RRsetCache", id="internal zones know values only"
        ),
        pytest.param("internal_zones/lookup.py", "from cache import store", id="a submodule imported as a name"),
        pytest.param("resolver/wire/compose.py", "from resolver.upstream import choose", id="wire is below upstream"),
        pytest.param("resolver/iterate/loop.py", "from ..engine import flights", id="relative imports count"),
        pytest.param("resolver/engine/mesh.py", "from resolver.loop import Bridge", id="engine is below the loop"),
        pytest.param("resolver/iterate/learn.py", "from resolver.engine import Mesh", id="iterate is below the engine"),
        pytest.param(
            "resolver/loop/bridge.py", "from resolver.policy.views import View", id="the loop is below policy"
        ),
        pytest.param("resolver/dnssec/validate.py", "from resolver.iterate import Iterator", id="siblings"),
        pytest.param(
            "resolver/service/fast.py", "from resolver.options import Options", id="options from their owners"
        ),
    ],
)
def test_a_wrong_direction_is_seen(path: str, text: str) -> None:
    assert list(wrong_directions(source_of(text, path)))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param("resolver/service/fast.py", "from resolver.real_env import RealEnv", id="real_env"),
        pytest.param(
            "resolver/service/fast.py", "from resolver.real_env_unix import open_unix", id="a part of real_env"
        ),
        pytest.param("resolver/service/fast.py", "import resolver.daemon", id="the daemon"),
    ],
)
def test_knowing_a_root_from_below_is_seen(path: str, text: str) -> None:
    assert list(roots_known(source_of(text, path)))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param("cache/store.py", "import trio", id="trio in the cache"),
        pytest.param("resolver/iterate/scrub.py", "from trio import sleep", id="trio in a decider"),
        pytest.param("resolver/engine/mesh.py", "import trio", id="trio in the engine"),
        pytest.param("resolver/upstream/choose.py", "import trio", id="trio in a new part of upstream"),
        pytest.param(
            "resolver/observe/lines.py", '"""What is one line? Pure."""\nimport trio', id="trio where Pure is said"
        ),
        pytest.param("resolver/iterate/scrub.py", "import dns.name", id="dnspython on the path of a query"),
        pytest.param("internal_zones/watcher.py", "import apsw", id="a second user of the state database"),
    ],
)
def test_a_library_away_from_home_is_seen(path: str, text: str) -> None:
    assert list(forbidden_libraries(source_of(text, path)))


def test_a_circle_is_seen() -> None:
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["a imports b", "b imports c", "c imports b"]
