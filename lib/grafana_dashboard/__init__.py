"""The provider's side of the ``grafana_dashboard`` interface, typed from end to end.

A :class:`DashboardProvider` gives every related Grafana the :class:`Dashboard` files of a charm.
"""

from ._dashboard import Dashboard, DashboardError
from ._provider import DashboardProvider

__all__ = ["Dashboard", "DashboardError", "DashboardProvider"]
