"""Relations for the tests of charms, as values of ``ops.testing``.

Import this from tests only: it needs ``ops[testing]``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ops.testing import Relation, Secret

from databag import to_databag

from ._request import DatabaseRequest

__all__ = ["CA", "RelationWithSecrets", "Response", "relation_for_requirer"]

DEFAULT_ENDPOINT = "postgresql-k8s-primary.test.svc.cluster.local:5432"
CA = """\
-----BEGIN CERTIFICATE-----
MIIBfzCCASWgAwIBAgIULzVQQhJpWIU/g3aSqgItGGeHeI0wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJdGVzdCBDQSAxMCAXDTI2MTEyNTEyMzYwM1oYDzIxMjYxMTAx
MTIzNjAzWjAUMRIwEAYDVQQDDAl0ZXN0IENBIDEwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQp+6Ue+KwvcK/i5gtZYxvDMbawNF16Zvk9RsF4cZOIH4cg6emwFAxG
xL/7W1GsL3LyWHeYv4D0lBLmOfBRT4jBo1MwUTAdBgNVHQ4EFgQUSmyCRBeN6vDt
/RoYSiBwmG4PMNkwHwYDVR0jBBgwFoAUSmyCRBeN6vDt/RoYSiBwmG4PMNkwDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA5qnDb7jLdWc1EcBb3vOg
nLKaLfLLRD1t8wh+iiM1tQoCIGuKyBvb1F5INnOgD0OxhuISGHjzyTwmCe4SyP7C
waFR
-----END CERTIFICATE-----
"""
"""A CA certificate for :attr:`Response.tls_ca`. Its key is not kept."""


@dataclass(frozen=True)
class Response:
    """A provider's answer. The defaults are those of a PostgreSQL charm without TLS."""

    endpoints: Sequence[str] = (DEFAULT_ENDPOINT,)
    read_only_endpoints: Sequence[str] = ()
    username: str = "relation_id_1"
    password: str = "test-password"  # noqa: S105 - of no server
    database: str | None = None
    """None: the database that was requested."""
    version: str | None = "14.15"
    tls_ca: str | None = None
    """TLS is on with a CA in PEM, such as :data:`CA`, and with empty text, which means no CA."""
    use_secrets: bool = True
    """Send credentials and TLS data in secrets, instead of plain values."""


_RESPONSE = Response()


@dataclass(frozen=True)
class RelationWithSecrets:
    """A relation, and the secrets that its databag names."""

    relation: Relation
    secrets: frozenset[Secret] = frozenset()


def relation_for_requirer(
    endpoint: str,
    *,
    request: DatabaseRequest | None = None,
    response: Response | Literal[False] = _RESPONSE,
    remote_app_name: str = "postgresql-k8s",
) -> RelationWithSecrets:
    """Return the relation that the requirer's charm sees at its ``endpoint``.

    Args:
        endpoint: The name of the endpoint in the charm's metadata.
        request: The request that the leader has written; None if it has not.
        response: The provider's answer; False if it has not answered.
        remote_app_name: The name of the provider's application.
    """
    requested = dict(to_databag(request.to_databag())) if request else {}
    written: dict[str, str] = {}
    secrets: list[Secret] = []
    if response:
        written = {
            "database": response.database or requested.get("database", ""),
            "endpoints": ",".join(response.endpoints),
            "read-only-endpoints": ",".join(response.read_only_endpoints),
            "version": response.version or "",
        }
        for key, content in _contents(response).items():
            if response.use_secrets:
                secrets.append(Secret(content))
                written[key] = secrets[-1].id
            else:
                written |= content
    relation = Relation(
        endpoint,
        interface="postgresql_client",
        remote_app_name=remote_app_name,
        local_app_data={key: value for key, value in requested.items() if value},
        remote_app_data={key: value for key, value in written.items() if value},
        remote_units_data={0: {}},
    )
    return RelationWithSecrets(relation, frozenset(secrets))


def _contents(response: Response) -> dict[str, dict[str, str]]:
    """Return the contents of the secrets, by the key that names each."""
    tls = {"tls": "False"} if response.tls_ca is None else {"tls": "True"}
    if response.tls_ca:
        tls["tls-ca"] = response.tls_ca
    return {
        "secret-user": {"username": response.username, "password": response.password},
        "secret-tls": tls,
    }
