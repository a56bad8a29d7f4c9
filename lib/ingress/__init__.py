"""The requirer's side of the ``ingress`` interface (v2), typed from end to end.

An :class:`IngressRequirer` requests a route to its application, and has the provider's answer: a
:data:`databag.Answer` of :class:`Ready`.
"""

from ._address import own_ip
from ._models import MAX_PORT, HealthCheck, Ready, Route, Scheme
from ._requirer import IngressRequirer

__all__ = ["MAX_PORT", "HealthCheck", "IngressRequirer", "Ready", "Route", "Scheme", "own_ip"]
