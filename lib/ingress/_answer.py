"""What the provider has answered: one union, validated in one place."""

import re
from typing import Annotated, ClassVar, NamedTuple, TypeAlias

import ops
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Json,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import Url  # pydantic.HttpUrl takes longer to import than all else here

_MAX_URL = 2083  # characters, the limit of pydantic.HttpUrl
_PATH = re.compile(r"(?:/(?:[\w.~-]|%[0-9a-f]{2})+)*/?", re.ASCII | re.IGNORECASE)


class NotRelated(NamedTuple):
    """There is no relation, or it is going."""


class NotReady(NamedTuple):
    """The provider has not answered yet, or has taken its answer back."""

    missing: tuple[str, ...] = ("ingress",)
    """The keys of the wire that are missing."""


class PortRefused(NamedTuple):
    """The application listens on a port that providers refuse, so nothing is asked for.

    There is no route: the charm listens on another port, or tells the operator to set one.
    """

    port: int


class Invalid(NamedTuple):
    """The provider wrote something that cannot be used. Only the provider can mend it."""

    field: str
    """The key of the wire: ``ingress`` or ``ingress.url``."""
    reason: str
    """What is wrong with it, as the rest of a sentence. It never holds the value."""


def _parsed(value: object, parse: ValidatorFunctionWrapHandler) -> Url:
    """Refuse what pydantic refuses, in words of our own."""
    try:
        url: Url = parse(value)
    except ValidationError:
        raise ValueError("is not a URL") from None
    return url


def _http(url: Url) -> Url:
    if url.scheme not in {"http", "https"}:
        raise ValueError("is not an http or https URL")
    if len(str(url)) > _MAX_URL:
        raise ValueError(f"is longer than {_MAX_URL} characters")
    return url


def _prefix(url: Url) -> Url:
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


class Ready(BaseModel):
    """There is a route to the application."""

    model_config: ClassVar[ConfigDict] = ConfigDict(defer_build=True, frozen=True)

    url: Annotated[Url, WrapValidator(_parsed), AfterValidator(_http), AfterValidator(_prefix)]
    """Where clients find the application: scheme, host, port, and the path that is its prefix."""

    @property
    def root_path(self) -> str:
        """The prefix as servers want it, such as ``/model-app``; empty when there is none.

        It begins with one slash and ends with none. It holds letters, digits and ``-._~%/`` only,
        so it is safe in an environment variable, a header and a page.
        """
        return (self.url.path or "").rstrip("/")


Answer: TypeAlias = NotRelated | NotReady | PortRefused | Invalid | Ready


class _ProviderData(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(defer_build=True, frozen=True)

    ingress: Json[Ready | None] = None


def read_answer(relation: ops.Relation) -> NotReady | Invalid | Ready:
    """Read the provider's databag; never raise for what stands in it."""
    try:
        # Pydantic parses the JSON: json.loads raises RecursionError where lists are nested deeply.
        data = relation.load(_ProviderData, relation.app, decoder=_as_it_is)
    except ValidationError as error:
        return _invalid(error)
    return data.ingress or NotReady()


def _as_it_is(text: str) -> str:
    return text


def _invalid(error: ValidationError) -> Invalid:
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(map(str, first["loc"]))
    match first:
        case {"type": "value_error", "ctx": {"error": ValueError() as reason}}:
            return Invalid(field, str(reason))
        case {"type": "missing"}:
            return Invalid(field, "is missing")
        case _:
            return Invalid(field, "is not an object in JSON")
