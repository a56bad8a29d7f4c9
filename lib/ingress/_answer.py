"""What the provider has answered: one union of five cases."""

from dataclasses import dataclass
from typing import TypeAlias

from pydantic_core import Url


@dataclass(frozen=True)
class NotRelated:
    """There is no relation, or it is going."""


@dataclass(frozen=True)
class NotReady:
    """The provider has not answered yet, or has taken its answer back."""

    missing: tuple[str, ...] = ("ingress",)
    """The keys of the wire that are missing."""


@dataclass(frozen=True)
class PortRefused:
    """The application listens on a port that providers refuse, so nothing is asked for.

    There is no route: the charm listens on another port, or tells the operator to set one.
    """

    port: int


@dataclass(frozen=True)
class Invalid:
    """The provider wrote something that cannot be used. Only the provider can mend it."""

    field: str
    """The key of the wire: ``ingress`` or ``ingress.url``."""
    reason: str
    """What is wrong with it, as the rest of a sentence. It never holds the value."""


@dataclass(frozen=True)
class Ready:
    """There is a route to the application."""

    url: Url
    """Where clients find the application: ``scheme``, ``host``, ``port``, and ``path``, its prefix.
    The scheme is http or https; there is no user, no query and no fragment."""

    @property
    def root_path(self) -> str:
        """The prefix as servers want it, such as ``/model-app``; empty when there is none.

        It begins with one slash and ends with none. It holds letters, digits and ``-._~%/`` only,
        so it is safe in an environment variable, a header and a page.
        """
        return (self.url.path or "").rstrip("/")


Answer: TypeAlias = NotRelated | NotReady | PortRefused | Invalid | Ready
