"""Time, randomness, threads and the network have one door each (style.md, "At review time", point 2)."""

import ast
from collections.abc import Iterator
from typing import Final

import pytest

from tests.architecture.source import (
    Source,
    all_tests,
    assert_none,
    dotted,
    imports,
    is_within,
    is_within_any,
    product,
    source_of,
)

BANNED: Final = {
    **dict.fromkeys(("time", "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.date.today"), "time"),
    **dict.fromkeys(("trio.current_time", "trio.lowlevel.current_clock"), "time"),
    **dict.fromkeys(("random", "secrets", "os.urandom", "os.getrandom", "uuid", "dns.entropy"), "randomness"),
    **dict.fromkeys(("socket", "asyncio", "select", "selectors", "urllib.request", "http.client"), "the network"),
    **dict.fromkeys(("dns.resolver", "dns.query", "dns.asyncquery", "dns.asyncresolver"), "the network"),
    **dict.fromkeys(("trio.socket", "trio.SocketStream", "trio.SocketListener"), "the network"),
    **dict.fromkeys((f"trio.open_{what}" for what in ("tcp_stream", "tcp_listeners", "unix_socket")), "the network"),
    **dict.fromkeys((f"trio.serve_{what}" for what in ("tcp", "listeners")), "the network"),
}
REAL_ENV: Final = "resolver.real_env"
THREADS: Final = ("trio.to_thread", "trio.from_thread", "threading", "concurrent.futures", "multiprocessing")
MAY_USE_THREADS: Final = frozenset(
    {
        "internal_zones.database",
        "internal_zones.jobs",
        "cache.snapshot",
        "resolver.daemon",
        "resolver.observe.frame_writer",
        "resolver.observe.log_writer",
    }
)
# Tests of real processes, files and sockets; everything else runs on simulated time and a simulated network.
DRIVE_REAL_PROCESSES: Final = frozenset(
    {
        "tests.real",
        "tests.hostile",
        "tests.fuzz",
        "tests.soak",
        "tests.bench",
        "tests.resolver.cli",
        "tests.resolver.demo",
        "tests.simulation.machine.__main__",  # tells how fast it plays
        "tests.internal_zones",  # another process writes the database; a commit is visible within 100 ms
    }
)
HARMLESS: Final = frozenset({"socket.AF_INET6", "socket.inet_pton"})  # an address' text to octets, without any socket
HARMLESS_IN_TESTS: Final = frozenset({"random.Random", "trio.current_time", "trio.SocketStream", "trio.SocketListener"})


def uses(source: Source) -> Iterator[tuple[str, int]]:
    """Every imported thing that `source` uses or imports, by its full dotted name."""
    local: dict[str, str] = {}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                local[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            local |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    yield from ((found.target, found.line) for found in imports(source))
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute):
            first, _, rest = (dotted(node) or "").partition(".")
            if first in local:
                yield f"{local[first]}.{rest}", node.lineno


def banned(source: Source, harmless: frozenset[str] = frozenset()) -> Iterator[str]:
    found = dict.fromkeys(
        f"{source.at(line)}: {thing}: {what} comes from Env (resolver/env.py)"
        for name, line in uses(source)
        for thing, what in BANNED.items()
        if is_within(name, thing) and not is_within_any(name, harmless) and not _is_only_a_door(name, thing, harmless)
    )
    yield from found


def threads(source: Source) -> Iterator[str]:
    found = dict.fromkeys(
        f"{source.at(line)}: {thing}: threads are for {', '.join(sorted(MAY_USE_THREADS))}"
        for name, line in uses(source)
        for thing in THREADS
        if is_within(name, thing)
    )
    yield from found


def _is_only_a_door(name: str, thing: str, harmless: frozenset[str]) -> bool:
    """`import random` is no more than the way to `random.Random`, where that is harmless; its other uses are seen."""
    return name == thing and any(is_within(one, thing) for one in harmless)


def _is_real_env(source: Source) -> bool:
    return source.module.startswith(REAL_ENV)


def test_only_real_env_knows_time_randomness_and_the_network() -> None:
    assert_none([found for source in product() if not _is_real_env(source) for found in banned(source, HARMLESS)])


def test_threads_are_used_in_few_places() -> None:
    sources = (source for source in product() if not is_within_any(source.module, MAY_USE_THREADS))
    assert_none([found for source in sources for found in threads(source)])


def test_tests_that_drive_no_real_process_use_no_real_time_and_no_sockets() -> None:
    pure = (
        source
        for source in all_tests()
        if not is_within_any(source.module, DRIVE_REAL_PROCESSES)
        and not source.module.startswith("tests.resolver.test_real_env")
    )
    assert_none([found for source in pure for found in banned(source, HARMLESS_IN_TESTS)])


def test_who_is_excepted_is_there() -> None:
    modules = [source.module for source in (*product(), *all_tests())]
    excepted = MAY_USE_THREADS | DRIVE_REAL_PROCESSES
    assert_none([f"{one} is excepted, and gone" for one in excepted if not any(is_within(m, one) for m in modules)])


def test_nothing_is_mocked_by_patching() -> None:
    """Another Env is passed instead (style.md, TESTS)."""
    assert_none(
        [
            f"{source.at(line)}: {name}: pass another Env instead of patching"
            for source in all_tests()
            for name, line in uses(source)
            if is_within_any(name, frozenset({"unittest.mock", "mock"}))
        ]
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("import time", id="a module"),
        pytest.param("from time import monotonic", id="a name out of a module"),
        pytest.param("import os\nos.urandom(2)", id="an attribute"),
        pytest.param("import os as system\nsystem.urandom(2)", id="under another name"),
        pytest.param("from datetime import datetime as moment\nmoment.now()", id="a method of an imported class"),
        pytest.param("import dns\nimport dns.name\ndns.resolver.resolve", id="a submodule someone else imported"),
        pytest.param("def f():\n    from trio import socket", id="inside a function"),
        pytest.param("import trio\ntrio.current_time()", id="trio's clock"),
    ],
)
def test_a_banned_use_is_seen(text: str) -> None:
    assert len(list(banned(source_of(text, "resolver/iterate/loop.py")))) == 1


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("import os\nos.path.join", id="another part of os"),
        pytest.param("import timeit", id="a longer name"),
        pytest.param("env.time.now()", id="an attribute of ours"),
        pytest.param("import trio\ntrio.sleep(1)", id="trio's sleep runs on the given clock"),
    ],
)
def test_what_is_not_banned_passes(text: str) -> None:
    assert not list(banned(source_of(text, "resolver/iterate/loop.py")))


def test_a_seeded_generator_is_harmless_in_tests_and_the_global_one_is_not() -> None:
    seeded = source_of("import random\nrandom.Random(7)", "tests/simulation/seeds.py")
    unseeded = source_of("import random\nrandom.random()", "tests/simulation/seeds.py")
    assert not list(banned(seeded, HARMLESS_IN_TESTS))
    assert list(banned(unseeded, HARMLESS_IN_TESTS))


def test_a_thread_is_seen() -> None:
    text = "import trio\nasync def f():\n    await trio.to_thread.run_sync(g)"
    assert list(threads(source_of(text, "resolver/service/handler.py")))
