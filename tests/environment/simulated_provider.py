"""The provider's side, simulated: it makes roles and databases for real, and writes what it made."""

import secrets
from dataclasses import replace

from ops.testing import Relation, Secret

from environment.certificates import CertificateAuthority
from environment.real_postgresql import PostgreSQL


class Provider:
    """A PostgreSQL charm, as far as one requirer sees it."""

    def __init__(self, server: PostgreSQL, name: str = "postgresql-k8s") -> None:
        self._server = server
        self._username = ""
        self._user: Secret | None = None
        self._tls: Secret | None = None
        self._address = "127.0.0.1"
        self.name = name
        self.database = ""
        self.other_endpoints: tuple[str, ...] = ()
        """Endpoints to write before the one that is really served."""

    def answer(self, relation: Relation, database: str) -> None:
        """Make what the requirer asked for: a database, and a user of its own."""
        self._username = f"relation_id_{relation.id}"
        self.database = database
        password = secrets.token_urlsafe(16)
        self._server.create_database(database)
        self._server.create_user(self._username, password, database)
        self._user = Secret({"username": self._username, "password": password})

    def rotate(self, password: str | None = None) -> Secret:
        """Give the user another password; return the secret that has a new revision."""
        password = password or secrets.token_urlsafe(16)
        self._server.set_password(self._username, password)
        content = {"username": self._username, "password": password}
        self._user = replace(self._user, latest_content=content) if self._user else Secret(content)
        return self._user

    def fail_over(self, address: str) -> None:
        """Have the server fail where it is, and come up at another address."""
        self._server.stop()
        self._server.start(address)
        self._address = address

    def switch_tls(self, ca: CertificateAuthority | None, names: str | None = None) -> Secret:
        """Offer TLS with a certificate of the CA, or none; return the secret that says so.

        Args:
            ca: The CA that signs, and that the secret names.
            names: The address in the certificate, if not the one that the server listens on.
        """
        self._server.offer_tls(ca.issue(names or self._address) if ca else None)
        self.fail_over(self._address)
        return self.announce_ca(ca)

    def announce_ca(self, ca: CertificateAuthority | None) -> Secret:
        """Write a CA, be it the one that signed or not."""
        return self._announce({"tls": "True", "tls-ca": ca.pem} if ca else {"tls": "False"})

    def announce_tls_without_ca(self) -> Secret:
        """Write that there is TLS, but nothing to verify it with."""
        return self._announce({"tls": "true", "tls-ca": ""})

    def _announce(self, content: dict[str, str]) -> Secret:
        self._tls = replace(self._tls, latest_content=content) if self._tls else Secret(content)
        return self._tls

    def withdraw(self) -> None:
        """Drop the user, as the relation is gone."""
        self._server.drop_user(self._username)
        self._user = None

    @property
    def databag(self) -> dict[str, str]:
        """What stands in the application's databag."""
        if self._user is None:
            return {}
        served = f"{self._address}:{self._server.port}"
        databag = {
            "database": self.database,
            "endpoints": ",".join((*self.other_endpoints, served)),
            "secret-user": self._user.id,
            "version": "14.15",
            "data": "{}",
        }
        return databag | ({"secret-tls": self._tls.id} if self._tls else {})

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The secrets that are granted to the requirer."""
        return tuple(secret for secret in (self._user, self._tls) if secret)
