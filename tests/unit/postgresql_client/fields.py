"""Every field of the databag, found in the models, and a sample of what may stand in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import get_args, get_origin

from pydantic import BaseModel, WrapValidator
from pydantic.fields import FieldInfo

from postgresql_client import Connected
from postgresql_client.testing import CA
from unit.postgresql_client.strategies import MARK


@dataclass(frozen=True)
class Field:
    """One field of :class:`Connected`, or of a model in it that is the content of a secret."""

    key: str
    """The key of the wire."""
    path: tuple[str, ...]
    """The names of the attributes that lead to it."""
    secret: str | None
    """The key that names the secret with this field; None where it is in the databag itself."""
    names_secret: bool
    is_required: bool
    is_lenient: bool
    default: str
    """What stands for a value that is missing, where one may be."""

    @property
    def is_confidential(self) -> bool:
        """Whether a value must not show: a credential, other than the name of the role."""
        return self.path[0] == "credentials" and self.path[1:] not in ((), ("username",))

    def value(self, connected: Connected) -> object:
        """Return the field's value in an answer."""
        value: object = connected
        for name in self.path:
            value = getattr(value, name)
        return value


def walk(
    model: type[BaseModel], path: tuple[str, ...] = (), secret: str | None = None
) -> Iterator[Field]:
    """Find the fields of a model, and of the models in it."""
    model.model_rebuild()  # which gives the fields their aliases
    for name, info in model.model_fields.items():
        key = str(info.validation_alias)
        contents = models(info)
        yield Field(
            key,
            (*path, name),
            secret,
            names_secret=bool(contents),
            is_required=info.is_required(),
            is_lenient=any(isinstance(each, WrapValidator) for each in info.metadata),
            default=repr(info.default),
        )
        for content in contents:
            yield from walk(content, (*path, name), key)


def models(info: FieldInfo) -> list[type[BaseModel]]:
    """Return the model that a field consists of, if it does."""
    annotation = info.annotation
    parts = get_args(annotation) if get_origin(annotation) is UnionType else (annotation,)
    return [part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)]


@dataclass(frozen=True)
class Sample:
    """What a provider may write, and what it may not. A value that must not show has the mark."""

    valid: str
    malformed: str


FIELDS = tuple(walk(Connected))
SAMPLES = {
    "endpoints": Sample("host:5432", f"host:{MARK}"),
    "read-only-endpoints": Sample("a:1,b:2", f"a:1,{MARK}"),
    "database": Sample("names", f"{MARK}\n"),
    "prefix-databases": Sample("names_a, names_b", f"{MARK},,names"),
    "version": Sample("14.15", f"14.{MARK}"),
    "subordinated": Sample("true", MARK),
    "status": Sample('[{"code": 4001, "message": "wait"}]', f'["{MARK}"]'),
    "secret-user": Sample("secret:user", f"secret {MARK}"),
    "username": Sample("role", f"{MARK}\n"),
    "password": Sample(f"a password{MARK}", f"{MARK}\n"),
    "uris": Sample(f"postgresql://role:{MARK}@host", f"{MARK}\n"),
    "read-only-uris": Sample(f"postgresql://role:{MARK}@a", f"{MARK}" * 4097),
    "secret-tls": Sample("secret:tls", f"secret {MARK}"),
    "tls": Sample("True", MARK),
    "tls-ca": Sample(CA, CA.replace("M", MARK, 1)),
}
"""By the key of the wire. Each field has a row, or a test fails."""


@dataclass(frozen=True)
class Written:
    """A databag, and the secrets that it names by their URIs."""

    databag: Mapping[str, str]
    secrets: Mapping[str, Mapping[str, str]]


def write(values: Mapping[str, str], *, in_secrets: bool) -> Written:
    """Lay out values by key: all in the databag, or those that can be in secrets there."""
    databag: dict[str, str] = {}
    secrets: dict[str, dict[str, str]] = {}
    homes = {field.key: field.secret for field in FIELDS}
    for key, value in values.items():
        home = homes[key]
        if in_secrets and home is not None:
            uri = SAMPLES[home].valid
            databag.setdefault(home, uri)
            secrets.setdefault(uri, {})[key] = value
        else:
            databag[key] = value
    return Written(databag, secrets)


def required() -> dict[str, str]:
    """Return the least that is an answer."""
    leaves = (field for field in FIELDS if field.is_required and not field.names_secret)
    return {field.key: SAMPLES[field.key].valid for field in leaves}
