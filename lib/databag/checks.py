"""Types of single values, each with a check.

A check raises :class:`ValueError` with a text that continues a sentence about the field, such as
"is empty". The text never holds the value, which may be a secret.
"""

import datetime
import ipaddress
import re
import ssl
import unicodedata
from collections.abc import Mapping
from typing import Annotated, TypeAlias

from pydantic import (
    AfterValidator,
    SecretStr,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import Url  # pydantic.HttpUrl takes far longer to import

from ._model import WireModel, from_text

_MAX_HOST = 253  # characters: RFC 1035, 2.3.4, without the length bytes
_MAX_LINE = 500  # characters
_MAX_LIST = 100  # entries
_MAX_PEM = 256 * 1024  # characters: more than all the CAs that a Linux distribution trusts
_MAX_SECRET = 4096  # characters
_MAX_URL = 2083  # characters, as in pydantic.HttpUrl

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE | re.ASCII)
_PORT = re.compile(r"[0-9]{1,5}")
_VERSION = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,4}){0,3})(?: .*)?", re.DOTALL)
_CERTIFICATE = re.compile(
    r"-----BEGIN CERTIFICATE-----\s([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----"
)
# Pebble writes its plan as YAML 1.2, and ops reads it as YAML 1.1. These plain scalars are text in
# 1.2, but a number, a date or an operator in 1.1.
_CHANGED_BY_YAML = re.compile(
    r"=|<<"
    r"|[-+]?0[bx](_+|[0-9a-fA-F_]{15,})"
    r"|\.[0-9][0-9_]*_[0-9_]*([eE][-+][0-9]+)?"
    r"|[-+]?[0-9_]{300,}(\.[0-9_]*)?([eE][-+][0-9]+)?"
    r"|[-+]?[0-9_.]+[eE][-+][0-9]{3,}"
)
_DATE = re.compile(r"([0-9]{4}-[0-9][0-9]?-[0-9][0-9]?)([Tt \t].*)?")


def check_text(text: str) -> str:
    """Accept text that reaches a workload unchanged, through Pebble's plan and an environment."""
    if not text:
        raise ValueError("is empty")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text.replace("\t", "")):
        raise ValueError("holds a control character")
    if _CHANGED_BY_YAML.fullmatch(text) or _is_changed_date(text):
        raise ValueError("is text that YAML would change on its way to the workload")
    return text


def _is_changed_date(text: str) -> bool:
    """Whether YAML 1.1 takes it for a date, and Pebble does not quote it.

    Pebble quotes dates that exist. It does not quote 2001-13-45, or a date with a time.
    """
    if (found := _DATE.fullmatch(text)) is None:
        return False
    try:
        datetime.date.fromisoformat(found[1])
    except ValueError:
        return True
    return found[2] is not None


def _check_secret(secret: SecretStr) -> SecretStr:
    if len(check_text(secret.get_secret_value())) > _MAX_SECRET:
        raise ValueError(f"is longer than {_MAX_SECRET} characters")
    return secret


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_MAX_LINE]


def _check_host(host: str) -> str:
    host = host.removesuffix(".")  # certificates name hosts without a final dot
    labels = host.split(".")
    if ":" in host:
        _check_address(host, "IPv6")
        zone = host.partition("%")[2]  # fe80::1%eth0
        if zone and not _LABEL.fullmatch(zone):
            raise ValueError("has a host with an IPv6 zone that is not a name")
    elif len(host) > _MAX_HOST or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError("has a host that is neither a DNS name nor an address")
    elif labels[-1].isdecimal():  # no top-level domain is a number (RFC 3696, 2)
        _check_address(host, "IPv4")
    return check_text(host)


def _check_address(host: str, kind: str) -> None:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise ValueError(f"has a host that is not an {kind} address") from None


def check_port(port: int) -> int:
    """Accept a TCP port."""
    if not 1 <= port <= 65535:
        raise ValueError("has a port that is not between 1 and 65535")
    return port


def split_list(text: str) -> tuple[str, ...]:
    """Split comma-separated text, in its order, without duplicates."""
    entries = text.split(",", _MAX_LIST)
    if len(entries) > _MAX_LIST:
        raise ValueError(f"has more than {_MAX_LIST} entries")
    return tuple(dict.fromkeys(entry.strip() for entry in entries))


