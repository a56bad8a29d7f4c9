"""Relations for the tests of charms, as values of ``ops.testing``.

Import this from tests only: it needs ``ops[testing]``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ops.testing import Relation, Secret

from ._request import DatabaseRequest

__all__ = ["CA", "Response", "TestRelation", "relation_for_provider", "relation_for_requirer"]

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
"""A CA certificate for :attr:`Response.tls_ca`. Nobody has its key."""

_INTERFACE = "postgresql_client"


@dataclass(frozen=True)
class Response:
    """What a provider answers. The defaults are those of a PostgreSQL charm without TLS."""

    endpoints: Sequence[str] = (DEFAULT_ENDPOINT,)
    read_only_endpoints: Sequence[str] = ()
    username: str = "relation_id_1"
    password: str = "test-password"  # noqa: S105 - of no server
    database: str | None = None
    """None: the database that was asked for."""
    version: str | None = "14.15"
    tls_ca: str | None = None
    """A CA in PEM, such as :data:`CA`, turns TLS on, and so does the empty string, without a CA."""
    use_secrets: bool = True
    """Deliver credentials and TLS data in secrets, rather than as plain values."""


_REQUEST = DatabaseRequest("test")
_RESPONSE = Response()


@dataclass(frozen=True)
class TestRelation:
    """A relation, and the secrets that its databag names."""

    __test__ = False  # for pytest: this is no test

    relation: Relation
    secrets: frozenset[Secret] = frozenset()


def relation_for_requirer(
    endpoint: str,
    *,
    request: DatabaseRequest | None = None,
    response: Response | Literal[False] = _RESPONSE,
    remote_app_name: str = "postgresql-k8s",
) -> TestRelation:
    """Return what the requirer's charm sees at its ``endpoint``.

    Args:
        endpoint: The name of the endpoint in the charm's metadata.
        request: What the leader has already asked for; None before it has.
        response: What the provider answers; False for the moment before it does.
        remote_app_name: The name of the provider's application.
    """
    answer = _Answer.to(request, response, owner=None)
    return TestRelation(
        Relation(
            endpoint,
            interface=_INTERFACE,
            remote_app_name=remote_app_name,
            local_app_data=_databag(request),
            remote_app_data=answer.databag,
            remote_units_data={0: {}},
        ),
        answer.secrets,
    )


def relation_for_provider(
    endpoint: str,
    *,
    request: DatabaseRequest | None = _REQUEST,
    response: Response | Literal[False] = _RESPONSE,
    remote_app_name: str = "application",
) -> TestRelation:
    """Return what the provider's charm sees at its ``endpoint``, the other way round.

    The secrets are owned by the provider's application and granted over the relation.
    """
    answer = _Answer.to(request, response, owner="app")
    relation = Relation(
        endpoint,
        interface=_INTERFACE,
        remote_app_name=remote_app_name,
        local_app_data=answer.databag,
        remote_app_data=_databag(request),
        remote_units_data={0: {}},
    )
    grants = {relation.id: frozenset({remote_app_name})}
    return TestRelation(
        relation, frozenset(replace(secret, remote_grants=grants) for secret in answer.secrets)
    )


def _databag(request: DatabaseRequest | None) -> dict[str, str]:
    if request is None:
        return {}
    written: dict[str, str] = request.to_databag().model_dump(by_alias=True)
    return {key: value for key, value in written.items() if value}


@dataclass(frozen=True)
class _Answer:
    databag: dict[str, str] = field(default_factory=dict[str, str])
    secrets: frozenset[Secret] = frozenset()

    @classmethod
    def to(
        cls,
        request: DatabaseRequest | None,
        response: Response | Literal[False],
        owner: Literal["app"] | None,
    ) -> "_Answer":
        if response is False:
            return cls()
        asked_for = request.database if request else ""
        databag = {
            "database": response.database or asked_for,
            "endpoints": ",".join(response.endpoints),
            "read-only-endpoints": ",".join(response.read_only_endpoints),
            "version": response.version or "",
        }
        contents = {
            "secret-user": {"username": response.username, "password": response.password},
            "secret-tls": {
                "tls": "False" if response.tls_ca is None else "True",
                "tls-ca": response.tls_ca or "",
            },
        }
        secrets: list[Secret] = []
        for key, content in contents.items():
            if response.use_secrets:
                secrets.append(Secret({k: v for k, v in content.items() if v}, owner=owner))
                databag[key] = secrets[-1].id
            else:
                databag |= content
        return cls({key: value for key, value in databag.items() if value}, frozenset(secrets))
