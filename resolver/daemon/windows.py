"""Where machines look into the daemon: /metrics, /livez and /readyz at an address that may change while it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import trio

from resolver.env import Network, TcpListener, address_from_text
from resolver.observe.boundary import Boundary
from resolver.observe.http import serve_http
from resolver.observe.pages import Page


@dataclass(frozen=True, slots=True)
class Window:
    """One address, open; nobody is answered yet."""

    listener: TcpListener
    scope: trio.CancelScope = field(default_factory=trio.CancelScope)


class Windows:
    """The window of the moment, if any. pages: what is shown in it."""

    def __init__(
        self, network: Network, pages: Mapping[str, Page], background: trio.Nursery, boundary: Boundary
    ) -> None:
        self._network = network
        self._pages = pages
        self._background = background
        self._boundary = boundary
        self._text = ""
        self._window: Window | None = None

    async def open_other(self, text: str) -> Window | None:
        """A window at this address; None when it is the one there is, or "". Raises OSError."""
        if not text or text == self._text:
            return None
        return Window(await self._network.listen_tcp(address_from_text(text)))

    def replace(self, window: Window | None, text: str) -> None:
        """Show all in this window, which open_other gave for `text`, and nowhere else."""
        if text == self._text:
            return
        if self._window is not None:
            self._window.scope.cancel()
        self._text, self._window = text, window
        if window is not None:
            self._background.start_soon(self._show, window)

    async def _show(self, window: Window) -> None:
        with window.scope:
            await serve_http(window.listener, self._pages, self._boundary)
