"""What the requirer asks for."""

from dataclasses import dataclass

from ._models import RequestData, check_identifier

_MIN_PREFIX = 3


@dataclass(frozen=True)
class DatabaseRequest:
    """The request: a database, and the roles of its user.

    Raises:
        ValueError: if the name or a role is not valid.
    """

    database: str
    """The name, or a prefix of at least three characters and a final ``*``."""
    extra_user_roles: tuple[str, ...] = ()
    external_node_connectivity: bool = False
    """Ask for endpoints that clients outside the provider's cluster can reach."""

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
        """Whether it asks for all databases with a prefix, instead of one database."""
        return self.database.endswith("*")

    def to_databag(self) -> RequestData:
        """Return what the leader writes."""
        return RequestData(
            database=self.database,
            extra_user_roles=",".join(self.extra_user_roles),
            external_node_connectivity="true" if self.external_node_connectivity else "",
        )
