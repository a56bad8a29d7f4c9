"""A charm's side of the Canonical Observability Stack (COS), typed from end to end.

:class:`MetricsEndpointProvider` is for Prometheus (``prometheus_scrape``), :class:`LogForwarder`
for Loki (``loki_push_api``), :class:`GrafanaDashboardProvider` for Grafana (``grafana_dashboard``).
"""

from ._dashboards import DashboardError, GrafanaDashboardProvider, load_dashboards
from ._logs import LogForwarder
from ._metrics import MetricsEndpointProvider, ScrapeJob, StaticConfig
from ._remote import Objection
from ._rules import PLACEHOLDER, AlertGroup, AlertRule, AlertRules, AlertRulesError
from ._topology import JujuTopology

__all__ = [
    "PLACEHOLDER",
    "AlertGroup",
    "AlertRule",
    "AlertRules",
    "AlertRulesError",
    "DashboardError",
    "GrafanaDashboardProvider",
    "JujuTopology",
    "LogForwarder",
    "MetricsEndpointProvider",
    "Objection",
    "ScrapeJob",
    "StaticConfig",
    "load_dashboards",
]
