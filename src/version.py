"""The version that the demo server reports."""

import socket
import time

from pydantic import BaseModel, ConfigDict, ValidationError

_IPV4, _IPV6 = "127.0.0.1", "::1"  # looking up a name takes longer than the request
_REQUEST = b"GET /version HTTP/1.0\r\nHost: localhost\r\nAccept: application/json\r\n\r\n"
_DEADLINE = 2.0  # seconds for the whole exchange; the server is in the same pod
_MAX_REPLY = 4096  # bytes
_MAX_VERSION = 64  # characters


class _Reply(BaseModel):
    model_config = ConfigDict(defer_build=True, strict=True)

    version: str


def ask_version(port: int) -> str | None:
    """Return the version that ``GET /version`` reports, or None if there is none."""
    try:
        head, _, body = _read_reply(port).partition(b"\r\n\r\n")
    except OSError:
        return None
    if not head.startswith((b"HTTP/1.0 200 ", b"HTTP/1.1 200 ")):
        return None
    try:
        version = _Reply.model_validate_json(body).version
    except ValidationError:
        return None
    return version if 0 < len(version) <= _MAX_VERSION and version.isprintable() else None


def _read_reply(port: int) -> bytes:
    """Return what the server sends before the deadline, which a slow server cannot extend."""
    deadline = time.monotonic() + _DEADLINE
    reply = b""
    with _connect(port) as connection:
        connection.sendall(_REQUEST)
        while len(reply) < _MAX_REPLY:
            if (remaining := deadline - time.monotonic()) <= 0:
                raise TimeoutError
            connection.settimeout(remaining)
            received = connection.recv(_MAX_REPLY)
            if not received:
                break
            reply += received
    return reply


def _connect(port: int) -> socket.socket:
    """Return a connection to the server, which listens on IPv4 or on IPv6."""
    try:
        return socket.create_connection((_IPV4, port), timeout=_DEADLINE)
    except ConnectionRefusedError:
        return socket.create_connection((_IPV6, port), timeout=_DEADLINE)
