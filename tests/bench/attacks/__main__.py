"""How many packets does each pattern of the attacks cost, here and with Debian's unbound? The same servers, on real sockets.

`make bench-attacks` (root, unbound, iproute2; some minutes) prints the table of tests/simulation/attacks/README.md. In a network
namespace of its own are the servers of the scenarios, on their addresses; before them one resolver after the other, each with an
empty cache, neither of which validates, is asked the pattern's questions by one client. Counted is what reaches the servers.
"""

import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import dns.edns
import dns.message
import trio
from dns.rcode import Rcode

from resolver.demo.behaviour import Asking, Delivery
from resolver.demo.internet import Internet
from resolver.demo.serve_authority import serve_internet
from resolver.real_env import RealEnv
from tests.real.harness import STOP_TIMEOUT, config, start
from tests.real.namespaces import Namespace, namespace, why_not
from tests.real.sockets import is_listening, wait_until
from tests.simulation.attacks import test_fan_out as fan_out
from tests.simulation.scenarios.servers import (
    DELAY,
    FIRST_HOST,
    NETWORK,
    Mind,
    Said,
    ScriptedServer,
    ZoneText,
    build,
    zone,
)

SERVER, PORT = "127.0.0.1", 5300
START_TIMEOUT: Final = 20.0  # s
PATIENCE: Final = 12.0  # s that the client waits for each reply
AFTERMATH: Final = 1.0  # s in which what is late still leaves
RESOLVERS: Final = ("cistern", "unbound")
UNBOUND: Final = """\
server:
  num-threads: 1
  module-config: "iterator"
  interface: {address}@{port}
  root-hints: "{hints}"
  local-zone: "test." nodefault
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  logfile: "{folder}/unbound.log"
  do-daemonize: no
remote-control:
  control-enable: no
"""


class Pattern(NamedTuple):
    """Servers, what one of them says, what others do, and what is asked; pause: seconds between two questions."""

    zones: Mapping[str, ZoneText]
    questions: tuple[str, ...]
    mind: Mind | None = None
    silent: tuple[str, ...] = ()
    pause: float = 0.0


def _names(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}." for name in names)


def _nxns(question: str, asking: Asking) -> Said:
    servers = [f"n{place}.victim.test" for place in range(fan_out.THOUSANDS)]
    return fan_out._truncated_over_udp(fan_out._referral("sub.evil.test", *servers), asking)


def _nxns_shared(question: str, asking: Asking) -> Said:
    labels = question.split()[0].split(".")
    return fan_out._referral(".".join(labels[-3:]), *(f"n{place}.victim.test" for place in range(16)))


def _nrdelegation(question: str, asking: Asking) -> Said:
    servers = [f"n{place}.dead.test" for place in range(fan_out.THOUSANDS)]
    return fan_out._truncated_over_udp(fan_out._referral("sub.evil.test", *servers), asking)


def _heavy_aliases(question: str, asking: Asking) -> Said | None:
    qname = question.split()[0]
    label = qname.partition(".")[0]
    if not label.removeprefix("a").isdecimal():
        return None
    junk = tuple(f'junk.evil.test. 60 TXT "{place:0>240}"' for place in range(230))
    alias = f"{qname}. 60 CNAME a{int(label.removeprefix('a')) + 1}.evil.test."
    return fan_out._truncated_over_udp(Said((alias,), junk), asking)


def _dname(question: str, asking: Asking) -> Said | None:
    """Each DNAME leads below the next one, whatever of the name is shown."""
    qname = question.split()[0]
    labels = qname.split(".")
    at = next((place for place, label in enumerate(labels) if label[:1] == "d" and label[1:].isdecimal()), None)
    if at is None or not at:
        return None
    place = int(labels[at][1:])
    owner, target = ".".join(labels[at:]), f"d{place + 1}.evil.test"
    below = ".".join(labels[:at])
    return Said((f"{owner}. 60 DNAME {target}.", f"{qname}. 60 CNAME {below}.{target}."))


