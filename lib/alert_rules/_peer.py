"""What the applications at the other end write: nothing that a hook may fail on."""

from dataclasses import dataclass
from typing import Annotated, TypeVar

import ops
from pydantic import AfterValidator
from pydantic_core import from_json

_Bag = TypeVar("_Bag")
_MAX_LINE = 500  # characters


@dataclass(frozen=True)
class Objection:
    """What a related application says is wrong with what it was given."""

    application: str
    """The name of the application that says so."""
    reason: str
    """In its own words, on one line."""


def load_or_none(
    relation: ops.Relation, source: ops.Unit | ops.Application, bag: type[_Bag]
) -> _Bag | None:
    """Return the JSON values that somebody else wrote, or None where they are malformed."""
    try:
        return relation.load(bag, source, decoder=_from_json)
    except ValueError:
        return None


def _from_json(text: str) -> object:
    # Unlike json.loads it has a limit for nested values, and raises ValueError for all that is
    # malformed; from bytes, as then text that is no unicode is a ValueError, too.
    return from_json(text.encode())


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_MAX_LINE]


OneLine = Annotated[str, AfterValidator(_one_line)]
"""Text to show: printable, on one line, not too long."""
