"""What the requirer asks for."""

from dataclasses import dataclass

from ._checks import check_identifier
from ._wire import Wire

_SECRETS = '["username", "password", "tls", "tls-ca", "uris", "read-only-uris"]'
_MIN_PREFIX = 3


class RequestData(Wire):
    """The requirer's application databag. An empty value is a key that must not be there."""

    database: str
    requested_secrets: str = _SECRETS
    extra_user_roles: str = ""
    external_node_connectivity: str = ""


@dataclass(frozen=True)
class DatabaseRequest:
    """A database, and the role to use it with.

    Raises:
        ValueError: when the name or a role cannot be one.
    """

    database: str
    """The name, or a prefix of at least three characters and a final ``*``."""
    extra_user_roles: tuple[str, ...] = ()
    external_node_connectivity: bool = False
    """Ask for endpoints that can be reached from outside the provider's cluster."""

    def __post_init__(self) -> None:
        prefix = self.database.removesuffix("*")
        check_identifier(prefix)
        if "*" in prefix:
            raise ValueError("'*' is only allowed at the end of a database prefix")
        if self.is_prefix and len(prefix) < _MIN_PREFIX:
            raise ValueError(f"a database prefix has at least {_MIN_PREFIX} characters")
        for role in self.extra_user_roles:
            if "," in check_identifier(role) or role != role.strip():
                raise ValueError("a role is one name, without commas and surrounding spaces")

    @property
    def is_prefix(self) -> bool:
        """Whether all databases with a prefix are asked for, rather than one by its name."""
        return self.database.endswith("*")

    def to_databag(self) -> RequestData:
        """Return what the leader writes into its application databag."""
        return RequestData(
            database=self.database,
            extra_user_roles=",".join(self.extra_user_roles),
            external_node_connectivity="true" if self.external_node_connectivity else "",
        )
