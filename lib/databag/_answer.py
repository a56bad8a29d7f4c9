"""The answer of a remote application: one union for all interfaces."""

from dataclasses import dataclass
from typing import TypeAlias, TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True)
class NotRelated:
    """There is no relation, or the relation is being removed."""


@dataclass(frozen=True)
class NotReady:
    """The remote application has not answered, or not completely.

    Juju sends no event when a secret becomes readable, so read the answer again in every event.
    """

    missing: tuple[str, ...] = ()
    """The keys that are still missing."""
    unreadable: tuple[str, ...] = ()
    """The keys that name a secret which the unit cannot read (yet)."""


@dataclass(frozen=True)
class Invalid:
    """The remote application wrote a value that cannot be used. Only its charm can fix that."""

    field: str
    """The key in the databag, such as ``endpoints``, or a path in its JSON, such as
    ``ingress.url``."""
    reason: str
    """What is wrong, as the rest of a sentence: "is empty". It never holds the value."""


Answer: TypeAlias = NotRelated | NotReady | Invalid | _T
"""The answer of a remote application; ``_T`` is the model of a complete one."""
