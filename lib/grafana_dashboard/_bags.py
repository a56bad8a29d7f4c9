"""The databags of ``grafana_dashboard``, as they are on the wire."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from alert_rules import OneLine, Topology


class _Frozen(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(
        defer_build=True, frozen=True, hide_input_in_errors=True
    )


class Template(_Frozen):
    """A dashboard, and the application that it is about."""

    charm: str
    content: str
    """Its JSON, in LZMA and base64."""
    juju_topology: Topology
    inject_dropdowns: bool = True
    """Whether the peer adds the variables for Juju's topology and the data sources."""


class Dashboards(_Frozen):
    """The dashboards by their id."""

    templates: Mapping[str, Template]


class ProviderApplicationBag(_Frozen):
    """What the leader writes; the value is JSON."""

    dashboards: Dashboards


class DashboardFault(_Frozen):
    """What the peer says is wrong with one dashboard."""

    dashboard_id: OneLine = ""
    error: OneLine = ""


class PeerEvent(_Frozen):
    """What the peer found when it looked at what was written: nothing, when all is well."""

    errors: tuple[DashboardFault, ...] = ()


class ConsumerApplicationBag(_Frozen):
    """What the peer's leader writes; the value is JSON."""

    event: PeerEvent | None = None
