"""A server that takes log lines as Loki does, and shows what Pebble has pushed."""

import http.server
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from pydantic import BaseModel


class _Stream(BaseModel):
    stream: Mapping[str, str]
    values: tuple[tuple[str, str], ...]


class _Push(BaseModel):
    streams: tuple[_Stream, ...]


@dataclass(frozen=True)
class LogSink:
    """What has been pushed to a URL."""

    url: str
    lines: list[str] = field(default_factory=list)
    labels: list[Mapping[str, str]] = field(default_factory=list)


@contextmanager
def log_sink() -> Iterator[LogSink]:
    """Run a sink at a port of its own."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            for pushed in _Push.model_validate_json(body).streams:
                sink.labels.append(pushed.stream)
                sink.lines.extend(line for _, line in pushed.values)
            self.send_response(http.HTTPStatus.NO_CONTENT)
            self.end_headers()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Requests are no news."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        sink = LogSink(f"http://127.0.0.1:{server.server_port}/loki/api/v1/push")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield sink
        finally:
            server.shutdown()
            thread.join()
