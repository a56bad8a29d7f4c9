"""What a charm may rely on: immutable values that are right by construction.

They extend tuples and text, and check in ``__new__``: each event makes the classes anew, and that
of a dataclass takes seven times as long to make. The ``_replace`` of a tuple does not check.

Constructors and parsers raise :class:`ValueError`. Its text says what is wrong with the value and
never repeats the value, which may be a secret.
"""

import binascii
import ipaddress
import re
from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple, Self

from pydantic import SecretStr, ValidationError

from ._wire import WireStatus

_PORT = re.compile(r"[0-9]{1,5}")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE | re.ASCII)
_VERSION = re.compile(r"([0-9]{1,4})((?:\.[0-9]{1,4})*)(?: .*)?", re.DOTALL)
_CERTIFICATE = re.compile(
    r"-----BEGIN CERTIFICATE-----\s([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----"
)
_MAX_IDENTIFIER = 63  # bytes, PostgreSQL's NAMEDATALEN - 1


def require_printable(text: str) -> None:
    """Raise :class:`ValueError` for text that cannot pass unchanged through YAML and environments."""
    if not text:
        raise ValueError("is empty")
    if not text.isprintable():
        raise ValueError("holds characters that are not printable")


def require_identifier(text: str) -> None:
    """Raise :class:`ValueError` for what cannot be the name of a PostgreSQL database or role."""
    require_printable(text)
    if len(text.encode()) > _MAX_IDENTIFIER:
        raise ValueError(f"is longer than PostgreSQL's {_MAX_IDENTIFIER} bytes")


class _Endpoint(NamedTuple):
    host: str
    """A DNS name, an IPv4 address, or an IPv6 address without brackets."""
    port: int
    """TCP port, 1 to 65535."""


class Endpoint(_Endpoint):
    """Where a server listens. ``str()`` gives the form of the wire, ``host:port``."""

    __slots__ = ()

    def __new__(cls, host: str, port: int) -> Self:
        _require_host(host)
        if not 1 <= port <= 65535:
            raise ValueError("has a port that is not between 1 and 65535")
        return super().__new__(cls, host, port)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse ``name:port``, ``192.0.2.1:port`` or ``[2001:db8::1]:port``."""
        host, colon, port = text.rpartition(":")
        if not colon or not _PORT.fullmatch(port):
            raise ValueError("has an entry that is not host:port")
        bracketed = host.startswith("[") and host.endswith("]")
        if bracketed != (":" in host):
            raise ValueError("has an entry whose IPv6 address is not in brackets")
        return cls(host=host[1:-1] if bracketed else host, port=int(port))


def _require_host(host: str) -> None:
    if ":" in host:
        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            raise ValueError("has a host that is not an IPv6 address") from None
        if not host.isascii() or not host.isprintable() or " " in host or "," in host:
            raise ValueError("has a host with an IPv6 zone that is not a name")  # fe80::1%zone
        return
    labels = host.removesuffix(".").split(".")
    if len(host) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError("has a host that is neither a DNS name nor an address")
    if labels[-1].isdecimal():  # no top-level domain is a number: an address then (RFC 3696, 2)
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            raise ValueError("has a host that is not an IPv4 address") from None


def parse_endpoints(text: str) -> tuple[Endpoint, ...]:
    """Parse the comma-separated endpoints of the wire: at least one, order kept, no duplicates."""
    return tuple(dict.fromkeys(Endpoint.parse(part.strip()) for part in text.split(",")))


def parse_names(text: str) -> tuple[str, ...]:
    """Parse comma-separated names of databases: at least one, order kept, no duplicates."""
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    for name in names:
        require_identifier(name)
    return names


def parse_flag(text: str) -> bool:
    """Parse a boolean: ``"True"`` from one provider's library, ``"true"`` from the other's."""
    match text.strip().lower():
        case "true":
            return True
        case "false":
            return False
        case _:
            raise ValueError("is neither true nor false")


class _Credentials(NamedTuple):
    username: str
    password: SecretStr


class Credentials(_Credentials):
    """A role that may log in."""

    __slots__ = ()

    def __new__(cls, username: str, password: SecretStr) -> Self:
        require_identifier(username)
        require_printable(password.get_secret_value())
        return super().__new__(cls, username, password)


class CaCertificates(str):
    """One or more CA certificates, in PEM."""

    __slots__ = ()

    def __new__(cls, pem: str) -> Self:
        if _pem(pem) != pem:
            raise ValueError("is not plain PEM")
        return super().__new__(cls, pem)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take the certificates out of a PEM file, and leave out what else is in it."""
        return cls(_pem(text))


