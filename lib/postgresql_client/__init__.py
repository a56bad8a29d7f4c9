"""The requirer's side of the ``postgresql_client`` interface (v0), typed from end to end.

A :class:`DatabaseRequirer` asks for a :class:`DatabaseRequest` and gives an :data:`Answer`, one of
:class:`NotRelated`, :class:`NotReady`, :class:`Invalid` and :class:`Connected`. The interface is
that of charm-relation-interfaces, ``postgresql_client/v0``.
"""

from ._answer import Answer, Connected, EntityAnswer, Invalid, NotReady, NotRelated
from ._request import DatabaseRequest, EntityPermission, EntityRequest, EntityType
from ._requirer import (
    AuthenticationUpdatedEvent,
    DatabaseCreatedEvent,
    DatabaseEvent,
    DatabaseRemovedEvent,
    DatabaseRequirer,
    DatabaseRequirerEvents,
    EndpointsChangedEvent,
)
from ._values import (
    CaCertificates,
    Credentials,
    Endpoint,
    Entity,
    ProviderStatus,
    ServerVersion,
    Severity,
    Tls,
)

__all__ = [
    "Answer",
    "AuthenticationUpdatedEvent",
    "CaCertificates",
    "Connected",
    "Credentials",
    "DatabaseCreatedEvent",
    "DatabaseEvent",
    "DatabaseRemovedEvent",
    "DatabaseRequest",
    "DatabaseRequirer",
    "DatabaseRequirerEvents",
    "Endpoint",
    "EndpointsChangedEvent",
    "Entity",
    "EntityAnswer",
    "EntityPermission",
    "EntityRequest",
    "EntityType",
    "Invalid",
    "NotReady",
    "NotRelated",
    "ProviderStatus",
    "ServerVersion",
    "Severity",
    "Tls",
]
