"""The state that the workload depends on: the config, the database and the ingress, all validated."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import ops
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ingress import Answer as IngressAnswer
from postgresql_client import Answer as DatabaseAnswer

_MAX_VALUE = 40  # characters of a bad value that a status has room for
_SSH_PORT = 22


def _check_port(port: int) -> int:
    if port == _SSH_PORT:
        raise ValueError("Invalid port number, 22 is reserved for SSH")
    if not 1 <= port <= 65535:
        raise ValueError
    return port


class FastAPIConfig(BaseModel):
    """The options of ``charmcraft.yaml`` with valid values. A field's description is what it allows."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    server_port: Annotated[int, AfterValidator(_check_port)] = Field(
        8000, description="1 to 65535, but not 22"
    )
    tls_verification: Literal["verify-full", "verify-ca"] = Field(
        "verify-full", description="verify-full or verify-ca"
    )
    """How far the server's certificate is verified, in libpq's terms (``sslmode``)."""


class AppliedConfig(BaseModel):
    """What the workload was last started with, as far as its plan shows it."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    server_port: int | None = None
    tls_verification: str | None = None


@dataclass(frozen=True)
class CheckedConfig:
    """The charm config, whatever the operator has written."""

    options: FastAPIConfig
    """A wrong option has the value that was last applied here, or else its default."""
    problems: tuple[str, ...] = ()
    """A message for each wrong option, with its name, its value, and what is allowed."""
    is_known: bool = True
    """Whether ``options`` is true: False while one is wrong, and Pebble cannot say what it was."""


@dataclass(frozen=True)
class CharmState:
    """All that the workload depends on, as it is in this dispatch."""

    config: CheckedConfig
    database: DatabaseAnswer
    relation_id: int | None
    """The relation that the database's answer is from."""
    ingress: IngressAnswer


def _replace_wrong(
    options: Mapping[str, bool | int | float | str], error: ValidationError, applied: AppliedConfig
) -> CheckedConfig:
    """Return what to use in place of the options in ``error``, and what is wrong with those."""
    problems = {str(each["loc"][0]): each for each in error.errors()}
    kept = applied.model_dump(include=set(problems), exclude_none=True)
    valid = {
        name: value
        for option, value in options.items()
        if (name := option.replace("-", "_")) not in problems
    }
    messages = tuple(
        str(problem.get("ctx", {}).get("error") or "") or _out_of_range(name, str(problem["input"]))
        for name, problem in problems.items()
    )
    try:
        return CheckedConfig(FastAPIConfig.model_validate(valid | kept), messages)
    except ValidationError:  # somebody else's plan
        return CheckedConfig(FastAPIConfig.model_validate(valid), messages)


def _out_of_range(name: str, value: str) -> str:
    option = name.replace("_", "-")
    shown = value if len(value) <= _MAX_VALUE else f"{value[:_MAX_VALUE]}..."
    return f"Invalid {option} {shown!r}: use {FastAPIConfig.model_fields[name].description}"


def load_config(
    charm: ops.CharmBase, ask_applied: Callable[[], AppliedConfig | None]
) -> CheckedConfig:
    """Validate the config; never raise.

    Args:
        charm: Whose config it is.
        ask_applied: Tells what the workload was last started with, None while that cannot be
            known; asked only where it is needed.
    """
    try:
        return CheckedConfig(charm.load_config(FastAPIConfig))
    except ValidationError as error:
        applied = ask_applied()
        checked = _replace_wrong(charm.config, error, applied or AppliedConfig())
        return replace(checked, is_known=applied is not None)
