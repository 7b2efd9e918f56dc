"""What machines are shown: /metrics, /livez and /readyz, each as a status, a content type and octets."""

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Final

TEXT: Final = "text/plain; charset=utf-8"
EXPOSITION: Final = "text/plain; version=0.0.4; charset=utf-8"  # Prometheus' text format
OPEN_EXPOSITION: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"
AS_OPENMETRICS: Final = " as OpenMetrics"  # behind a path, where no request can have it

Page = Callable[[], Awaitable[tuple[HTTPStatus, str, bytes]]]  # status, content type, body
Lines = Callable[[], Sequence[str]]


def pages(
    exposition: Callable[[], Awaitable[bytes]],
    open_exposition: Callable[[], Awaitable[bytes]],
    problems: Lines,
    remarks: Lines,
    checks: Lines,
) -> dict[str, Page]:
    """/metrics, /livez (the event loop turns) and /readyz (503 and a line each while there are `problems`).

    open_exposition: the same as OpenMetrics, given to who asks for that. remarks: what is shown there too, but makes nobody
    unready. checks: a line each, for /readyz?verbose.
    """

    async def metrics() -> tuple[HTTPStatus, str, bytes]:
        return HTTPStatus.OK, EXPOSITION, await exposition()

    async def open_metrics() -> tuple[HTTPStatus, str, bytes]:
        return HTTPStatus.OK, OPEN_EXPOSITION, await open_exposition()

    async def livez() -> tuple[HTTPStatus, str, bytes]:
        return HTTPStatus.OK, TEXT, b"ok\n"

    async def readyz() -> tuple[HTTPStatus, str, bytes]:
        found = problems()
        body = "".join(f"{line}\n" for line in (*(found or ("ok",)), *(f"remark: {said}" for said in remarks())))
        return (HTTPStatus.SERVICE_UNAVAILABLE if found else HTTPStatus.OK), TEXT, body.encode()

    async def verbose() -> tuple[HTTPStatus, str, bytes]:
        status, content_type, body = await readyz()
        return status, content_type, body + "".join(f"{line}\n" for line in ("", *checks())).encode()

    return {
        "/metrics": metrics,
        f"/metrics{AS_OPENMETRICS}": open_metrics,
        "/livez": livez,
        "/readyz": readyz,
        "/readyz?verbose": verbose,
    }
