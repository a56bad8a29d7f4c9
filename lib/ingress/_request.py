"""What the requirer asks for."""

from typing import ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

Scheme: TypeAlias = Literal["http", "https", "h2c"]
"""What the application speaks, towards the provider."""

_MAX_PORT = 65534  # the published validator, which the providers use, refuses 65535


def is_accepted(port: int) -> bool:
    """Whether providers route to this port."""
    return 1 <= port <= _MAX_PORT


def _wire_name(name: str) -> str:
    return name.replace("_", "-")


class Request(BaseModel):
    """The application databag, which the leader writes."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        alias_generator=_wire_name, defer_build=True, frozen=True, validate_by_name=True
    )

    model: str
    name: str
    port: int
    strip_prefix: bool
    redirect_https: bool
    scheme: Scheme
