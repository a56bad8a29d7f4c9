"""What the requirer asks for."""

import json
from dataclasses import dataclass
from enum import Enum

from ._values import require_identifier, require_printable
from ._wire import RequirerData

_SECRET_FIELDS = ("username", "password", "tls", "tls-ca", "uris", "read-only-uris")
_ENTITY_SECRET_FIELDS = ("entity-name", "entity-password")
_MIN_PREFIX = 3


class EntityType(Enum):
    """The kind of a custom role."""

    USER = "USER"
    GROUP = "GROUP"


@dataclass(frozen=True)
class EntityPermission:
    """Privileges on one resource, in the provider's own terms."""

    resource_name: str
    resource_type: str
    privileges: tuple[str, ...]

    def __post_init__(self) -> None:
        for text in (self.resource_name, self.resource_type, *self.privileges):
            require_printable(text)
        if not self.privileges:
            raise ValueError("a permission needs at least one privilege")


@dataclass(frozen=True)
class EntityRequest:
    """A custom role in place of the plain user that the provider makes otherwise."""

    type: EntityType
    permissions: tuple[EntityPermission, ...] = ()
    group_roles: tuple[str, ...] = ()
    """Roles of a group. A user takes :attr:`DatabaseRequest.extra_user_roles`."""

    def __post_init__(self) -> None:
        _require_roles(self.group_roles)
        if self.type is EntityType.USER and self.group_roles:
            raise ValueError("a user entity takes extra_user_roles, not group_roles")


@dataclass(frozen=True)
class DatabaseRequest:
    """A database, and the role to use it with.

    Raises :class:`ValueError` on construction when the parts do not fit together.
    """

    database: str
    """The name, or a prefix of at least three characters and a final ``*``."""
    extra_user_roles: tuple[str, ...] = ()
    external_node_connectivity: bool = False
    """Ask for endpoints that can be reached from outside the provider's cluster."""
    entity: EntityRequest | None = None
    entity_secret: str | None = None
    """URI of a secret, granted to the provider, with the ``entity-name`` (and perhaps the
    ``password``) that the role shall have."""

    def __post_init__(self) -> None:
        prefix = self.database.removesuffix("*")
        require_identifier(prefix)
        if "*" in prefix:
            raise ValueError("'*' is only allowed at the end of a database prefix")
        if self.is_prefix and len(prefix) < _MIN_PREFIX:
            raise ValueError(f"a database prefix has at least {_MIN_PREFIX} characters")
        _require_roles(self.extra_user_roles)
        is_group = self.entity is not None and self.entity.type is EntityType.GROUP
        if is_group and self.extra_user_roles:
            raise ValueError("a group entity takes group_roles, not extra_user_roles")
        if self.entity_secret is not None:
            require_printable(self.entity_secret)

    @property
    def is_prefix(self) -> bool:
        """Whether all databases with a prefix are asked for, rather than one by its name."""
        return self.database.endswith("*")

    def to_wire(self) -> RequirerData:
        """Return what the leader writes into its application databag."""
        entity = self.entity
        secret_fields = _SECRET_FIELDS if entity is None else _SECRET_FIELDS + _ENTITY_SECRET_FIELDS
        return RequirerData(
            database=self.database,
            requested_secrets=json.dumps(secret_fields),
            extra_user_roles=",".join(self.extra_user_roles),
            extra_group_roles=",".join(entity.group_roles) if entity else None,
            external_node_connectivity="true" if self.external_node_connectivity else None,
            entity_type=entity.type.value if entity else None,
            entity_permissions=_permissions(entity.permissions) if entity else None,
            requested_entity_secret=self.entity_secret,
        )


def _require_roles(roles: tuple[str, ...]) -> None:
    for role in roles:
        require_identifier(role)
        if "," in role or role != role.strip():
            raise ValueError("a role is one name, without commas and surrounding spaces")


def _permissions(permissions: tuple[EntityPermission, ...]) -> str | None:
    if not permissions:
        return None
    return json.dumps(
        [
            {
                "resource_name": permission.resource_name,
                "resource_type": permission.resource_type,
                "privileges": permission.privileges,
            }
            for permission in permissions
        ]
    )