def _says(rcode: Rcode) -> Mind:
    def fail(question: str, asking: Asking) -> list[Delivery]:
        response = dns.message.make_response(dns.message.from_wire(asking.query))
        if rcode > 15:
            response.use_edns(0)
        response.set_rcode(rcode)
        return [Delivery(DELAY, response.to_wire())]

    return fail


def _lame(question: str, asking: Asking) -> Said:
    """It refers to the root, whatever is asked."""
    return Said(authority=(". 60 NS root.test.",), is_authoritative=False)


def _only_udp(question: str, asking: Asking) -> Said:
    return Said(is_truncated=True)


EVIL: Final = fan_out.ATTACK
LOOP: Final = {"X": zone("evil.test", "loop 300 CNAME loop"), "V": fan_out.VICTIM}
LOOPS: Final = {
    "S": zone("src.test", "loop 300 CNAME loop.dst.test."),
    "D": zone("dst.test", "loop 300 CNAME loop.src.test."),
}
PATTERNS: Final[dict[str, Pattern]] = {
    "NXNSAttack, 1500 name servers": Pattern(EVIL, _names("a.sub.evil.test"), _nxns),
    "NXNSAttack, 100 subdomains": Pattern(EVIL, _names(*(f"www.s{n}.evil.test" for n in range(100))), _nxns_shared),
    "NRDelegation": Pattern({**EVIL, "D": zone("dead.test")}, _names("a.sub.evil.test"), _nrdelegation, ("D",)),
    "CAMP, delegations": Pattern(EVIL, _names("a.z1.evil.test"), fan_out._camp),
    "CAMP, aliases of thirty queries": Pattern(
        EVIL, _names(f"{fan_out.LINKS}.l0.evil.test"), fan_out._links_of_thirty_queries
    ),
    "Aliases of 60 kB": Pattern(EVIL, _names("a0.evil.test"), _heavy_aliases),
    "DNAME after DNAME": Pattern(EVIL, _names("a.b.c.d.e.f.d0.evil.test"), _dname),
    "TsuNAME, two names for 10 s": Pattern(fan_out.CYCLE, _names(*("www.one.test", "www.two.test") * 20), pause=0.25),
    "TsuNAME, 40 new names": Pattern(fan_out.CYCLE, _names(*(f"w{n}.one.test" for n in range(40))), pause=0.1),
    "Alias to itself, 3 times": Pattern(LOOP, _names(*["loop.evil.test"] * 3)),
    "Aliases in a circle, 5 times": Pattern(LOOPS, _names(*["loop.src.test"] * 5)),
    "FORMERR and BADVERS in turns": Pattern(EVIL, _names("www.evil.test"), fan_out._flips),
    "always FORMERR": Pattern(EVIL, _names("www.evil.test"), _says(Rcode.FORMERR)),
    "always NOTIMP": Pattern(EVIL, _names("www.evil.test"), _says(Rcode.NOTIMP)),
    "always BADVERS": Pattern(EVIL, _names("www.evil.test"), _says(Rcode.BADVERS)),
    "always SERVFAIL": Pattern(EVIL, _names("www.evil.test"), _says(Rcode.SERVFAIL)),
    "always BADCOOKIE": Pattern(EVIL, _names("www.evil.test"), _says(Rcode.BADCOOKIE)),
    "refers upwards": Pattern(EVIL, _names("www.evil.test"), _lame),
    "always truncated": Pattern(EVIL, _names("www.evil.test"), _only_udp),
    "silent, 3 names": Pattern(EVIL, _names(*(f"w{n}.evil.test" for n in range(3))), silent=("X",)),
}


def main() -> int:
    if reason := why_not():
        sys.exit(reason)
    print("| pattern | cistern | unbound | times |\n| --- | --- | --- | --- |")
    worst = 0.0
    for name in PATTERNS:
        counts = [_count(name, resolver) for resolver in RESOLVERS]
        ratio = counts[0] / max(1, counts[1])
        worst = max(worst, ratio)
        print(f"| {name} | {counts[0]} | {counts[1]} | {ratio:.2f} |", flush=True)
    return 0 if worst <= 1.5 else 1


