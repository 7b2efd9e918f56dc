"""Corrosion's HTTP API as a real server, in threads: chunked streams that stay open, a token, an endpoint name."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

TOKEN: Final = "s3cret"
ENDPOINT: Final = "ams-1"
TABLES: Final = ("apps", "machines")


class FakeApi(ThreadingHTTPServer):
    """Streams of `/v1/updates/{table}`; `tell` sends a line to each, `hang_up` ends them cleanly."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._lock = threading.Lock()
        self._streams: list[_Handler] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @property
    def live(self) -> int:
        with self._lock:
            return len(self._streams)

    def open(self, stream: "_Handler") -> None:
        with self._lock:
            self._streams.append(stream)

    def tell(self, line: bytes) -> None:
        with self._lock:
            for stream in self._streams:
                stream.send_chunk(line + b"\n")

    def hang_up(self) -> None:
        with self._lock:
            for stream in self._streams:
                stream.send_chunk(b"")
                stream.over.set()
            self._streams.clear()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeApi

    def setup(self) -> None:
        super().setup()
        self.over = threading.Event()

    def do_POST(self) -> None:  # the base class looks for this name
        self.rfile.read(int(self.headers["Content-Length"]))
        table = self.path.removeprefix("/v1/updates/")
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            self._refuse(401, b"")
        elif self.headers["x-corrosion-requested-endpoint-name"] not in (None, ENDPOINT):
            self._refuse(421, b"")
        elif table not in TABLES:
            self._refuse(400, b'{"error":"table not found in schema: %s"}' % table.encode())
        else:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.server.open(self)
            self.over.wait()

    def send_chunk(self, octets: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(octets), octets))
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""

    def _refuse(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving_api() -> Iterator[FakeApi]:
    with FakeApi() as api:
        thread = threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield api
        finally:
            api.hang_up()
            api.shutdown()
            thread.join()
