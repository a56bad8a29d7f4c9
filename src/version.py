"""The version that the demo server says it has."""

import http.client

from pydantic import BaseModel, ValidationError

_TIMEOUT = 1.0  # seconds; the server is in the same pod
_MAX_REPLY = 1024  # bytes
_MAX_VERSION = 64  # characters


class _Reply(BaseModel):
    version: str


def ask_version(port: int) -> str | None:
    """Return what ``GET /version`` says, or None while the server does not answer with a version."""
    connection = http.client.HTTPConnection("localhost", port, timeout=_TIMEOUT)
    try:
        connection.request("GET", "/version")
        response = connection.getresponse()
        if response.status != http.HTTPStatus.OK:
            return None
        version = _Reply.model_validate_json(response.read(_MAX_REPLY)).version
    except (OSError, http.client.HTTPException, ValidationError):
        return None
    finally:
        connection.close()
    return version if version.isprintable() and 0 < len(version) <= _MAX_VERSION else None
