"""The version of a server: whatever it replies, the charm takes no harm."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

import pytest

from environment.free_ports import free_port
from version import ask_version


@contextmanager
def server(*pieces: bytes) -> Iterator[int]:
    """Listen on a port, and send a reply in pieces, with a pause after each, to whoever asks."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.recv(4096)
                for piece in pieces:
                    connection.sendall(piece)
                    time.sleep(0.2 if len(pieces) > 1 else 0)

        thread = Thread(target=serve)
        thread.start()
        port: int = listener.getsockname()[1]
        yield port
        thread.join()


def http(body: bytes, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\ncontent-length: %d\r\n\r\n%s" % (status, len(body), body)


RIGHT = http(b'{"version": "2.0.0"}')
LONG = b"2" * 65, b'2.0.0", "more": "' + b"x" * 10_000
WRONG = b'{"version": 2}', b'{"version": ""}', b'{"version": "a\\nb"}', b"{}", b"[]", b"\xff", b""


def test_the_version_that_the_server_says() -> None:
    with server(RIGHT) as port:
        assert ask_version(port) == "2.0.0"
    assert ask_version(free_port()) is None, "nobody listens"


@pytest.mark.parametrize(
    "reply",
    [
        *map(http, WRONG),
        *(http(b'{"version": "%s"}' % version) for version in LONG),
        http(b'{"version": "2.0.0"}', b"500 Internal Server Error"),
        b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{",
        b"this is no HTTP\r\n",
        b"",
    ],
)
def test_what_is_no_version(reply: bytes) -> None:
    with server(reply) as port:
        assert ask_version(port) is None


def test_a_server_that_answers_a_byte_at_a_time_does_not_hold_the_hook() -> None:
    """Each byte comes well within any timeout of a single read; who waits for all has a version."""
    with server(*(bytes([byte]) for byte in RIGHT)) as port:
        assert ask_version(port) is None
