"""What the provider has answered: one union of four cases. The rules of each field are in its type."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Annotated, Literal, NoReturn, TypeAlias, TypeVar

from pydantic import (
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import ErrorDetails, PydanticUseDefault

from ._checks import (
    Flag,
    Host,
    Identifier,
    Names,
    Pem,
    Port,
    Secret,
    Version,
    is_secret_uri,
    split_endpoint,
    split_list,
)
from ._wire import Wire, from_text, wire_key

SECRET_KEYS = ("secret-user", "secret-tls")
"""The keys that name secrets."""

_T = TypeVar("_T")
Severity: TypeAlias = Literal["informational", "transitory", "fatal"]
_SEVERITIES: dict[int, Severity] = {4: "transitory", 5: "fatal"}
_MAX_STATUSES = 100
_MAX_STATUS_TEXT = 64 * 1024  # characters

ReadSecret: TypeAlias = Callable[[str], Mapping[str, str] | None]
"""Gives the latest content of the secret with a URI, or None while it cannot be read."""


@dataclass(frozen=True)
class Ignored:
    """A lenient field that counts as missing because it is malformed."""

    field: str
    reason: str


def _reason(problem: ErrorDetails) -> str:
    """Return a check's own text. Pydantic's messages may hold the value."""
    error = problem.get("ctx", {}).get("error")
    return str(error) if isinstance(error, ValueError) else "is malformed"


def _use_default_if_malformed(
    value: object, validate: ValidatorFunctionWrapHandler, info: ValidationInfo
) -> object:
    try:
        return validate(value)
    except ValidationError as error:
        ignored: list[Ignored] | None = info.context
        if ignored is not None:
            ignored.append(Ignored(wire_key(info.field_name or ""), _reason(error.errors()[0])))
        raise PydanticUseDefault from None


Lenient: TypeAlias = Annotated[_T, WrapValidator(_use_default_if_malformed)]
"""A field that has its default where the provider wrote something malformed."""


class Endpoint(Wire):
    """Where a server listens. ``str()`` gives the form of the wire, ``host:port``."""

    host: Host
    port: Port

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


Endpoints: TypeAlias = Annotated[
    tuple[Annotated[Endpoint, from_text(split_endpoint)], ...], from_text(split_list)
]


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


class ProviderStatus(Wire):
    """A condition that the provider raises. Message and resolution are printable, on one line."""

    code: int
    message: Annotated[str, from_text(_one_line)]
    resolution: Annotated[str, from_text(_one_line)] = ""

    @property
    def severity(self) -> Severity:
        """The severity by the code's thousands: 4 transitory, 5 fatal, all others informational."""
        return _SEVERITIES.get(self.code // 1000, "informational")


def _parse_statuses(text: str) -> tuple[ProviderStatus, ...]:
    if len(text) > _MAX_STATUS_TEXT:
        raise ValueError(f"is longer than {_MAX_STATUS_TEXT} characters")
    try:
        statuses = TypeAdapter(tuple[ProviderStatus, ...]).validate_json(text)
    except ValidationError:
        raise ValueError("is not a JSON array of statuses") from None
    if len(statuses) > _MAX_STATUSES:
        raise ValueError(f"has more than {_MAX_STATUSES} entries")
    return statuses


def _refuse_text(_: str) -> NoReturn:
    """Refuse what stands where the content of a secret should: its URI, if that cannot be one."""
    raise ValueError("is not the URI of a secret")


class Credentials(Wire):
    """A role that may log in."""

    username: Identifier
    password: Secret
    uris: Lenient[Secret | None] = None
    """The provider's own connection string."""
    read_only_uris: Lenient[Secret | None] = None


class Tls(Wire):
    """Whether the server offers TLS, and what to verify it with."""

    enabled: Flag = False
    ca: Pem | None = None
    """The CA certificates in PEM; None where the provider sends none."""


class _Reported(Wire):
    statuses: Lenient[Annotated[tuple[ProviderStatus, ...], from_text(_parse_statuses)]] = ()
    """The conditions that the provider raises."""


class Connected(_Reported):
    """The provider's databag, complete and valid, with the contents of its secrets.

    A field without a default is required. A field with a default may be missing, but has to be
    right once it is there, unless it is :data:`Lenient`.
    """

    endpoints: Endpoints
    """The primary's, at least one. Where there are several, any of them may be the primary."""
    credentials: Annotated[Credentials, from_text(_refuse_text)]
    tls: Annotated[Tls, from_text(_refuse_text)] = Field(default_factory=Tls)
    database: Identifier | None = None
    """The database really made, which may differ from the one asked for. None when the provider
    does not say: then it is the one asked for."""
    subordinated: Flag = False
    """Whether the provider answers only once one of its units is ready, as it is by now."""
    version: Lenient[Version | None] = None
    """The server's, such as ``(14, 15)``."""
    read_only_endpoints: Lenient[Endpoints] = ()
    """The replicas'."""
    prefix_databases: Lenient[Names] = ()
    """The databases there are, when a prefix was asked for."""


@dataclass(frozen=True)
class NotRelated:
    """There is no relation, or it is going and its credentials are dead."""


@dataclass(frozen=True)
class NotReady:
    """The provider has not answered, or not completely. Each event may bring the rest.

    Juju sends no event when a secret becomes readable: read the answer again on every event.
    """

    missing: tuple[str, ...]
    """The keys of the wire that are still missing."""
    unreadable: tuple[str, ...] = ()
    """The keys that name a secret which Juju does not let the unit read (yet)."""
    statuses: tuple[ProviderStatus, ...] = ()


@dataclass(frozen=True)
class Invalid:
    """The provider wrote something that cannot be used. Only the provider can mend it."""

    field: str
    """The key of the wire."""
    reason: str
    """What is wrong with it, as the rest of a sentence. It never holds the value."""
    statuses: tuple[ProviderStatus, ...] = ()


Answer: TypeAlias = NotRelated | NotReady | Invalid | Connected


def parse_answer(
    databag: Mapping[str, str], read_secret: ReadSecret, is_remote_unit_ready: Callable[[], bool]
) -> tuple[NotReady | Invalid | Connected, tuple[Ignored, ...]]:
    """Validate a provider's databag, with its secrets; never raise."""
    ignored: list[Ignored] = []
    written = {key: text for key, text in databag.items() if text}
    contents = {key: _content(key, written, read_secret) for key in SECRET_KEYS}
    unreadable = tuple(key for key, content in contents.items() if content is None)
    wire = {key: value for key, value in {**written, **contents}.items() if value is not None}
    try:
        answer = Connected.model_validate(wire, context=ignored, by_alias=True, by_name=False)
    except ValidationError as error:
        reported = _Reported.model_validate(written, by_alias=True, by_name=False)
        return _explain(error, unreadable, reported.statuses), tuple(ignored)
    missing = ("state",) if answer.subordinated and not is_remote_unit_ready() else ()
    if missing or unreadable:
        return NotReady(missing, unreadable, answer.statuses), tuple(ignored)
    return answer, tuple(ignored)


def _content(
    key: str, written: Mapping[str, str], read_secret: ReadSecret
) -> Mapping[str, str] | str | None:
    """Return what a secret holds; None while it is unreadable; text that is no URI, as it is.

    Without a URI the databag itself is the content: plain values, as from a provider without
    secrets.
    """
    if (uri := written.get(key)) is None:
        return written
    if not is_secret_uri(uri):
        return uri
    content = read_secret(uri)
    return content and {name: text for name, text in content.items() if text}


def _explain(
    error: ValidationError, unreadable: tuple[str, ...], statuses: tuple[ProviderStatus, ...]
) -> NotReady | Invalid:
    missing: list[str] = []
    for problem in error.errors():
        field = [*takewhile(lambda part: isinstance(part, str), problem["loc"])][-1]
        if problem["type"] != "missing":
            return Invalid(str(field), _reason(problem), statuses)
        if field not in unreadable:
            missing.append(str(field))
    return NotReady(tuple(missing), unreadable, statuses)
