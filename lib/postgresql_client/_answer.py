"""What the provider has answered: one union of four cases, parsed from the databag in one place."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, TypeVar

from pydantic import SecretStr

from ._values import (
    CaCertificates,
    Credentials,
    Endpoint,
    Entity,
    ProviderStatus,
    ServerVersion,
    Tls,
    parse_endpoints,
    parse_flag,
    parse_names,
    parse_statuses,
    require_identifier,
    require_printable,
)
from ._wire import ProviderData

_T = TypeVar("_T")
_SECRET_URI = re.compile(r"[\w:/.-]+", re.ASCII)

ReadSecret: TypeAlias = Callable[[str], Mapping[str, str] | None]
"""Gives the latest content of the secret with a URI, or None while it cannot be read."""


class NotRelated(NamedTuple):
    """There is no relation."""


class NotReady(NamedTuple):
    """The provider has not answered, or not completely. Each event may bring the rest.

    Juju sends no event when a secret becomes readable: read the answer again on every event.
    """

    missing: tuple[str, ...]
    """The keys of the wire that are still missing, or that name a secret not readable yet."""
    statuses: tuple[ProviderStatus, ...] = ()


class Invalid(NamedTuple):
    """The provider wrote something that cannot be used. Only the provider can mend it."""

    field: str
    """The key of the wire."""
    reason: str
    """What is wrong with it, as the rest of a sentence. It never holds the value."""
    statuses: tuple[ProviderStatus, ...] = ()


@dataclass(frozen=True)
class Connected:
    """The database is there, with all that it takes to use it."""

    endpoints: tuple[Endpoint, ...]
    """The primary's, at least one. Where there are several, any of them may be the primary."""
    credentials: Credentials
    tls: Tls | CaCertificates = Tls.OFF
    database: str | None = None
    """The database really made, which may differ from the one asked for. None when the provider
    does not say: then it is the one asked for."""
    version: ServerVersion | None = None
    read_only_endpoints: tuple[Endpoint, ...] = ()
    """The replicas'."""
    uris: SecretStr | None = None
    read_only_uris: SecretStr | None = None
    prefix_databases: tuple[str, ...] = ()
    """The databases there are, when a prefix was asked for."""
    statuses: tuple[ProviderStatus, ...] = ()

    def __post_init__(self) -> None:
        if not self.endpoints:
            raise ValueError("has no endpoints")


Answer: TypeAlias = NotRelated | NotReady | Invalid | Connected
EntityAnswer: TypeAlias = NotRelated | NotReady | Invalid | Entity


class Ignored(NamedTuple):
    """An optional field that is treated as absent because it is malformed."""

    field: str
    reason: str


