"""The demo server, seen from outside: HTTP."""

import http.client
import urllib.parse

from pydantic import BaseModel

from environment.waiting import wait_for


class _Names(BaseModel):
    names: dict[str, str]


class Server:
    """The demo server at a port of this machine."""

    def __init__(self, port: int) -> None:
        self.port = port

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        return f"http://localhost:{self.port}"

    def wait_until_up(self) -> None:
        """Return once the server answers."""
        wait_for("the server's answer", self.is_up)

    def is_up(self) -> bool:
        """Whether it answers ``GET /version``."""
        return self._request("GET", "/version")[0] == http.HTTPStatus.OK

    def get(self, path: str) -> tuple[int, str]:
        """Ask for a path; return the status and the text, 0 and no text without an answer."""
        status, body = self._request("GET", path)
        return status, body.decode()

    def add_name(self, name: str) -> bool:
        """``POST /addname/``; whether that worked."""
        status, _ = self._request("POST", "/addname/", urllib.parse.urlencode({"name": name}))
        return status == http.HTTPStatus.OK

    def names(self) -> list[str] | None:
        """``GET /names`` in order, or None when the server cannot tell."""
        status, body = self._request("GET", "/names")
        if status != http.HTTPStatus.OK:
            return None
        return list(_Names.model_validate_json(body).names.values())

    def _request(self, method: str, path: str, form: str | None = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("localhost", self.port, timeout=20)
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        try:
            connection.request(method, path, form, headers)
            response = connection.getresponse()
            return response.status, response.read()
        except OSError:
            return 0, b""
        finally:
            connection.close()
