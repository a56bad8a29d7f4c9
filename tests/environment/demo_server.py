"""The demo server, seen from outside: HTTP."""

import http.client
import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass

from environment.waiting import wait_for


@dataclass(frozen=True)
class Reply:
    """What the server answers: status 0 and no text where there is no answer."""

    status: int
    text: str = ""
    location: str = ""
    """Where a redirect leads to."""


class Server:
    """The demo server at a port of this machine."""

    def __init__(self, port: int) -> None:
        self.port = port

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def wait_until_up(self) -> None:
        """Return once the server answers ``GET /version``."""
        wait_for("the server's answer", lambda: self.ask("/version").status == http.HTTPStatus.OK)

    def add_name(self, name: str) -> bool:
        """``POST /addname/``; whether that worked."""
        return self.ask("/addname/", {"name": name}).status == http.HTTPStatus.OK

    def names(self) -> list[str] | None:
        """``GET /names`` in order, or None when the server cannot tell."""
        reply = self.ask("/names")
        if reply.status != http.HTTPStatus.OK:
            return None
        content: dict[str, dict[str, str]] = json.loads(reply.text)
        return list(content["names"].values())

    def ask(
        self,
        path: str,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        client: str = "",
    ) -> Reply:
        """Get a path, or post a form to it, from an address of this machine if that matters."""
        source = (client, 0) if client else None
        connection = http.client.HTTPConnection(
            client or "localhost", self.port, timeout=20, source_address=source
        )
        body = None if form is None else urllib.parse.urlencode(form)
        sent = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        try:
            connection.request("GET" if body is None else "POST", path, body, sent)
            response = connection.getresponse()
            location = response.headers.get("Location", "")
            return Reply(response.status, response.read().decode(), location)
        except OSError:
            return Reply(0)
        finally:
            connection.close()
