"""A proxy in front of Pebble's socket, where one request of a hook goes wrong."""

import os
import signal
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

_FAILURE = (
    b'{"type":"error","status-code":500,"status":"Internal Server Error",'
    b'"result":{"message":"a fault of the test"}}'
)
_FAILED = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: %d\r\n\r\n%s" % (
    len(_FAILURE),
    _FAILURE,
)


class RequestFault(Enum):
    """What can go wrong with a request to Pebble."""

    KILLED_BEFORE = "the hook is killed before it"
    KILLED_AFTER = "the hook is killed after it, before the reply"
    FAILED = "Pebble answers with an error"
    RESET_BEFORE = "the connection is reset before it arrives"
    RESET_AFTER = "the connection is reset before the reply"
    TRUNCATED = "the reply is cut off"
    HANGING = "Pebble never replies"


@dataclass(frozen=True)
class _Armed:
    fault: RequestFault
    number: int


class FaultyPebble:
    """Passes requests on, one at a time, and counts them."""

    def __init__(self, pebble: Path, proxy: Path) -> None:
        self._pebble = pebble
        self._armed: _Armed | None = None
        self._is_counting = False
        self.socket = proxy
        self.requests: list[str] = []
        """The requests since :meth:`expect`, such as ``GET /v1/plan``."""

    def expect(self, fault: RequestFault | None = None, number: int = 0) -> None:
        """Count anew, and let the request of that number, from 0, go wrong."""
        self.requests = []
        self._is_counting = True
        self._armed = None if fault is None else _Armed(fault, number)

    def expect_nothing(self) -> None:
        """Count no more, and let nothing go wrong."""
        self._is_counting = False
        self._armed = None

    @contextmanager
    def run(self) -> Iterator[None]:
        """Accept requests."""
        faulty = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                client: socket.socket = self.request
                with suppress(OSError):  # the hook may be dead, and Pebble may be gone
                    faulty.serve(client)

        with socketserver.ThreadingUnixStreamServer(str(self.socket), Handler) as server:
            server.daemon_threads = True
            accepting = threading.Thread(target=server.serve_forever, args=(0.05,))
            accepting.start()
            try:
                yield
            finally:
                server.shutdown()
                accepting.join()
                self.socket.unlink()

    def serve(self, client: socket.socket) -> None:
        """Serve one connection, which has one request: the client of ops makes one for each."""
        match self._fault_of_next(client):
            case None:
                client.sendall(self._ask(_read_request(client)))
            case RequestFault.KILLED_BEFORE:
                _kill(client)
            case RequestFault.KILLED_AFTER:
                self._ask(_read_request(client))
                _kill(client)
            case RequestFault.FAILED:
                _read_request(client)
                client.sendall(_FAILED)
            case RequestFault.RESET_BEFORE:
                pass  # a connection that is closed with something unread is reset
            case RequestFault.RESET_AFTER:
                self._ask(_read_request(client))
            case RequestFault.TRUNCATED:
                reply = self._ask(_read_request(client))
                client.sendall(reply[: len(reply) // 2])
            case RequestFault.HANGING:
                _read_request(client)
                client.recv(1)  # until the client gives up

    def _fault_of_next(self, client: socket.socket) -> RequestFault | None:
        """Count the request that comes, without taking it; return what is to happen to it."""
        line = client.recv(4096, socket.MSG_PEEK).partition(b"\r\n")[0].decode()
        armed, number = self._armed, len(self.requests)
        if self._is_counting:
            self.requests.append(line.removesuffix(" HTTP/1.1").partition("?")[0])
        return armed.fault if armed is not None and armed.number == number else None

    def _ask(self, request: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX) as pebble:
            pebble.connect(str(self._pebble))
            pebble.sendall(request)
            return b"".join(iter(lambda: pebble.recv(65536), b""))


def _kill(client: socket.socket) -> None:
    """Kill the process at the other end."""
    credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    process: int = struct.unpack("3i", credentials)[0]
    os.kill(process, signal.SIGKILL)


def _read_request(client: socket.socket) -> bytes:
    """Read one request to its end, be its body of a known length or in chunks."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += _more(client)
    head, _, body = request.partition(b"\r\n\r\n")
    headers = head.lower()
    if b"\r\ntransfer-encoding: chunked" in headers:
        while not body.endswith(b"0\r\n\r\n"):
            body += _more(client)
    elif b"\r\ncontent-length: " in headers:
        length = int(headers.partition(b"\r\ncontent-length: ")[2].split(b"\r\n")[0])
        while len(body) < length:
            body += _more(client)
    return head + b"\r\n\r\n" + body


def _more(client: socket.socket) -> bytes:
    data = client.recv(65536)
    if not data:
        raise ConnectionError("the client has gone in the middle of its request")
    return data
