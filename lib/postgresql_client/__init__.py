"""The requirer's side of the ``postgresql_client`` interface (v0), typed from end to end.

A :class:`DatabaseRequirer` writes a :class:`DatabaseRequest`, and has the provider's answer: a
:data:`databag.Answer` of :class:`Connected`. charm-relation-interfaces defines the interface, as
``postgresql_client/v0``.
"""

from databag.checks import Endpoint

from ._models import Connected, Credentials, ProviderStatus, Tls
from ._request import DatabaseRequest
from ._requirer import DatabaseRequirer

__all__ = [
    "Connected",
    "Credentials",
    "DatabaseRequest",
    "DatabaseRequirer",
    "Endpoint",
    "ProviderStatus",
    "Tls",
]
