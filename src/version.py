"""The version that the demo server says it has."""

import socket
import time

from pydantic import BaseModel, ConfigDict, ValidationError

_HOST = "127.0.0.1"  # not by name: to look one up takes longer than to ask
_REQUEST = b"GET /version HTTP/1.0\r\nHost: localhost\r\nAccept: application/json\r\n\r\n"
_DEADLINE = 2.0  # seconds for the whole exchange; the server is in the same pod
_MAX_REPLY = 4096  # bytes
_MAX_VERSION = 64  # characters


class _Reply(BaseModel):
    model_config = ConfigDict(defer_build=True, strict=True)

    version: str


def ask_version(port: int) -> str | None:
    """Return what ``GET /version`` says, or None while the server does not answer with a version."""
    try:
        head, _, body = _exchange(port).partition(b"\r\n\r\n")
    except OSError:
        return None
    if not head.startswith((b"HTTP/1.0 200 ", b"HTTP/1.1 200 ")):
        return None
    try:
        version = _Reply.model_validate_json(body).version
    except ValidationError:
        return None
    return version if 0 < len(version) <= _MAX_VERSION and version.isprintable() else None


def _exchange(port: int) -> bytes:
    """Return all that the server sends until the deadline, which no slow sender can move."""
    deadline = time.monotonic() + _DEADLINE
    reply = b""
    with socket.create_connection((_HOST, port), timeout=_DEADLINE) as connection:
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
