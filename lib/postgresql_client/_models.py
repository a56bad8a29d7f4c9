"""The databags of ``postgresql_client``. The type of each field has its rules."""

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from databag import DashedModel, FromSecret, Json, Lenient, from_text
from databag.checks import (
    Endpoints,
    Flag,
    OneLine,
    Pem,
    SecretText,
    Version,
    check_text,
    split_list,
)

_MAX_IDENTIFIER = 63  # bytes: PostgreSQL's NAMEDATALEN - 1
_MAX_STATUSES = 100

Severity: TypeAlias = Literal["informational", "transitory", "fatal"]
_SEVERITIES: dict[int, Severity] = {4: "transitory", 5: "fatal"}


def check_identifier(name: str) -> str:
    """Accept a possible name of a PostgreSQL database or role."""
    if len(check_text(name).encode()) > _MAX_IDENTIFIER:
        raise ValueError(f"is longer than PostgreSQL's {_MAX_IDENTIFIER} bytes")
    return name


Identifier: TypeAlias = Annotated[str, AfterValidator(check_identifier)]
"""The name of a database or a role."""
Identifiers: TypeAlias = Annotated[tuple[Identifier, ...], from_text(split_list)]
"""Comma-separated names."""


class Credentials(DashedModel):
    """A role that may log in."""

    username: Identifier
    password: SecretText
    uris: Lenient[SecretText | None] = None
    """The provider's own connection string."""
    read_only_uris: Lenient[SecretText | None] = None


class Tls(DashedModel):
    """Whether the server offers TLS, and the CA to verify it with."""

    enabled: Annotated[Flag, Field(alias="tls")] = False
    ca: Annotated[Pem | None, Field(alias="tls-ca")] = None
    """The CA certificates in PEM; None where the provider sends none."""


class Connected(DashedModel):
    """The provider's databag, complete and valid, with the content of its secrets."""

    endpoints: Endpoints
    """The primary's, at least one. Where there are several, any of them may be the primary."""
    credentials: Annotated[FromSecret[Credentials], Field(alias="secret-user")]
    tls: Annotated[FromSecret[Tls], Field(alias="secret-tls")] = Field(default_factory=Tls)
    database: Identifier | None = None
    """The database that the provider created; its name may differ from the requested one. None if
    the provider does not say: then it is the requested one."""
    subordinated: Flag = False
    """Whether to wait until one of the provider's units is ready."""
    version: Lenient[Version | None] = None
    """The server's, such as ``(14, 15)``."""
    read_only_endpoints: Lenient[Endpoints] = ()
    """The replicas'."""
    prefix_databases: Lenient[Identifiers] = ()
    """The existing databases, if a prefix was requested."""


class ProviderStatus(DashedModel):
    """A condition that the provider raises."""

    code: Annotated[int, Field(strict=True)]
    message: OneLine
    resolution: OneLine = ""

    @property
    def severity(self) -> Severity:
        """The severity by the code's thousands: 4 transitory, 5 fatal, all others informational."""
        return _SEVERITIES.get(self.code // 1000, "informational")


class Reported(DashedModel):
    """The conditions that the provider raises, whatever its answer."""

    status: Lenient[
        Json[Annotated[tuple[ProviderStatus, ...], Field(max_length=_MAX_STATUSES)]]
    ] = ()


class RequestData(DashedModel):
    """What the requirer's leader writes."""

    database: str
    requested_secrets: Json[tuple[str, ...]] = (
        "username",
        "password",
        "tls",
        "tls-ca",
        "uris",
        "read-only-uris",
    )
    extra_user_roles: str = ""
    external_node_connectivity: str = ""
