"""The types of single values, each with the check that its name promises.

A check raises :class:`ValueError` with the rest of a sentence about the value ("is empty"). The
text never holds the value, which may be a secret.
"""

import datetime
import ipaddress
import re
import ssl
import unicodedata
from collections.abc import Mapping
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, SecretStr

from ._wire import from_text

_MAX_IDENTIFIER = 63  # bytes: PostgreSQL's NAMEDATALEN - 1
_MAX_SECRET = 4096  # characters of a password or a URI
_MAX_PEM = 256 * 1024  # characters: more than all the CAs that a Linux distribution trusts
_MAX_LIST = 100  # entries of a list
_MAX_HOST = 253  # characters: RFC 1035, 2.3.4, without the length bytes

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE | re.ASCII)
_PORT = re.compile(r"[0-9]{1,5}")
_VERSION = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,4}){0,3})(?: .*)?", re.DOTALL)
_SECRET_URI = re.compile(r"[\w:/.-]{1,100}", re.ASCII)
_CERTIFICATE = re.compile(
    r"-----BEGIN CERTIFICATE-----\s([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----"
)
# Plain scalars that are text in YAML 1.2, by which Pebble writes its plan, but a number, a date or
# an operator in YAML 1.1, by which ops reads it.
_BENT_BY_YAML = re.compile(
    r"=|<<"
    r"|[-+]?0[bx](_+|[0-9a-fA-F_]{15,})"
    r"|\.[0-9][0-9_]*_[0-9_]*([eE][-+][0-9]+)?"
    r"|[-+]?[0-9_]{300,}(\.[0-9_]*)?([eE][-+][0-9]+)?"
    r"|[-+]?[0-9_.]+[eE][-+][0-9]{3,}"
)
_DATE = re.compile(r"([0-9]{4}-[0-9][0-9]?-[0-9][0-9]?)([Tt \t].*)?")


def is_secret_uri(text: str) -> bool:
    """Whether ``text`` may name a Juju secret, of this model or of another one."""
    return _SECRET_URI.fullmatch(text) is not None


def _unchanged(text: str) -> str:
    """Accept text that reaches a workload unchanged, through Pebble's plan and an environment."""
    if not text:
        raise ValueError("is empty")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text.replace("\t", "")):
        raise ValueError("holds a control character")
    if _BENT_BY_YAML.fullmatch(text) or _is_bent_date(text):
        raise ValueError("is text that YAML would change on its way to the workload")
    return text


def _is_bent_date(text: str) -> bool:
    """Whether it has the form of a date. Pebble quotes those that are in the calendar."""
    if (found := _DATE.fullmatch(text)) is None:
        return False
    try:
        datetime.date.fromisoformat(found[1])
    except ValueError:
        return True
    return found[2] is not None


def check_identifier(name: str) -> str:
    """Accept what can be the name of a PostgreSQL database or role."""
    if len(_unchanged(name).encode()) > _MAX_IDENTIFIER:
        raise ValueError(f"is longer than PostgreSQL's {_MAX_IDENTIFIER} bytes")
    return name


def _check_secret(secret: SecretStr) -> SecretStr:
    if len(_unchanged(secret.get_secret_value())) > _MAX_SECRET:
        raise ValueError(f"is longer than {_MAX_SECRET} characters")
    return secret


def _check_host(host: str) -> str:
    labels = host.removesuffix(".").split(".")
    if ":" in host:
        _check_address(host, "IPv6")
        zone = host.partition("%")[2]  # fe80::1%eth0
        if zone and not _LABEL.fullmatch(zone):
            raise ValueError("has a host with an IPv6 zone that is not a name")
    elif len(host) > _MAX_HOST or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError("has a host that is neither a DNS name nor an address")
    elif labels[-1].isdecimal():  # no top-level domain is a number (RFC 3696, 2)
        _check_address(host, "IPv4")
    return _unchanged(host)


def _check_address(host: str, kind: str) -> None:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise ValueError(f"has a host that is not an {kind} address") from None


def _check_port(port: int) -> int:
    if not 1 <= port <= 65535:
        raise ValueError("has a port that is not between 1 and 65535")
    return port


def split_list(text: str) -> tuple[str, ...]:
    """Split comma-separated text: order kept, no duplicates."""
    entries = tuple(dict.fromkeys(entry.strip() for entry in text.split(",", _MAX_LIST)))
    if len(entries) > _MAX_LIST:
        raise ValueError(f"has more than {_MAX_LIST} entries")
    return entries


def split_endpoint(entry: str) -> Mapping[str, str | int]:
    """Split ``host:port`` or ``[IPv6]:port``."""
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
    """Take the certificates out of a PEM file, and leave out what else is in it."""
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
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except ssl.SSLError:
        raise ValueError("holds a certificate that OpenSSL cannot read") from None
    return pem


Identifier: TypeAlias = Annotated[str, AfterValidator(check_identifier)]
"""The name of a database or a role."""
Secret: TypeAlias = Annotated[SecretStr, AfterValidator(_check_secret)]
"""A password, or a URI with a password in it."""
Host: TypeAlias = Annotated[str, AfterValidator(_check_host)]
"""A DNS name, an IPv4 address, or an IPv6 address without brackets."""
Port: TypeAlias = Annotated[int, AfterValidator(_check_port)]
"""A TCP port, 1 to 65535."""
Flag: TypeAlias = Annotated[bool, from_text(_parse_flag)]
"""``"True"`` from one provider's library, ``"true"`` from the other's."""
Version: TypeAlias = Annotated[tuple[int, ...], from_text(_parse_version)]
"""The numbers of ``14.15``, or of the longer form that a distribution's server reports."""
Pem: TypeAlias = Annotated[str, AfterValidator(_check_pem)]
"""One or more certificates that OpenSSL can read, in PEM."""
Names: TypeAlias = Annotated[tuple[Identifier, ...], from_text(split_list)]
"""Comma-separated names."""