def _split_endpoint(entry: str) -> Mapping[str, str | int]:
    host, colon, port = entry.rpartition(":")
    if not colon or not _PORT.fullmatch(port):
        raise ValueError("has an entry that is not host:port")
    is_bracketed = host.startswith("[") and host.endswith("]")
    if is_bracketed != (":" in host):
        raise ValueError("has an entry whose IPv6 address is not in brackets")
    return {"host": host[1:-1] if is_bracketed else host, "port": int(port)}


def _parse_flag(text: str) -> bool:
    word = text.strip().lower()
    if word not in ("true", "false"):
        raise ValueError("is neither true nor false")
    return word == "true"


def _parse_version(text: str) -> tuple[int, ...]:
    found = _VERSION.fullmatch(text.strip())
    if found is None:
        raise ValueError("is not a version")
    return tuple(map(int, found[1].split(".")))


def _check_pem(text: str) -> str:
    """Return only the certificates of a PEM file."""
    if len(text) > _MAX_PEM:
        raise ValueError(f"is longer than {_MAX_PEM} characters")
    blocks = ["".join(body.split()) for body in _CERTIFICATE.findall(text)]
    if not blocks or text.count("-----BEGIN CERTIFICATE-----") != len(blocks):
        raise ValueError("holds no complete certificate in PEM")
    pem = "".join(
        "-----BEGIN CERTIFICATE-----\n"
        + "".join(f"{block[start : start + 64]}\n" for start in range(0, len(block), 64))
        + "-----END CERTIFICATE-----\n"
        for block in blocks
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=pem)
        loaded, authorities = context.cert_store_stats(), context.get_ca_certs()
    except (ssl.SSLError, ValueError):  # a name in it may be invalid UTF-8
        raise ValueError("holds a certificate that OpenSSL cannot read") from None
    are_authorities = loaded["x509"] == loaded["x509_ca"]
    if are_authorities and all(each.get("subject") != each.get("issuer") for each in authorities):
        raise ValueError("has no root certificate")  # libpq wants a chain that ends in one
    return pem


def _parse_url(value: object, parse: ValidatorFunctionWrapHandler) -> Url:
    try:
        url: Url = parse(value)
    except ValidationError:  # its messages hold the value
        raise ValueError("is not a URL") from None
    if url.scheme not in {"http", "https"} or not url.host or url.port == 0:
        raise ValueError("is not a complete http or https URL")
    if len(str(url)) > _MAX_URL:
        raise ValueError(f"is longer than {_MAX_URL} characters")
    if url.username is not None or url.password is not None:
        raise ValueError("names a user")
    return url


Text: TypeAlias = Annotated[str, AfterValidator(check_text)]
"""Text that reaches a workload unchanged, through Pebble's plan and an environment variable."""
SecretText: TypeAlias = Annotated[SecretStr, AfterValidator(_check_secret)]
"""A password, or text with a password in it, that reaches a workload unchanged."""
OneLine: TypeAlias = Annotated[str, AfterValidator(_one_line)]
"""Text to show: printable, on one line, with at most 500 characters."""
Host: TypeAlias = Annotated[str, AfterValidator(_check_host)]
"""A DNS name without its final dot, an IPv4 address, or an IPv6 address without brackets."""
Port: TypeAlias = Annotated[int, AfterValidator(check_port)]
"""A TCP port, 1 to 65535."""
Flag: TypeAlias = Annotated[bool, from_text(_parse_flag)]
"""A Boolean: ``True``, ``true``, ``False`` or ``false``, as libraries differ."""
Version: TypeAlias = Annotated[tuple[int, ...], from_text(_parse_version)]
"""The numbers of ``14.15``, or of the longer form that a distribution's server reports."""
Pem: TypeAlias = Annotated[str, AfterValidator(_check_pem)]
"""CA certificates in PEM that OpenSSL can read, with a root, or a server's own certificate."""
HttpUrl: TypeAlias = Annotated[Url, WrapValidator(_parse_url)]
"""An http or https URL without a user."""


class Endpoint(WireModel):
    """Where a server listens. ``str()`` gives ``host:port``, with an IPv6 host in brackets."""

    host: Host
    port: Port

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _without_duplicates(endpoints: tuple[Endpoint, ...]) -> tuple[Endpoint, ...]:
    return tuple(dict.fromkeys(endpoints))


Endpoints: TypeAlias = Annotated[
    tuple[Annotated[Endpoint, from_text(_split_endpoint)], ...],
    from_text(split_list),
    AfterValidator(_without_duplicates),
]
"""Comma-separated ``host:port``, in its order, without duplicates."""
