"""The tour: asks the daemon one question after the other, prints what came back and why, and says whether it was right."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import dns.exception
import dns.message
import dns.rcode
import trio
from dns.message import Message
from rich.console import Console
from rich.markup import escape

from resolver.demo.check import Heard, info_codes
from resolver.demo.internet import Internet
from resolver.demo.steps import OUR_CLIENT, Step
from resolver.env import Address, Network

PATIENCE: Final = 12.0  # s for a reply; the daemon owes one within 10
ASK_AGAIN: Final = 0.5  # s between two questions of a step that has patience
PAYLOAD: Final = 1232


class Tour:
    """Shows steps on a console."""

    def __init__(
        self,
        server: Address,
        internet: Internet,
        networks: dict[str, Network],
        now: Callable[[], float],
        console: Console,
    ) -> None:
        """networks: for each client address of the steps, the network as it is seen from there. now: monotonic seconds."""
        self._server = server
        self._internet = internet
        self._networks = networks
        self._now = now
        self._console = console

    async def show(self, steps: Iterable[Step]) -> int:
        """Show every step; returns how many were not right."""
        failed = 0
        for number, step in enumerate(steps, start=1):
            self._console.print(f"\n[bold]{number}. {escape(step.title)}[/bold]")
            self._console.print(f"   [cyan]$ {escape(dig_line(step, self._server))}[/cyan]")
            heard, wrong = await self._ask_until_right(step)
            for line in shown(heard):
                self._console.print(f"   {escape(line)}", soft_wrap=True)
            verdict = f"[red]✗ {escape(wrong)}[/red]" if wrong else f"[green]✓[/green] {escape(step.why)}"
            self._console.print(f"   {verdict}", soft_wrap=True)
            failed += bool(wrong)
        return failed

    async def _ask_until_right(self, step: Step) -> tuple[Heard, str]:
        await trio.sleep(step.rest)
        if step.change is not None:
            step.change(self._internet)
        for server in self._internet.servers.values():
            server.forget_asked()
        end = self._now() + step.patience
        while True:
            heard = await self._ask(step)
            wrong = step.check(heard, self._internet)
            if not wrong or self._now() >= end:
                return heard, wrong
            await trio.sleep(ASK_AGAIN)

    async def _ask(self, step: Step) -> Heard:
        query = dns.message.make_query(step.qname, step.qtype, use_edns=0, payload=PAYLOAD)
        began = self._now()
        message: Message | None = None
        channel = self._networks[step.client].open_udp(self._server)
        try:
            channel.send(query.to_wire())
            with trio.move_on_after(PATIENCE):
                message = await _reply(channel.receive, query)
        except OSError:
            pass  # nobody is there: shown as no reply
        finally:
            channel.close()
        return Heard(message, self._now() - began)


def dig_line(step: Step, server: Address) -> str:
    """The command with which a person asks the same."""
    source = "" if step.client == OUR_CLIENT else f" -b {step.client}"
    return f"dig @{server.host} -p {server.port}{source} {step.qtype} {step.qname}"


def shown(heard: Heard) -> list[str]:
    """The reply in a few lines: its RCODE, its records, its reasons."""
    if heard.message is None:
        return ["no reply"]
    message = heard.message
    codes = "".join(f", EDE {code}" for code in info_codes(heard))
    lines = [f"{dns.rcode.to_text(message.rcode())} in {heard.seconds * 1000:.0f} ms{codes}"]
    for rrset in (*message.answer, *message.authority):
        lines += rrset.to_text().splitlines()
    return lines


async def _reply(receive: Callable[[], Awaitable[bytes]], query: Message) -> Message:
    while True:
        try:
            message = dns.message.from_wire(await receive())
        except dns.exception.DNSException:
            continue
        if query.is_response(message):
            return message
