"""What is compiled (pyproject.toml) is all that an answer is made by: it imports nothing of ours that is not, and no trio."""

import ast
from collections.abc import Iterator
from typing import Final

from hatch_build import compiled_modules
from tests.architecture.source import Source, assert_none, imports, product, source_of

AN_ANSWER_IS_MADE_BY: Final = frozenset({"resolver.service.fast", "resolver.engine"})
# What compiled modules may import of ours all the same: read once, not for each answer.
INTERPRETED: Final = frozenset(
    {
        # Structs of msgspec, which checks what they hold
        "cache.options",
        "resolver.iterate.options",
        "resolver.service.options",
        "resolver.env",  # Protocols of the world outside, and trio's types in them
        "resolver.errors",  # exceptions: their classes have attributes of their own
        "resolver.policy.options",
        "internal_zones",  # what it says comes from a database, and is kept there
        "resolver.observe.boundary",  # faults
        "resolver.observe.tap",  # where dnstap or a log of queries is wanted
        "resolver.service.draining",
        "resolver.real_env_calls",  # in C by hand (hatch_build.BY_HAND)
        # what is read at the start
        "resolver.dnssec.algorithms",
        "resolver.dnssec.anchors",
        "resolver.real_env_paths",
        "resolver.service.fault_log",
    }
)
# Drivers: they begin and end in trio, and what they do in each turn is compiled.
DRIVERS: Final = frozenset(
    {"resolver.real_env_guest", "resolver.real_env_loop", "resolver.real_env_udp", "resolver.service.udp"}
)


def outside(sources: tuple[Source, ...], compiled: frozenset[str]) -> Iterator[str]:
    """What compiled modules import that they should not."""
    modules = {source.module: source for source in sources}
    for name in sorted(compiled):
        if name not in modules:
            yield f"pyproject.toml: there is no {name} to compile"
            continue
        for found in imports(modules[name]):
            if found.target.partition(".")[0] == "trio" and name not in DRIVERS:
                yield f"{modules[name].at(found.line)}: {name} is compiled: it decides, and does not wait: no trio"
            target = found.target if found.target in modules else found.target.rpartition(".")[0]
            if target in modules and target not in compiled | INTERPRETED:
                yield f"{modules[name].at(found.line)}: {name} is compiled, {target} is not: see pyproject.toml"


def indices_that_are_values(sources: tuple[Source, ...], compiled: frozenset[str]) -> Iterator[str]:
    """Where a slice is made as a value: mypyc takes what stands between the brackets after octets for a number."""
    for source in sources:
        if source.module in compiled:
            for node in ast.walk(source.tree):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "slice":
                    yield f"{source.at(node.lineno)}: octets[SLICE] fails where it is compiled; write octets[begin:end]"


def waits_in_handlers(sources: tuple[Source, ...], compiled: frozenset[str]) -> Iterator[str]:
    """Where a task waits while it handles an exception: compiled by mypyc it cannot be broken off there, and the process dies."""
    for source in sources:
        if source.module in compiled:
            for node in ast.walk(source.tree):
                if isinstance(node, ast.ExceptHandler):
                    for one in ast.walk(node):
                        if isinstance(one, ast.Await | ast.Yield | ast.YieldFrom):
                            yield f"{source.at(one.lineno)}: wait behind the handler, not in it"


def test_what_is_compiled_imports_what_is_compiled() -> None:
    assert_none(list(outside(product(), frozenset(compiled_modules()))))


def test_what_an_answer_is_made_by_is_compiled() -> None:
    assert set(compiled_modules()) >= AN_ANSWER_IS_MADE_BY


def test_compiled_modules_cut_octets_by_numbers() -> None:
    """A daemon that was compiled could not read one query, and no test of the same modules uncompiled could see it."""
    assert_none(list(indices_that_are_values(product(), frozenset(compiled_modules()))))
    sources = (source_of("ID = slice(0, 2)", "cache/store.py"),)
    assert list(indices_that_are_values(sources, frozenset({"cache.store"})))


def test_compiled_modules_do_not_wait_in_handlers() -> None:
    """A compiled daemon whose root could not be primed died of its next reload, which breaks the priming off."""
    assert_none(list(waits_in_handlers(product(), frozenset(compiled_modules()))))
    sources = (source_of("async def f():\n    try: g()\n    except E: await h()", "cache/store.py"),)
    assert list(waits_in_handlers(sources, frozenset({"cache.store"})))


def test_a_module_that_is_left_out_is_seen() -> None:
    sources = source_of("from cache.ttl import clamp", "cache/store.py"), source_of("", "cache/ttl.py")
    assert list(outside(sources, frozenset({"cache.store"})))
    assert not list(outside(sources, frozenset({"cache.store", "cache.ttl"})))


def test_waiting_and_what_is_not_there_are_seen() -> None:
    sources = (source_of("def wait():\n    import trio", "cache/store.py"),)
    assert list(outside(sources, frozenset({"cache.store"})))
    assert list(outside((), frozenset({"cache.store"})))
