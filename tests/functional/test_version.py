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
def server(reply: bytes) -> Iterator[int]:
    """Listen on a port, and send the same to whoever asks."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(reply)

        thread = Thread(target=serve)
        thread.start()
        port: int = listener.getsockname()[1]
        yield port
        thread.join()


def http(body: bytes, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\ncontent-length: %d\r\n\r\n%s" % (status, len(body), body)


def test_the_version_that_the_server_says() -> None:
    with server(http(b'{"version": "2.0.0"}')) as port:
        assert ask_version(port) == "2.0.0"


@pytest.mark.parametrize(
    "reply",
    [
        http(b'{"version": "2.0.0"}', b"500 Internal Server Error"),
        http(b'{"version": 2}'),
        http(b'{"version": ""}'),
        http(b'{"version": "two\\nlines"}'),
        http(b'{"version": "%s"}' % (b"2" * 65)),
        http(b'{"version": "2.0.0", "more": "%s"}' % (b"x" * 10_000)),
        http(b"{}"),
        http(b'["2.0.0"]'),
        http(b"\xff"),
        http(b""),
        b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{",
        b"this is no HTTP\r\n",
        b"",
    ],
)
def test_what_is_no_version(reply: bytes) -> None:
    with server(reply) as port:
        assert ask_version(port) is None


def test_nobody_listens() -> None:
    assert ask_version(free_port()) is None


def test_a_server_that_answers_a_byte_at_a_time_does_not_hold_the_hook() -> None:
    """Each byte comes well within any timeout of a single read; who waits for all has a version."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.recv(4096)
                for byte in http(b'{"version": "2.0.0"}'):
                    connection.sendall(bytes([byte]))
                    time.sleep(0.2)

        thread = Thread(target=serve)
        thread.start()
        assert ask_version(listener.getsockname()[1]) is None
        thread.join()
