"""The version that the demo server says it has."""

import http.client
import socket

from pydantic_core import from_json

_HOST = "127.0.0.1"
_TIMEOUT = 1.0  # seconds; the server is in the same pod
_MAX_REPLY = 1024  # bytes
_MAX_VERSION = 64  # characters


def ask_version(port: int) -> str | None:
    """Return what ``GET /version`` says, or None while the server does not answer with a version."""
    connection = http.client.HTTPConnection(_HOST, port)
    with socket.socket() as connection.sock:  # not by name: to look one up takes longer than to ask
        try:
            connection.sock.settimeout(_TIMEOUT)
            connection.sock.connect((_HOST, port))
            connection.request("GET", "/version")
            response = connection.getresponse()
            if response.status != http.HTTPStatus.OK:
                return None
            reply = from_json(response.read(_MAX_REPLY))
        except (OSError, http.client.HTTPException, ValueError):
            return None
    match reply:
        case {"version": str(version)} if version.isprintable() and len(version) <= _MAX_VERSION:
            return version or None
        case _:
            return None
