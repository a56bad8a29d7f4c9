"""The charm config, validated."""

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

_ALLOWED = {
    "server-port": "1 to 65535, but not 22",
    "tls-verification": "verify-full or verify-ca",
}
_MAX_VALUE = 40  # characters of a bad value that a status has room for
_SSH_PORT = 22


class _ReservedPortError(ValueError):
    """Port 22."""


def _not_ssh(port: int) -> int:
    if port == _SSH_PORT:
        raise _ReservedPortError
    return port


class FastAPIConfig(BaseModel):
    """The options of ``charmcraft.yaml`` with valid values."""

    model_config = ConfigDict(frozen=True)

    server_port: Annotated[int, AfterValidator(_not_ssh)] = Field(
        8000, alias="server-port", ge=1, le=65535
    )
    tls_verification: Literal["verify-full", "verify-ca"] = Field(
        "verify-full", alias="tls-verification"
    )
    """How far the server's certificate is verified, in libpq's terms (``sslmode``)."""


class InvalidConfig(NamedTuple):
    """At least one option has a value that is not allowed."""

    problems: tuple[str, ...]
    """A message for each such option, with its name, its value, and what is allowed."""


def parse_config(options: Mapping[str, bool | int | float | str]) -> FastAPIConfig | InvalidConfig:
    """Validate what ``config-get`` says; never raise."""
    try:
        return FastAPIConfig.model_validate(dict(options))
    except ValidationError as error:
        return InvalidConfig(
            tuple(
                "Invalid port number, 22 is reserved for SSH"
                if isinstance(problem.get("ctx", {}).get("error"), _ReservedPortError)
                else _out_of_range(str(problem["loc"][0]), str(problem["input"]))
                for problem in error.errors(include_url=False)
            )
        )


def _out_of_range(option: str, value: str) -> str:
    shown = value if len(value) <= _MAX_VALUE else f"{value[:_MAX_VALUE]}..."
    return f"Invalid {option} {shown!r}: use {_ALLOWED[option]}"