def _count(name: str, resolver: str) -> int:
    """Queries that reached the servers."""
    with namespace() as inside, tempfile.TemporaryDirectory(prefix="cistern-beside-") as folder:
        inside.own(f"{NETWORK}{host}" for host in (1, 2, *range(FIRST_HOST, FIRST_HOST + 4)))
        internet = build(PATTERNS[name].zones).internet
        hints = Path(folder) / "hints"
        hints.write_text(internet.root_hints)
        with _running(resolver, inside, Path(folder), hints) as begin:
            command = inside.inside(sys.executable, "-m", "tests.bench.attacks", name)
            with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as playing:
                assert playing.stdout is not None
                assert playing.stdin is not None
                assert playing.stdout.readline() == "serving\n"
                begin()
                playing.stdin.write("go\n")
                playing.stdin.flush()
                return int(json.loads(playing.stdout.readline()))


@contextmanager
def _running(resolver: str, inside: Namespace, folder: Path, hints: Path) -> Iterator[Callable[[], None]]:
    """Yields what starts the resolver, once the servers are there; it ends with the block."""
    started: list[subprocess.Popen[bytes]] = []

    def begin() -> None:
        if resolver == "cistern":
            recursion: dict[str, object] = {"root_hints": str(hints), "ipv6": False}
            text = config(SERVER, PORT, {"recursion": recursion, "cache": {"snapshot": ""}})
            process = start(folder, text, inside)[0]
        else:
            file = folder / "unbound.conf"
            file.write_text(UNBOUND.format(address=SERVER, port=PORT, hints=hints, folder=folder))
            null = subprocess.DEVNULL
            process = subprocess.Popen(
                inside.inside("unbound", "-d", "-c", str(file)), stdin=null, stdout=null, stderr=null
            )
        started.append(process)
        wait_until(lambda: process.poll() is not None or is_listening(process.pid, SERVER, PORT), START_TIMEOUT)

    try:
        yield begin
    finally:
        for process in started:
            process.terminate()
            process.wait(2 * STOP_TIMEOUT)


def play(name: str) -> None:
    """Within the namespace: serve, and once told so ask what the pattern asks, and print what reached the servers."""
    pattern = PATTERNS[name]
    internet = build(pattern.zones).internet
    for silent in pattern.silent:
        internet.break_server(silent)
    if pattern.mind is not None:
        server = internet.servers["X"]
        assert isinstance(server, ScriptedServer)
        server.mind = pattern.mind
    env = RealEnv()
    env.loop.run(partial(_serve_and_ask, env, internet, pattern))


async def _serve_and_ask(env: RealEnv, internet: Internet, pattern: Pattern) -> None:
    async with trio.open_nursery() as nursery:
        await nursery.start(serve_internet, internet, env)
        print("serving", flush=True)
        await trio.to_thread.run_sync(sys.stdin.readline)
        await trio.to_thread.run_sync(_ask, ("www.victim.test.",) if "V" in internet.servers else (), 0.0)
        for server in internet.servers.values():
            server.forget_asked()
        await trio.to_thread.run_sync(_ask, pattern.questions, pattern.pause)
        await trio.sleep(AFTERMATH)
        print(sum(server.times_asked() for server in internet.servers.values()), flush=True)
        nursery.cancel_scope.cancel()


def _ask(questions: tuple[str, ...], pause: float) -> None:
    """One after the other, each until it is answered."""
    for number, qname in enumerate(questions):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(PATIENCE)
            sock.sendto(dns.message.make_query(qname, "A", id=number + 1).to_wire(), (SERVER, PORT))
            try:
                sock.recv(4096)
            except TimeoutError:
                continue
        time.sleep(pause)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        play(sys.argv[1])
    else:
        sys.exit(main())
