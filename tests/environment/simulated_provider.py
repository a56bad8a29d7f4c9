"""The provider's side, simulated: what it writes, and what it makes of that in PostgreSQL."""

import secrets
from dataclasses import replace

from ops.testing import Relation, Secret

from environment.certificates import CertificateAuthority
from environment.real_postgresql import HOME, PostgreSQL


class WritingProvider:
    """What a PostgreSQL charm writes for one requirer, whether or not there is such a database."""

    name = "postgresql-k8s"

    def __init__(self) -> None:
        self.database = ""
        self.endpoints: tuple[str, ...] = ()
        self._user: Secret | None = None
        self._tls: Secret | None = None

    def answer(self, _: Relation, database: str) -> None:
        self.database = database

    def write_user(self, name: str, password: str) -> Secret:
        """Write the user; return the secret, which may have a new revision."""
        self._user = _revised(self._user, {"username": name, "password": password})
        return self._user

    def write_tls(self, ca: str | None) -> Secret:
        """Write that there is TLS, with a CA or an empty one, or for None that there is none."""
        content = {"tls": "False"} if ca is None else {"tls": "True", "tls-ca": ca}
        self._tls = _revised(self._tls, content)
        return self._tls

    @property
    def databag(self) -> dict[str, str]:
        """What stands in the application's databag."""
        if self._user is None:
            return {}
        databag = {
            "database": self.database,
            "endpoints": ",".join(self.endpoints),
            "secret-user": self._user.id,
            "version": "14.15",
            "data": "{}",
        }
        return databag | ({"secret-tls": self._tls.id} if self._tls else {})

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The secrets that are granted to the requirer."""
        return tuple(secret for secret in (self._user, self._tls) if secret)


def _revised(secret: Secret | None, content: dict[str, str]) -> Secret:
    if secret is None:  # an ID as Juju shows it, without ``secret:``
        return Secret(content, id=secrets.token_hex(10))
    return replace(secret, latest_content=content)


class Provider(WritingProvider):
    """A provider that makes databases and roles in a real PostgreSQL."""

    def __init__(self, server: PostgreSQL) -> None:
        super().__init__()
        self._server = server
        self._username = ""
        self._move(HOME)

    def _move(self, address: str) -> None:
        self._address = address
        self.primary = f"{address}:{self._server.port}"
        self.endpoints = (self.primary,)

    def answer(self, relation: Relation, database: str) -> None:
        """Make what the requirer asked for: a database, and a user of its own."""
        super().answer(relation, database)
        self._username = f"relation_id_{relation.id}"
        password = secrets.token_urlsafe(16)
        self._server.create_database(database)
        self._server.create_user(self._username, password, database)
        self._user = None
        self.write_user(self._username, password)

    def rotate(self, password: str | None = None) -> Secret:
        """Give the user another password; return the secret that has a new revision."""
        password = password or secrets.token_urlsafe(16)
        self._server.set_password(self._username, password)
        return self.write_user(self._username, password)

    def withdraw(self) -> None:
        """Drop the user, as the relation is gone."""
        self._server.drop_user(self._username)
        self._user = None

    def fail_over(self, address: str) -> None:
        """Have the server fail where it is, and come up at another address."""
        self._server.start(address)
        self._move(address)

    def come_home(self) -> None:
        """Have the server at its first address, without TLS, and its endpoint alone in the databag."""
        if self._tls is not None:
            self._tls = None
            self._server.offer_tls(None)
            self._server.stop()
        self._server.come_home()
        self._move(HOME)

    def serve_as_replica(self, *, is_replica: bool) -> None:
        """Have the endpoint lead to a replica, or to the primary again."""
        self._server.serve_as_replica(self._username, is_replica=is_replica)

    def switch_tls(
        self, ca: CertificateAuthority | None, names: str = "", *, is_expired: bool = False
    ) -> Secret:
        """Offer TLS with a certificate of the CA, or none; return the secret that says so.

        Args:
            ca: The CA that signs, and that the secret names.
            names: The address in the certificate, if not the one that the server listens on.
            is_expired: Whether the certificate is no longer valid.
        """
        certificate = ca.issue(names or self._address, is_expired=is_expired) if ca else None
        self._server.offer_tls(certificate)
        self._server.start(self._address)
        return self.write_tls(ca.pem if ca else None)