def _pem(text: str) -> str:
    blocks = ["".join(body.split()) for body in _CERTIFICATE.findall(text)]
    try:
        ders = [binascii.a2b_base64(block, strict_mode=True) for block in blocks]
    except ValueError:
        raise ValueError("holds a certificate that is not base64") from None
    if not ders or not all(der.startswith(b"\x30") for der in ders):  # an ASN.1 sequence
        raise ValueError("holds no certificate in PEM")
    return "".join(
        "-----BEGIN CERTIFICATE-----\n"
        + "".join(f"{block[i : i + 64]}\n" for i in range(0, len(block), 64))
        + "-----END CERTIFICATE-----\n"
        for block in blocks
    )


class Tls(Enum):
    """What a provider offers that gives no :class:`CaCertificates` to verify it with."""

    OFF = "the provider does not say that it offers TLS"
    WITHOUT_CA = "the provider offers TLS, but nothing to verify it with"


class ServerVersion(tuple[int, ...]):
    """The version of the PostgreSQL server. ``str()`` gives it in the usual form, ``14.15``."""

    __slots__ = ()

    def __new__(cls, numbers: Iterable[int]) -> Self:
        version = super().__new__(cls, numbers)
        if not version or not all(0 <= number <= 9999 for number in version):
            raise ValueError("is not a version")
        return version

    def __str__(self) -> str:
        return ".".join(map(str, self))

    @property
    def major(self) -> int:
        """The number that decides about features and upgrades, such as 14."""
        return self[0]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse ``14.15``, or the longer form that a distribution's server reports."""
        found = _VERSION.fullmatch(text.strip())
        if found is None:
            raise ValueError("is not a version")
        major, rest = found.groups()
        return cls(tuple(map(int, f"{major}{rest}".split("."))))


class Severity(Enum):
    """What a provider's status means for the requirer."""

    INFORMATIONAL = "informational"
    TRANSITORY = "transitory"
    FATAL = "fatal"


class ProviderStatus(NamedTuple):
    """A condition that the provider raises. Message and resolution are printable, on one line."""

    code: int
    message: str
    resolution: str

    @property
    def severity(self) -> Severity:
        """The severity by the code's thousands: 4 transitory, 5 fatal, all others informational."""
        match self.code // 1000:
            case 4:
                return Severity.TRANSITORY
            case 5:
                return Severity.FATAL
            case _:
                return Severity.INFORMATIONAL


def parse_statuses(text: str) -> tuple[ProviderStatus, ...]:
    """Parse the JSON array of the provider's statuses."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - most answers have no statuses to pay for

    try:
        entries = TypeAdapter(tuple[WireStatus, ...]).validate_json(text)
    except ValidationError:
        raise ValueError("is not a JSON array of statuses") from None
    return tuple(
        ProviderStatus(entry.code, _one_line(entry.message), _one_line(entry.resolution))
        for entry in entries
    )


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


class _Entity(NamedTuple):
    name: str
    password: SecretStr | None
    """None for a group, which cannot log in."""


class Entity(_Entity):
    """A role that the provider made for an :class:`EntityRequest`."""

    __slots__ = ()

    def __new__(cls, name: str, password: SecretStr | None) -> Self:
        require_identifier(name)
        if password is not None:
            require_printable(password.get_secret_value())
        return super().__new__(cls, name, password)
