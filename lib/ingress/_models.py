"""The databags of ``ingress``. All values are JSON; the type of each field has its rules."""

import re
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field
from pydantic_core import Url

from databag import DashedModel, Json, WireModel
from databag.checks import HttpUrl

MAX_PORT = 65534
"""The highest port that providers accept: their validator refuses 65535."""

Scheme: TypeAlias = Literal["http", "https", "h2c"]
"""The protocol that the provider uses to reach the application."""

_PATH = re.compile(r"(?:/(?:[\w.~-]|%[0-9a-f]{2})+)*/?", re.ASCII | re.IGNORECASE)


def _check_prefix(url: Url) -> Url:
    """Refuse a path that a server cannot use as the prefix of its own paths.

    An empty segment is refused, too: a path that begins with ``//host`` leads to another host.
    """
    if url.query is not None or url.fragment is not None:
        raise ValueError("has a query or a fragment")
    if not _PATH.fullmatch(url.path or ""):
        raise ValueError("has a path of more than letters, digits and any of - . _ ~ %")
    return url


class Route(WireModel):
    """How clients reach the application."""

    url: Annotated[HttpUrl, AfterValidator(_check_prefix)]


class Ready(WireModel):
    """There is a route to the application."""

    ingress: Json[Route]

    @property
    def url(self) -> Url:
        """The URL of the application for clients: http or https; its path is the prefix."""
        return self.ingress.url

    @property
    def root_path(self) -> str:
        """The prefix without a final slash, such as ``/model-app``; empty if there is none.

        It consists of letters, digits and ``-._~%/``, so it is safe in an environment variable, a
        header and a web page.
        """
        return (self.url.path or "").rstrip("/")


class HealthCheck(WireModel):
    """How the provider finds out whether a unit is healthy. An unhealthy unit gets no requests.

    For a field that is None, the provider uses its own default.
    """

    path: Annotated[str, Field(pattern=r"^/[!-~]*$")]
    scheme: Literal["http", "https"] | None = None
    hostname: str | None = None
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    interval: Annotated[str, Field(pattern=r"^[0-9]+(ms|[smh])$")] | None = None
    """Such as ``30s``, which is Traefik's default."""
    timeout: Annotated[str, Field(pattern=r"^[0-9]+(ms|[smh])$")] | None = None
    """Such as ``5s``, which is Traefik's default."""


class RequirerApplication(DashedModel):
    """What the requirer's leader writes: the request."""

    model: Json[str]
    name: Json[str]
    port: Json[int]
    strip_prefix: Json[bool]
    redirect_https: Json[bool]
    scheme: Json[Scheme]
    health_check: Annotated[Json[HealthCheck | None], Field(alias="healthcheck_params")] = None


class RequirerUnit(WireModel):
    """What each of the requirer's units writes: its address."""

    host: Json[str]
    """If one unit has no host, providers remove the route of all units."""
    ip: Json[IPv4Address | IPv6Address | None]
    """Some providers route to this address instead of the host."""