class _MalformedError(Exception):
    """A required field is malformed. Raised and caught in this module only."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field} {reason}")
        self.field = field
        self.reason = reason


def parse_answer(
    data: ProviderData, read_secret: ReadSecret, is_remote_unit_ready: Callable[[], bool]
) -> tuple[Answer, tuple[Ignored, ...]]:
    """Give the databag its meaning; never raise.

    ``tls`` and ``tls-ca`` count as required once they are there: to treat them as absent would
    make the connection less safe than the provider says it has to be.
    """
    ignored: list[Ignored] = []

    def optional(field: str, text: str | None, parse: Callable[[str], _T]) -> _T | None:
        if text is None:
            return None
        try:
            return parse(text)
        except ValueError as error:
            ignored.append(Ignored(field, str(error)))
            return None

    statuses = optional("status", data.status, parse_statuses) or ()
    try:
        user = _login(data, read_secret)
        tls = _content("secret-tls", data.secret_tls, data, read_secret)
        subordinated = _required("subordinated", data.subordinated, parse_flag)
        endpoints = _required("endpoints", data.endpoints, parse_endpoints)
        database = _required("database", data.database, _identifier)
        credentials = None if user is None else _credentials(user)
        connection_security = Tls.OFF if tls is None else _tls(tls)
    except _MalformedError as error:
        return Invalid(error.field, error.reason, statuses), tuple(ignored)

    missing = [
        key
        for key, is_missing in {
            "endpoints": endpoints is None,
            "secret-user" if data.secret_user else "secret-entity": user is None,
            "username": user is not None and user.username is None,
            "password": user is not None and user.password is None,
            "secret-tls": tls is None,
        }.items()
        if is_missing
    ]
    if not missing and subordinated and not is_remote_unit_ready():
        missing.append("state")
    if missing or endpoints is None or credentials is None or user is None:
        return NotReady(tuple(missing), statuses), tuple(ignored)

    connected = Connected(
        endpoints=endpoints,
        credentials=credentials,
        tls=connection_security,
        database=database,
        version=optional("version", data.version, ServerVersion.parse),
        read_only_endpoints=optional(
            "read-only-endpoints", data.read_only_endpoints, parse_endpoints
        )
        or (),
        uris=optional("uris", _revealed(user.uris), _secret_text),
        read_only_uris=optional("read-only-uris", _revealed(user.read_only_uris), _secret_text),
        prefix_databases=optional("prefix-databases", data.prefix_databases, parse_names) or (),
        statuses=statuses,
    )
    return connected, tuple(ignored)


def _login(data: ProviderData, read_secret: ReadSecret) -> ProviderData | None:
    """Return the plain user, or the entity that was asked for in its place."""
    user = _content("secret-user", data.secret_user, data, read_secret)
    if data.secret_user is not None or (user is not None and user.username is not None):
        return user
    entity = _content("secret-entity", data.secret_entity, data, read_secret)
    if entity is None or entity.entity_name is None:
        return user if entity else None
    return ProviderData(username=entity.entity_name, password=entity.entity_password)


def parse_entity(data: ProviderData, read_secret: ReadSecret) -> NotReady | Invalid | Entity:
    """Give the answer to an entity request its meaning; never raise."""
    try:
        content = _content("secret-entity", data.secret_entity, data, read_secret)
        if content is None:
            return NotReady(("secret-entity",))
        if content.entity_name is None:
            return NotReady(("entity-name",))
        _required("entity-name", content.entity_name, _identifier)
        try:
            return Entity(content.entity_name, content.entity_password)
        except ValueError as error:
            return Invalid("entity-password", str(error))
    except _MalformedError as error:
        return Invalid(error.field, error.reason)


def _required(field: str, text: str | None, parse: Callable[[str], _T]) -> _T | None:
    """Parse a field that may be missing for now, but must not be malformed."""
    if text is None:
        return None
    try:
        return parse(text)
    except ValueError as error:
        raise _MalformedError(field, str(error)) from None


def _content(
    field: str, uri: str | None, data: ProviderData, read: ReadSecret
) -> ProviderData | None:
    """Return the content of a secret, from the databag where it is not in a secret.

    None means that there is a secret, but not one that can be read yet.
    """
    if uri is None:
        return data
    if not _SECRET_URI.fullmatch(uri):
        raise _MalformedError(field, "is not the URI of a secret")
    content = read(uri)
    return None if content is None else ProviderData.read(content)


def _identifier(text: str) -> str:
    require_identifier(text)
    return text


def _revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _secret_text(text: str) -> SecretStr:
    require_printable(text)
    return SecretStr(text)


def _credentials(user: ProviderData) -> Credentials | None:
    _required("username", user.username, _identifier)
    if user.username is None or user.password is None:
        return None
    try:
        return Credentials(user.username, user.password)
    except ValueError as error:
        raise _MalformedError("password", str(error)) from None


def _tls(tls: ProviderData) -> Tls | CaCertificates:
    if not _required("tls", tls.tls, parse_flag):
        return Tls.OFF
    return _required("tls-ca", tls.tls_ca, CaCertificates.parse) or Tls.WITHOUT_CA
