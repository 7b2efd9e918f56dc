"""What stands around the daemon: its config's file, the signals that it gets, who starts it and reads its log."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import trio

from resolver.daemon.handover import Predecessor
from resolver.daemon.health import Process
from resolver.daemon.prepared import Prepared
from resolver.observe.frame_sinks import Connect
from resolver.observe.options import LogOptions

Hand = Callable[[trio.abc.Stream, bytes], Awaitable[None]]
Read = Callable[[], Awaitable[Prepared]]


def _nobody(said: object, /) -> None:
    """Who is not there hears nothing."""


@dataclass(frozen=True, slots=True)
class Around:
    """read: reads the config anew, raises ConfigError; None: there is no file. hangups: one item per SIGHUP.

    relog: has the log look like this. notify: tells the service manager, in the words of sd_notify(3); watchdog: the seconds
    within which it wants to hear from us again, None: never. hand: sends octets with a copy of each listening socket.
    predecessor: whose place is taken. pid: our own. tells: is there a service manager?
    process: what the kernel says of us. connect: to a dnstap collector's socket, waiting; None: there is no way.
    when_scarce: has this done whenever hardly any memory is left.
    """

    read: Read | None = None
    hangups: trio.MemoryReceiveChannel[None] | None = None
    relog: Callable[[LogOptions], None] = field(default=_nobody)
    notify: Callable[[str], None] = field(default=_nobody)
    watchdog: float | None = None
    hand: Hand | None = None
    predecessor: Predecessor | None = None
    pid: int = 0
    tells: bool = False
    process: Callable[[], Process | None] = lambda: None
    connect: Connect | None = None
    when_scarce: Callable[[Callable[[], None]], None] = field(default=_nobody)


NOTHING_AROUND: Final = Around()
