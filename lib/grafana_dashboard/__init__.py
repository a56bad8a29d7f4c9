"""The provider's side of the ``grafana_dashboard`` interface, typed from end to end.

A :class:`DashboardProvider` gives every related Grafana the dashboards of a charm.
"""

from ._provider import DashboardProvider

__all__ = ["DashboardProvider"]
