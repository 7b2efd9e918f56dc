"""The pages as tests serve them, and what is said of them over HTTP."""

import trio

from resolver.observe.http_messages import respond
from resolver.observe.pages import Page, pages


def of(problems: list[str], remarks: tuple[str, ...] = ()) -> dict[str, Page]:
    async def exposition() -> bytes:
        return b"a_total 1.0\n" * (200 if "much" in problems else 1)

    async def open_exposition() -> bytes:
        return b"a_total 1.0\n# EOF\n"

    return pages(exposition, open_exposition, lambda: problems, lambda: remarks, lambda: ("state_database ok",))


def answer_to(head: bytes, served: dict[str, Page]) -> bytes:
    said = bytearray(head)

    async def receive(most: int) -> bytes:
        given = bytes(said[:most])
        del said[:most]
        return given

    return trio.run(respond, receive, served)


def split(response: bytes) -> tuple[str, str]:
    head, _, body = response.decode().partition("\r\n\r\n")
    assert f"Content-Length: {len(body.encode())}" in head.split("\r\n")
    return head.split("\r\n")[0], body
