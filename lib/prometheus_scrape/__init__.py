"""The provider's side of the ``prometheus_scrape`` interface (v0), typed from end to end.

A :class:`MetricsProvider` tells every related Prometheus which :class:`ScrapeJob` to run on the
charm's units, and gives it alert rules.
"""

from ._jobs import ScrapeJob, StaticConfig
from ._provider import MetricsProvider

__all__ = ["MetricsProvider", "ScrapeJob", "StaticConfig"]
