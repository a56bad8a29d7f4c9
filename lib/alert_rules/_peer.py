"""What the applications at the other end write: nothing that a hook may fail on."""

import logging
from dataclasses import dataclass
from typing import Annotated, TypeVar

import ops
from pydantic import AfterValidator, ValidationError
from pydantic_core import from_json

logger = logging.getLogger(__name__)

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
    relation: ops.Relation,
    source: ops.Unit | ops.Application,
    bag: type[_Bag],
    *,
    log: bool = False,
) -> _Bag | None:
    """Return the JSON values that somebody else wrote, or None where they are malformed.

    With ``log``, say what is wrong, but never the value.
    """
    try:
        return relation.load(bag, source, decoder=_from_json)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, problem["loc"]))
        cause = problem.get("ctx", {}).get("error")
        reason = str(cause) if isinstance(cause, ValueError) else "is not what was agreed on"
    except ValueError:
        field, reason = "databag", "holds a value that is not JSON"
    if log:
        logger.warning("ignoring what %s wrote: its %s %s", source.name, field, reason)
    return None


def _from_json(text: str) -> object:
    # Unlike json.loads it has a limit for nested values, and raises ValueError for all that is
    # malformed; from bytes, as then text that is no unicode is a ValueError, too.
    return from_json(text.encode())


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_MAX_LINE]


OneLine = Annotated[str, AfterValidator(_one_line)]
"""Text to show: printable, on one line, not too long."""
