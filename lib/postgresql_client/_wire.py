"""What all models of the wire share: their keys, and text that becomes a value."""

from collections.abc import Callable
from typing import ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict

_KEYS = {
    "credentials": "secret-user",
    "tls": "secret-tls",
    "enabled": "tls",
    "ca": "tls-ca",
    "statuses": "status",
}


def wire_key(field: str) -> str:
    """Return the key of a model's field: its name with dashes, or the one in ``_KEYS``."""
    return _KEYS.get(field, field.replace("_", "-"))


class Wire(BaseModel):
    """A value that goes over the wire. Keys that no field is for are ignored."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        alias_generator=wire_key,
        defer_build=True,
        frozen=True,
        hide_input_in_errors=True,
        validate_by_name=True,
    )


def from_text(parse: Callable[[str], object]) -> BeforeValidator:
    """Parse the text of the wire. What is no text comes from a program: it is left as it is."""
    return BeforeValidator(lambda value: parse(value) if isinstance(value, str) else value)
