"""What Prometheus scrapes, in the terms of its own configuration."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_MAX_PORT = 65535
_DURATION = r"^([0-9]+(ms|[smhdwy]))+$"


def _is_target(text: str) -> str:
    # The peer splits a target at its one colon, and its hook fails where there are more.
    host, *ports = text.split(":")
    if not host or not host.isprintable() or " " in host or len(ports) != 1:
        raise ValueError("is not host:port or *:port")
    (port,) = ports
    if not port.isascii() or not port.isdecimal() or not 1 <= int(port) <= _MAX_PORT:
        raise ValueError("has a port that is not between 1 and 65535")
    return text


def _is_path(text: str) -> str:
    if not text.startswith("/"):
        raise ValueError("does not begin with a slash")
    return text


def _is_none(value: object) -> bool:
    return value is None


_T = TypeVar("_T")
# Not written at all where it is None: the peer's hook fails on a `null`.
_Optional = Annotated[_T | None, Field(exclude_if=_is_none)]
Target = Annotated[str, AfterValidator(_is_target)]
Path = Annotated[str, AfterValidator(_is_path)]
Duration = Annotated[str, Field(pattern=_DURATION)]


class StaticConfig(BaseModel):
    """Targets that are scraped alike."""

    model_config: ClassVar[ConfigDict] = ConfigDict(defer_build=True, frozen=True)

    targets: Annotated[tuple[Target, ...], Field(min_length=1)]
    """``*:8000`` is port 8000 of every unit; ``host:8000`` belongs to no unit."""
    labels: _Optional[Mapping[str, str]] = None


class ScrapeJob(BaseModel):
    """One job: targets, and how they are scraped. What is None is left to Prometheus."""

    model_config: ClassVar[ConfigDict] = ConfigDict(defer_build=True, frozen=True)

    metrics_path: Path = "/metrics"
    static_configs: Annotated[tuple[StaticConfig, ...], Field(min_length=1)]
    job_name: _Optional[str] = None
    scheme: _Optional[Literal["http", "https"]] = None
    scrape_interval: _Optional[Duration] = None
    scrape_timeout: _Optional[Duration] = None
    sample_limit: _Optional[int] = None

    @classmethod
    def of_units(cls, port: int) -> Self:
        """Return the job that scrapes ``/metrics`` at a TCP port of every unit.

        Raises:
            pydantic.ValidationError: when the port is not between 1 and 65535.
        """
        return cls(static_configs=(StaticConfig(targets=(f"*:{port}",)),))
