"""The requirer's side of the ``ingress`` interface (v2), typed from end to end.

An :class:`IngressRequirer` asks for a route to its application and gives an :data:`Answer`, one of
:class:`NotRelated`, :class:`NotReady`, :class:`PortRefused`, :class:`Invalid` and :class:`Ready`.
"""

from ._answer import Answer, Invalid, NotReady, NotRelated, PortRefused, Ready
from ._requirer import IngressRequirer, Scheme

__all__ = [
    "Answer",
    "IngressRequirer",
    "Invalid",
    "NotReady",
    "NotRelated",
    "PortRefused",
    "Ready",
    "Scheme",
]
