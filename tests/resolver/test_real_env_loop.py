"""The one loop over real sockets, with trio as its guest."""

import errno
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import pytest
import trio

from resolver.engine import Landing, Mesh
from resolver.env import Address, Datagram
from resolver.loop import MeshTurns
from resolver.real_env import RealEnv
from resolver.real_env_calls import SLOTS
from resolver.real_env_loop import LOOK_EVERY, MAX_EVENTS, Loop
from resolver.real_env_memory import Reserve
from tests.resolver.engine.turned import raise_fault

T = TypeVar("T")
PATIENCE = 10.0  # s until a test of real sockets is given up
SHORT = 0.05  # s
OCTETS_OF_NO_DATAGRAM = 70_000
HERE = "127.0.0.1"

Test = Callable[[RealEnv, Mesh, trio.Nursery], Awaitable[None]]


def run(test: Test) -> None:
    """Run the test in the loop, which turns a mesh."""
    env = RealEnv()

    async def main() -> None:
        mesh = Mesh(raise_fault)
        with trio.fail_after(PATIENCE):
            async with trio.open_nursery() as nursery:
                await nursery.start(env.drive, mesh)
                await test(env, mesh, nursery)
                nursery.cancel_scope.cancel()

    env.loop.run(main)


def bound() -> socket.socket:
    """Somebody else's socket."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((HERE, 0))
    sock.settimeout(PATIENCE)
    return sock


def address_of(sock: socket.socket) -> Address:
    return Address(*sock.getsockname()[:2])


def has_come(sock: socket.socket) -> bool:
    """Is there a datagram for it?"""
    return bool(select.select([sock], [], [], 0)[0])


class Inbox:
    """Notes what it is handed, and in which turns."""

    def __init__(self, mesh: Mesh) -> None:
        self.taken: list[object] = []
        self.turns: list[float] = []
        self._mesh = mesh
        self._came = trio.Event()

    def take(self, what: object) -> None:
        self.taken.append(what)
        self.turns.append(self._mesh.now)
        self._came.set()

    async def wait_for(self, count: int) -> None:
        while len(self.taken) < count:
            self._came = trio.Event()
            await self._came.wait()


def test_it_returns_what_the_program_returns() -> None:
    async def main(word: str) -> str:
        await trio.lowlevel.checkpoint()
        return word

    assert RealEnv().loop.run(main, "done") == "done"


def test_it_raises_what_the_program_raises() -> None:
    async def main() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        RealEnv().loop.run(main)


def test_a_datagram_wakes_it_and_the_reply_is_heard() -> None:
    async def test(env: RealEnv, mesh: Mesh, nursery: trio.Nursery) -> None:
        inbox = Inbox(mesh)
        with bound() as server:
            channel = env.network.connect_udp(address_of(server), inbox.take)
            channel.send(b"question")
            question, source = await trio.to_thread.run_sync(server.recvfrom, 100)
            assert (question, inbox.taken) == (b"question", [])
            server.sendto(b"reply", source)
            await inbox.wait_for(1)
            assert inbox.taken == [b"reply"]
            channel.close()

    run(test)


def test_datagrams_to_one_channel_come_in_a_turn_each() -> None:
    async def test(env: RealEnv, mesh: Mesh, nursery: trio.Nursery) -> None:
        inbox = Inbox(mesh)
        with bound() as server:
            channel = env.network.connect_udp(address_of(server), inbox.take)
            channel.send(b"question")
            _, source = await trio.to_thread.run_sync(server.recvfrom, 100)
            for number in range(3):
                server.sendto(b"%d" % number, source)
            await inbox.wait_for(3)
            assert inbox.taken == [b"0", b"1", b"2"]
            assert len(set(inbox.turns)) == 3
            channel.close()

    run(test)


def test_after_a_stall_all_that_has_come_in_is_read_before_anything_is_late() -> None:
    async def test(env: RealEnv, mesh: Mesh, nursery: trio.Nursery) -> None:
        inbox, channels = Inbox(mesh), []
        with bound() as server:
            for _ in range(3 * MAX_EVENTS):
                channels.append(env.network.connect_udp(address_of(server), inbox.take))
                channels[-1].send(b"question")
            for source in [(await trio.to_thread.run_sync(server.recvfrom, 100))[1] for _ in channels]:
                server.sendto(b"reply", source)
            mesh.timers.at(mesh.now, partial(inbox.take, "late"))
            await inbox.wait_for(len(channels) + 1)
        assert inbox.taken == [b"reply"] * len(channels) + ["late"]
        for channel in channels:
            channel.close()

    run(test)


def test_what_the_network_says_of_a_datagram_is_told() -> None:
    async def test(env: RealEnv, mesh: Mesh, nursery: trio.Nursery) -> None:
        inbox = Inbox(mesh)
        with bound() as gone:
            address = address_of(gone)
        channel = env.network.connect_udp(address, inbox.take)
        channel.send(b"question")
        await inbox.wait_for(1)
        assert isinstance(inbox.taken[0], ConnectionRefusedError)
        channel.close()

    run(test)


def test_what_is_sent_in_a_turn_leaves_together_when_it_is_over() -> None:
    async def test(env: RealEnv, mesh: Mesh, nursery: trio.Nursery) -> None:
        with bound() as server:
            channels = [env.network.connect_udp(address_of(server), Inbox(mesh).take) for _ in range(2)]
            for number, channel in enumerate((*channels, channels[0])):
                mesh.turn(mesh.now, partial(channel.send, b"%d" % number))
                assert not has_come(server)
            assert [await trio.to_thread.run_sync(server.recv, 100) for _ in range(3)] == [b"0", b"1", b"2"]
            for channel in channels:
                channel.close()

    run(test)


def test_what_cannot_be_sent_is_told_in_a_turn_of_its_own() -> None:
    async def test(env: RealEnv, mesh: Mesh, nursery: trio.Nursery) -> None:
        inbox = Inbox(mesh)
        with bound() as server:
            channel = env.network.connect_udp(address_of(server), inbox.take)
            channel.send(bytes(OCTETS_OF_NO_DATAGRAM))
            assert inbox.taken == []
            began = mesh.now
            await inbox.wait_for(1)
            assert isinstance(inbox.taken[0], OSError)
            assert inbox.taken[0].errno == errno.EMSGSIZE
            assert inbox.turns[0] > began
            channel.close()

    run(test)


def test_a_channel_that_is_closed_in_the_turn_in_which_it_was_to_send_says_nothing() -> None:
    async def test(env: RealEnv, mesh: Mesh, nursery: trio.Nursery) -> None:
        inbox = Inbox(mesh)
        with bound() as server:
            channel = env.network.connect_udp(address_of(server), inbox.take)
            channel.send(b"question")
            channel.close()
            await trio.sleep(SHORT)
            assert (has_come(server), inbox.taken) == (False, [])

    run(test)


def test_a_channel_that_is_closed_in_a_turn_hears_nothing_more_in_it() -> None:
    """Both are readable; whichever is read first closes both."""

    async def test(env: RealEnv, mesh: Mesh, nursery: trio.Nursery) -> None:
        inbox = Inbox(mesh)

        def take(data: bytes | OSError) -> None:
            inbox.take(data)
            for channel in channels:
                channel.close()

        with bound() as server:
            channels = [env.network.connect_udp(address_of(server), take) for _ in range(2)]
            for channel in channels:
                channel.send(b"question")
            sources = [(await trio.to_thread.run_sync(server.recvfrom, 100))[1] for _ in channels]
            for source in sources:
                server.sendto(b"reply", source)  # no turn comes between: nothing here waits
            await inbox.wait_for(1)
            await trio.sleep(SHORT)
            assert inbox.taken == [b"reply"]

    run(test)


def test_a_listener_hands_over_all_that_is_there_and_replies() -> None:
    async def test(env: RealEnv, mesh: Mesh, nursery: trio.Nursery) -> None:
        count = SLOTS + 5
        listener = await env.network.listen_udp(Address(HERE, 0))
        heard: list[Datagram] = []
        inbox = Inbox(mesh)

        def take(batch: list[Datagram]) -> None:
            heard.extend(batch)
            assert len(batch) <= SLOTS
            listener.send_batch([(datagram.data * 2, datagram.reply_to) for datagram in batch])
            for datagram in batch:
                inbox.take(datagram.data)

        with bound() as client:
            for number in range(count):
                client.sendto(bytes([number]), listener.address)
            listener.start(take)
            await inbox.wait_for(count)
            assert [datagram.data for datagram in heard] == [bytes([number]) for number in range(count)]
            assert [client.recv(100) for _ in range(count)] == [bytes([number] * 2) for number in range(count)]
        listener.close()

    run(test)


def test_a_listener_that_is_stopped_takes_nothing_more_and_may_still_send() -> None:
    async def test(env: RealEnv, mesh: Mesh, nursery: trio.Nursery) -> None:
        listener = await env.network.listen_udp(Address(HERE, 0))
        heard: list[Datagram] = []
        inbox = Inbox(mesh)

        def take(batch: list[Datagram]) -> None:
            heard.extend(batch)
            inbox.take(batch)

        listener.start(take)
        with bound() as client:
            client.sendto(b"first", listener.address)
            await inbox.wait_for(1)
            listener.stop()
            client.sendto(b"second", listener.address)
            await trio.sleep(SHORT)
            assert [datagram.data for datagram in heard] == [b"first"]
            assert listener.send_batch([(b"reply", heard[0].reply_to)]) == 0
            assert client.recv(100) == b"reply"
        listener.close()

    run(test)


def test_a_timer_rings_in_time() -> None:
    async def test(env: RealEnv, mesh: Mesh, nursery: trio.Nursery) -> None:
        rung = trio.Event()
        began = env.now()
        mesh.timers.at(began + SHORT, rung.set)
        await rung.wait()
        assert env.now() - began >= SHORT
        assert mesh.now - began >= SHORT

    run(test)


def test_what_another_thread_posts_is_done_in_a_turn_though_nothing_else_happens() -> None:
    async def test(env: RealEnv, mesh: Mesh, nursery: trio.Nursery) -> None:
        landing, rung, here = Landing(), trio.Event(), threading.get_ident()
        turns = MeshTurns(mesh, env.now, env.post)

        async def work() -> None:
            await mesh.landed(landing)
            assert threading.get_ident() == here
            rung.set()

        def post_late() -> None:
            time.sleep(SHORT)
            turns.post(landing.land)

        mesh.start(work(), "test")
        thread = threading.Thread(target=post_late)
        thread.start()
        await rung.wait()
        thread.join()

    run(test)


def test_nothing_is_posted_once_nothing_runs() -> None:
    env = RealEnv()
    with pytest.raises(OSError, match="nothing runs any more"):
        env.post(lambda: None)


def test_a_task_that_is_started_outside_of_a_turn_is_run_in_the_next() -> None:
    async def test(env: RealEnv, mesh: Mesh, nursery: trio.Nursery) -> None:
        done = trio.Event()

        async def work() -> None:
            done.set()

        mesh.start(work(), "test")
        await done.wait()

    run(test)


def test_trio_sleeps_and_uses_threads_as_its_guest() -> None:
    async def test(env: RealEnv, mesh: Mesh, nursery: trio.Nursery) -> None:
        began = env.now()
        await trio.sleep(SHORT)
        assert env.now() - began >= SHORT
        here = threading.get_ident()
        assert await trio.to_thread.run_sync(threading.get_ident) != here
        assert await trio.to_thread.run_sync(trio.from_thread.run_sync, threading.get_ident) == here

    run(test)


def test_without_another_thread_it_goes_on() -> None:
    """Trio, as a guest in its own way, waits in a thread; that none could be started ended the daemon."""

    async def main(env: RealEnv, mesh: Mesh, nursery: trio.Nursery) -> None:
        release, before = threading.Event(), threading.stack_size()
        refused = trio.Event()

        async def hold() -> None:
            try:
                await trio.to_thread.run_sync(release.wait)
            except RuntimeError:
                refused.set()

        threading.stack_size(1 << 46)  # octets, which no machine has
        try:
            while not refused.is_set():  # threads that there are already
                nursery.start_soon(hold)
                await trio.lowlevel.checkpoint()
            await trio.sleep(SHORT)
        finally:
            threading.stack_size(before)
            release.set()

    run(main)


def test_a_signal_reaches_trios_receiver() -> None:
    async def test(env: RealEnv, mesh: Mesh, nursery: trio.Nursery) -> None:
        with trio.open_signal_receiver(signal.SIGTERM) as signals:
            nursery.start_soon(trio.to_thread.run_sync, os.kill, os.getpid(), signal.SIGTERM)
            async for number in signals:
                assert number == signal.SIGTERM
                break

    run(test)


def test_it_turns_nothing_once_its_driving_is_cancelled() -> None:
    env = RealEnv()

    async def main() -> list[str]:
        mesh = Mesh(raise_fault)
        rung: list[str] = []
        async with trio.open_nursery() as nursery:
            await nursery.start(env.drive, mesh)
            nursery.cancel_scope.cancel()
        mesh.timers.at(env.now(), lambda: rung.append("late"))
        await trio.sleep(SHORT)
        return rung

    assert env.loop.run(main) == []


def test_what_comes_first_is_looked_at_in_every_turn_however_much_else_there_is() -> None:
    """Clients do not wait until the replies of all servers are read that a flood has asked for."""

    async def main(env: RealEnv, mesh: Mesh, nursery: trio.Nursery) -> None:
        servers, client = [os.pipe() for _ in range(5 * MAX_EVENTS)], os.pipe()
        calls: list[str] = []
        for reading, writing in servers:
            os.write(writing, b"x")  # and nobody reads it
            env.loop.watch(reading, partial(calls.append, "server"))
        os.write(client[1], b"x")
        env.loop.watch(client[0], partial(calls.append, "client"), is_first=True)
        for _ in range(30):
            await trio.lowlevel.checkpoint()
        for reading, writing in (*servers, client):
            env.loop.forget(reading, is_closing=False)
            os.close(reading)
            os.close(writing)
        assert calls.count("client") > 5
        assert calls.count("server") / calls.count("client") <= MAX_EVENTS + 1

    run(main)


def test_no_epoll_is_told_of_each_reply_that_has_left_a_listener() -> None:
    async def main(env: RealEnv, mesh: Mesh, nursery: trio.Nursery) -> None:
        listener = await env.network.listen_udp(Address("127.0.0.1", 0))
        listener.start(lambda batch: None)
        with pytest.raises(FileNotFoundError):
            env.loop._epoll.modify(listener.descriptor, 0)
        assert listener.descriptor in env.loop._firsts
        listener.close()

    run(main)


@pytest.mark.parametrize("is_closing", [False, True])
def test_what_came_first_and_was_forgotten_is_not_looked_at_any_more(is_closing: bool) -> None:
    """Its number may be that of another descriptor by then."""

    async def main(env: RealEnv, mesh: Mesh, nursery: trio.Nursery) -> None:
        reading, writing = os.pipe()
        env.loop.watch(reading, partial(pytest.fail, "it was forgotten"), is_first=True)
        os.write(writing, b"x")
        assert env.loop._first.poll(0)
        env.loop.forget(reading, is_closing=is_closing)
        if is_closing:
            os.close(reading)
        assert not env.loop._first.poll(0)
        await trio.lowlevel.checkpoint()
        os.close(writing)
        if not is_closing:
            os.close(reading)

    run(main)


def test_each_turn_is_tidied_up_after_when_all_of_it_has_been_sent_and_that_counts_as_its_time() -> None:
    loop, seen = Loop(), list[str]()
    loop.tidy = lambda: seen.append("tidied")
    loop.note_turn = lambda began, ended: seen.append("ended")

    async def main() -> None:
        for _ in range(3):
            loop.send_at_end(lambda: seen.append("sent"))
            await trio.lowlevel.checkpoint()

    loop.run(main)
    assert "".join(word[0] for word in seen).count("ste") == 3


def test_the_memory_there_is_is_looked_at_once_in_several_of_trios_turns() -> None:
    """To look takes two system calls that change the process's memory map, and as long as one of its tasks' steps."""
    loop, looks, turns = Loop(), list[str](), 4 * LOOK_EVERY
    loop.reserve = Reserve(margin=1 << 60)  # octets, which nobody has
    loop.reserve.shed = lambda: looks.append("look")

    async def main() -> None:
        for _ in range(turns):
            await trio.lowlevel.checkpoint()

    loop.run(main)
    assert turns // LOOK_EVERY <= len(looks) <= turns // LOOK_EVERY + 2
