"""The tour's own work, on a simulated network: it waits, changes, asks, asks again, and says what was wrong."""

import io
from collections.abc import Callable
from random import Random

import trio
import trio.testing
from rich.console import Console

from resolver.demo.behaviour import Fails
from resolver.demo.check import all_of, asked, holds, rcode
from resolver.demo.internet import INTERNET_FILE, Internet
from resolver.demo.serve_authority import serve_internet
from resolver.demo.server import Server
from resolver.demo.steps import OUR_CLIENT, STEPS, THEIR_CLIENT, Step
from resolver.demo.tour import ASK_AGAIN, Tour, dig_line
from resolver.demo.zone import read_zone
from resolver.env import Address
from tests.simulation.env import SimulatedEnv
from tests.simulation.fabric import Fabric
from tests.simulation.network import Sockets

SERVER = "192.0.2.53"
RIGHT = all_of(rcode("NOERROR"), holds("A", "198.51.100.1"))


def tour(*steps: Step) -> tuple[int, str, float]:
    """How many steps were wrong, what was printed, and the seconds it took: an authoritative server is what is asked."""

    async def main() -> tuple[int, str, float]:
        zone = read_zone(INTERNET_FILE.parent / "zones" / "dst.test.zone")
        internet = Internet((Server("dst", (SERVER,), [(zone,)]),), ("dst",), 53)
        rng = Random(1)
        sockets = Sockets(Fabric(rng))
        env = SimulatedEnv(sockets, SERVER, rng)
        networks = {client: SimulatedEnv(sockets, client, rng).network for client in (OUR_CLIENT, THEIR_CLIENT)}
        printed = io.StringIO()
        console = Console(file=printed, width=200, highlight=False)
        async with trio.open_nursery() as nursery:
            await nursery.start(serve_internet, internet, env)
            began = trio.current_time()
            failed = await Tour(Address(SERVER, 53), internet, networks, env.now, console).show(steps)
            took = trio.current_time() - began
            nursery.cancel_scope.cancel()
        return failed, printed.getvalue(), took

    return trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def breaking(internet: Internet) -> None:
    internet.break_server("dst", Fails())


def breaking_for(seconds: float) -> Callable[[Internet], None]:
    """Breaks the server, and heals it once it was asked for so long."""

    def change(internet: Internet) -> None:
        internet.break_server("dst", Fails())
        trio.lowlevel.spawn_system_task(_heal_after, seconds, internet)

    return change


async def _heal_after(seconds: float, internet: Internet) -> None:
    await trio.sleep(seconds)
    internet.heal_server("dst")


def test_a_step_shows_its_command_its_reply_and_why() -> None:
    failed, printed, _ = tour(Step("A target", "www.dst.test", "A", RIGHT, "because"))
    assert failed == 0
    for line in (
        "1. A target",
        "$ dig @192.0.2.53 -p 53 A www.dst.test",
        "www.dst.test. 300 IN A 198.51.100.1",
        "✓ because",
    ):
        assert line in printed


def test_a_step_that_is_wrong_is_counted_and_says_what_is_wrong() -> None:
    failed, printed, _ = tour(Step("A target", "www.dst.test", "A", RIGHT, "because", change=breaking))
    assert failed == 1
    assert "✗ SERVFAIL instead of NOERROR" in printed
    assert "because" not in printed


def test_a_step_with_patience_asks_again_until_it_is_right() -> None:
    step = Step("A target", "www.dst.test", "A", RIGHT, "because", change=breaking_for(1.2), patience=6)
    failed, _, took = tour(step)
    assert failed == 0
    assert 1.2 <= took <= 1.2 + 2 * ASK_AGAIN


def test_queries_are_counted_from_the_step_on() -> None:
    ask = Step("First", "www.dst.test", "A", all_of(RIGHT, asked("dst", 1, 1)), "one query")
    assert tour(ask, ask)[0] == 0


def test_the_client_of_another_network_is_shown_in_the_command() -> None:
    [step] = [step for step in STEPS if step.client == THEIR_CLIENT]
    assert dig_line(step, Address("127.0.0.1", 5300)) == "dig @127.0.0.1 -p 5300 -b 127.0.57.1 AAAA api.internal"
