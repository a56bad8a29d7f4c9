"""What the requirer asks for."""

import json
from enum import Enum
from typing import NamedTuple, Self

from ._values import require_identifier, require_printable
from ._wire import RequirerData

_SECRET_FIELDS = ("username", "password", "tls", "tls-ca", "uris", "read-only-uris")
_ENTITY_SECRET_FIELDS = ("entity-name", "entity-password")
_MIN_PREFIX = 3


class EntityType(Enum):
    """The kind of a custom role."""

    USER = "USER"
    GROUP = "GROUP"


class _EntityPermission(NamedTuple):
    resource_name: str
    resource_type: str
    privileges: tuple[str, ...]


class EntityPermission(_EntityPermission):
    """Privileges on one resource, in the provider's own terms."""

    __slots__ = ()

    def __new__(cls, resource_name: str, resource_type: str, privileges: tuple[str, ...]) -> Self:
        for text in (resource_name, resource_type, *privileges):
            require_printable(text)
        if not privileges:
            raise ValueError("a permission needs at least one privilege")
        return super().__new__(cls, resource_name, resource_type, privileges)


class _EntityRequest(NamedTuple):
    type: EntityType
    permissions: tuple[EntityPermission, ...]
    group_roles: tuple[str, ...]
    """Roles of a group. A user takes :attr:`DatabaseRequest.extra_user_roles`."""


class EntityRequest(_EntityRequest):
    """A custom role in place of the plain user that the provider makes otherwise."""

    __slots__ = ()

    def __new__(
        cls,
        type: EntityType,  # noqa: A002 - the word of the wire
        permissions: tuple[EntityPermission, ...] = (),
        group_roles: tuple[str, ...] = (),
    ) -> Self:
        _require_roles(group_roles)
        if type is EntityType.USER and group_roles:
            raise ValueError("a user entity takes extra_user_roles, not group_roles")
        return super().__new__(cls, type, permissions, group_roles)


class _DatabaseRequest(NamedTuple):
    database: str
    """The name, or a prefix of at least three characters and a final ``*``."""
    extra_user_roles: tuple[str, ...]
    external_node_connectivity: bool
    """Ask for endpoints that can be reached from outside the provider's cluster."""
    entity: EntityRequest | None
    entity_secret: str | None
    """URI of a secret, granted to the provider, with the ``entity-name`` (and perhaps the
    ``password``) that the role shall have."""


class DatabaseRequest(_DatabaseRequest):
    """A database, and the role to use it with.

    Raises :class:`ValueError` on construction when the parts do not fit together.
    """

    __slots__ = ()

    def __new__(
        cls,
        database: str,
        extra_user_roles: tuple[str, ...] = (),
        external_node_connectivity: bool = False,
        entity: EntityRequest | None = None,
        entity_secret: str | None = None,
    ) -> Self:
        prefix = database.removesuffix("*")
        require_identifier(prefix)
        if "*" in prefix:
            raise ValueError("'*' is only allowed at the end of a database prefix")
        if prefix != database and len(prefix) < _MIN_PREFIX:
            raise ValueError(f"a database prefix has at least {_MIN_PREFIX} characters")
        _require_roles(extra_user_roles)
        if entity is not None and entity.type is EntityType.GROUP and extra_user_roles:
            raise ValueError("a group entity takes group_roles, not extra_user_roles")
        if entity_secret is not None:
            require_printable(entity_secret)
        return super().__new__(
            cls, database, extra_user_roles, external_node_connectivity, entity, entity_secret
        )

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
    return json.dumps([permission._asdict() for permission in permissions]) if permissions else None
