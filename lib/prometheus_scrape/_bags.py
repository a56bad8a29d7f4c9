"""The databags of ``prometheus_scrape``, as they are on the wire."""

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from alert_rules import AlertRules, OneLine, Topology

_TARGET = re.compile(r"(\*|[A-Za-z0-9._-]+):([0-9]{1,5})")
_MAX_PORT = 65535


class _Frozen(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(
        defer_build=True, frozen=True, hide_input_in_errors=True
    )


def _is_target(text: str) -> str:
    # The peer splits a target at its one colon, and its hook fails where there are more.
    found = _TARGET.fullmatch(text)
    if found is None:
        raise ValueError("is not host:port or *:port")
    if not 1 <= int(found[2]) <= _MAX_PORT:
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
Duration = Annotated[str, Field(pattern=r"^([0-9]+(ms|[smhdwy]))+$")]


class StaticConfig(_Frozen):
    """Targets that are scraped alike."""

    targets: Annotated[tuple[Target, ...], Field(min_length=1)]
    """``*:8000`` is port 8000 of every unit; ``host:8000`` belongs to no unit."""
    labels: _Optional[Mapping[str, str]] = None


class ScrapeJob(_Frozen):
    """What Prometheus scrapes, in the terms of its own configuration."""

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


class ProviderApplicationBag(_Frozen):
    """What the leader writes; each value is JSON."""

    scrape_jobs: tuple[ScrapeJob, ...]
    scrape_metadata: Topology
    alert_rules: AlertRules


class ProviderUnitBag(_Frozen):
    """What each unit writes; each value is plain text."""

    prometheus_scrape_unit_address: str
    prometheus_scrape_unit_name: str


class PeerEvent(_Frozen):
    """What the peer found when it looked at what was written: nothing, when all is well."""

    errors: OneLine = ""
    """What is wrong with the alert rules."""
    scrape_job_errors: OneLine = ""
    """What is wrong with the scrape jobs."""


class ConsumerApplicationBag(_Frozen):
    """What the peer's leader writes; each value is JSON."""

    event: PeerEvent | None = None
