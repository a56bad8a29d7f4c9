"""The databags of the relation, as they are on the wire. All values are JSON."""

import re
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Json,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import (
    Url,
)  # to import pydantic.HttpUrl takes longer than all else in the package

_MAX_URL = 2083  # characters, as in pydantic.HttpUrl
_PATH = re.compile(r"(?:/(?:[\w.~-]|%[0-9a-f]{2})+)*/?", re.ASCII | re.IGNORECASE)


def _parsed(value: object, parse: ValidatorFunctionWrapHandler) -> Url:
    """Refuse what pydantic refuses, in words of our own."""
    try:
        url: Url = parse(value)
    except ValidationError:
        raise ValueError("is not a URL") from None
    return url


def _is_http(url: Url) -> Url:
    if url.scheme not in {"http", "https"}:
        raise ValueError("is not an http or https URL")
    if len(str(url)) > _MAX_URL:
        raise ValueError(f"is longer than {_MAX_URL} characters")
    return url


def _is_prefix(url: Url) -> Url:
    """Refuse what a server cannot put before its own paths, or a client not behind it.

    An empty segment is refused, too: a path that begins with ``//host`` leads to another host.
    """
    if url.username is not None or url.password is not None:
        raise ValueError("names a user")
    if url.query is not None or url.fragment is not None:
        raise ValueError("has a query or a fragment")
    if not _PATH.fullmatch(url.path or ""):
        raise ValueError("has a path of more than letters, digits and any of - . _ ~ %")
    return url


RouteUrl = Annotated[
    Url, WrapValidator(_parsed), AfterValidator(_is_http), AfterValidator(_is_prefix)
]


class _Frozen(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(
        defer_build=True, frozen=True, hide_input_in_errors=True
    )


class Route(_Frozen):
    """How clients reach the application."""

    url: RouteUrl


class ProviderApplicationBag(_Frozen):
    """What the provider's leader writes: nothing, until there is a route."""

    ingress: Json[Route | None] = None


def _wire_name(name: str) -> str:
    return name.replace("_", "-")


class RequirerApplicationBag(_Frozen):
    """What our leader writes: the request."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        alias_generator=_wire_name, validate_by_name=True
    )

    model: str
    name: str
    port: int
    strip_prefix: bool
    redirect_https: bool
    scheme: str


class RequirerUnitBag(_Frozen):
    """What each of our units writes: where it is."""

    host: str
    """Where one unit has none, providers take the route away from all of them."""
    ip: IPv4Address | IPv6Address | None
    """Some providers route to this, and not to the host."""
