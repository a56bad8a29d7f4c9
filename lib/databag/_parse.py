"""Parses a databag into an answer."""

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Generic, TypeAlias, TypeVar, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from ._answer import Invalid, NotReady
from ._model import FROM_SECRET, JSON, WireModel, reason_of, wire_fields, wire_key

logger = logging.getLogger(__name__)

M = TypeVar("M", bound=WireModel)

ReadSecret: TypeAlias = Callable[[str], Mapping[str, str] | None]
"""Returns the latest content of the secret with a URI, or None while it cannot be read."""

_PLAIN = re.compile(r"[\w:/.-]{1,100}", re.ASCII)  # the form of keys and of secrets' URIs


@dataclass(frozen=True)
class Reading(Generic[M]):
    """The result of parsing a databag."""

    answer: NotReady | Invalid | M
    ignored: tuple[Invalid, ...] = ()
    """The malformed lenient fields, which count as missing."""

    def log_ignored(self, source: str) -> None:
        """Log each ignored field, by its key, at WARNING."""
        for each in self.ignored:
            logger.warning("ignoring `%s` from %s: it %s", each.field, source, each.reason)


def parse(
    model: type[M], databag: Mapping[str, str], read_secret: ReadSecret = lambda _: None
) -> Reading[M]:
    """Return what a databag means, with the secrets that it names. No content makes it raise.

    Args:
        model: What the remote application writes.
        databag: What it has written.
        read_secret: Reads a secret, for models with a :data:`FromSecret` field. By default, no
            secret can be read.
    """
    fields = wire_fields(model)
    in_json = {key for key, field in fields.items() if JSON in field.metadata}
    written = {
        key: text
        for key, text in databag.items()
        if text and not (key in in_json and text.strip() == "null")
    }
    contents = _contents(fields, written, read_secret)
    unreadable = tuple(key for key, content in contents.items() if content is None)
    values = {key: value for key, value in {**written, **contents}.items() if value is not None}
    ignored: list[tuple[str, str]] = []
    answer: NotReady | Invalid | M
    try:
        answer = model.model_validate(values, context=ignored, by_alias=True, by_name=False)
        if unreadable:
            answer = NotReady(unreadable=unreadable)
    except ValidationError as error:
        answer = _explain(error, contents, unreadable)
    return Reading(answer, tuple(Invalid(wire_key(model, name), why) for name, why in ignored))


def _contents(
    fields: Mapping[str, FieldInfo], written: Mapping[str, str], read_secret: ReadSecret
) -> Mapping[str, Mapping[str, str] | None]:
    """Return the contents of the secrets, by the key that names each; None if unreadable.

    Without a URI, the databag itself is the content. An optional secret may have no key in it.
    """
    contents: dict[str, Mapping[str, str] | None] = {}
    for key, field in fields.items():
        uri = written.get(key)
        if FROM_SECRET not in field.metadata:
            continue
        if uri is None:
            if field.is_required() or _content_keys(field) & written.keys():
                contents[key] = written
        elif _PLAIN.fullmatch(uri):
            content = read_secret(uri)
            contents[key] = content and {name: text for name, text in content.items() if text}
    return contents


def _content_keys(field: FieldInfo) -> set[str]:
    """Return the keys of the model of a secret's content."""
    parts = (field.annotation, *get_args(field.annotation))
    models = [part for part in parts if isinstance(part, type) and issubclass(part, WireModel)]
    return {key for model in models for key in wire_fields(model)}


def _explain(
    error: ValidationError, secrets: Iterable[str], unreadable: tuple[str, ...]
) -> NotReady | Invalid:
    missing: list[str] = []
    for problem in error.errors(include_url=False, include_input=False):
        path = [str(part) for part in takewhile(_is_key, problem["loc"])]
        is_inside = len(path) < len(problem["loc"])
        if len(path) > 1 and path[0] in secrets:
            path = path[1:]  # a key of the secret, or of the databag in its place
        if problem["type"] != "missing" or is_inside or len(path) != 1:
            reason = reason_of(problem, is_inside=is_inside)
            return Invalid(".".join(path) or "databag", reason)
        if path[0] not in unreadable:
            missing.append(path[0])
    return NotReady(tuple(missing), unreadable)


def _is_key(part: str | int) -> bool:
    """Whether a part of an error's location can be shown. The remote application may choose it."""
    return isinstance(part, str) and _PLAIN.fullmatch(part) is not None
