"""The state that the workload depends on: configuration, database and ingress, all validated."""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

import ops
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

import ingress
from databag import Answer, Invalid
from postgresql_client import Connected, ProviderStatus

_MAX_VALUE = 40  # characters of an invalid value that fit into a status
_JUJU = "used by Juju in the pod"
_TAKEN_PORTS = {22: "reserved for SSH", 38812: _JUJU, 38813: _JUJU, 65301: _JUJU}

Verification: TypeAlias = Literal["verify-full", "verify-ca"]
"""How far the database's certificate is verified, in libpq's terms (``sslmode``)."""


def _check_port(port: int) -> int:
    if reason := _TAKEN_PORTS.get(port):
        raise ValueError(f"Invalid port number, {port} is {reason}")
    if not 1 <= port <= 65535:
        raise ValueError
    return port


class FastAPIConfig(BaseModel):
    """The options of ``charmcraft.yaml``. A field's description says which values are valid."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    server_port: Annotated[int, AfterValidator(_check_port)] = Field(
        8000, description="1 to 65535, but not 22, 38812, 38813, 65301"
    )
    tls_verification: Verification = Field("verify-full", description="verify-full or verify-ca")


@dataclass(frozen=True)
class CheckedConfig:
    """The configuration to use. It is valid even if an option is not."""

    server_port: int
    """While the option is invalid, the port that the unit has opened."""
    tls_verification: Verification | None
    """None while the option is invalid: then the server keeps its current value."""
    problems: tuple[str, ...] = ()
    """A message for each invalid option: its name, its value, and what is allowed."""


@dataclass(frozen=True)
class CharmState:
    """Everything that the workload depends on, as it is in this event."""

    config: CheckedConfig
    database: Answer[Connected]
    relation_id: int | None
    """The relation that the database's answer comes from."""
    provider_statuses: tuple[ProviderStatus, ...]
    """The statuses that the provider of the database reports."""
    ingress: Answer[ingress.Ready]
    is_ipv6_only: bool
    """Whether the pod has an IPv6 address only."""

    @property
    def is_port_routable(self) -> bool:
        """Whether an ingress can route to the server's port."""
        return self.config.server_port <= ingress.MAX_PORT


def require_database(answer: Answer[Connected], name: str) -> Answer[Connected]:
    """Return the answer, or ``Invalid`` if the provider made a database with another name.

    The name is fixed in the server's code, so the server cannot use another database.
    """
    if not isinstance(answer, Connected) or answer.database in (None, name):
        return answer
    return Invalid("database", f"is {_shortened(answer.database)!r}, not {name!r}")


def load_config(charm: ops.CharmBase) -> CheckedConfig:
    """Return the validated configuration; never raise."""
    try:
        options = charm.load_config(FastAPIConfig)
    except ValidationError as error:
        return _without_wrong_options(charm, error)
    return CheckedConfig(options.server_port, options.tls_verification)


def _without_wrong_options(charm: ops.CharmBase, error: ValidationError) -> CheckedConfig:
    problems = {str(each["loc"][0]): each for each in error.errors()}
    names = {option.replace("-", "_"): value for option, value in charm.config.items()}
    right = FastAPIConfig.model_validate(
        {name: value for name, value in names.items() if name not in problems}
    )
    return CheckedConfig(
        _opened_port(charm.unit) if "server_port" in problems else right.server_port,
        None if "tls_verification" in problems else right.tls_verification,
        tuple(
            str(problem.get("ctx", {}).get("error") or "") or _not_allowed(name, problem["input"])
            for name, problem in problems.items()
        ),
    )


def _opened_port(unit: ops.Unit) -> int:
    """Return the port that the unit has opened: the last valid one, or the default."""
    for opened in unit.opened_ports():
        try:
            return FastAPIConfig.model_validate({"server_port": opened.port}).server_port
        except ValidationError:
            continue
    return FastAPIConfig().server_port


def _not_allowed(name: str, value: object) -> str:
    option, allowed = name.replace("_", "-"), FastAPIConfig.model_fields[name].description
    return f"Invalid {option} {_shortened(str(value))!r}: use {allowed}"


def _shortened(value: str) -> str:
    return value if len(value) <= _MAX_VALUE else f"{value[:_MAX_VALUE]}..."
