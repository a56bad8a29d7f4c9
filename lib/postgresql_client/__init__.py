"""The requirer's side of the ``postgresql_client`` interface (v0), typed from end to end.

A :class:`DatabaseRequirer` asks for a :class:`DatabaseRequest` and gives an :data:`Answer`, one of
:class:`NotRelated`, :class:`NotReady`, :class:`Invalid` and :class:`Connected`. The interface is
that of charm-relation-interfaces, ``postgresql_client/v0``.
"""

from ._answer import (
    Answer,
    Connected,
    Credentials,
    Endpoint,
    Invalid,
    NotReady,
    NotRelated,
    ProviderStatus,
    Tls,
)
from ._request import DatabaseRequest
from ._requirer import (
    DatabaseChangedEvent,
    DatabaseEvent,
    DatabaseRemovedEvent,
    DatabaseRequirer,
    DatabaseRequirerEvents,
)

__all__ = [
    "Answer",
    "Connected",
    "Credentials",
    "DatabaseChangedEvent",
    "DatabaseEvent",
    "DatabaseRemovedEvent",
    "DatabaseRequest",
    "DatabaseRequirer",
    "DatabaseRequirerEvents",
    "Endpoint",
    "Invalid",
    "NotReady",
    "NotRelated",
    "ProviderStatus",
    "Tls",
]
