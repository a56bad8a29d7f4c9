"""What is on the wire: the databags and the contents of secrets, as they are written.

Every field is optional text, since keys arrive over several hooks in any order, and every
partial databag is a normal state. Meaning is given to the text in :mod:`._values`.
"""

import re
from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, SecretStr


def _wire_name(name: str) -> str:
    return name.replace("_", "-")


class _Wire(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(
        alias_generator=_wire_name,
        defer_build=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        validate_by_name=True,
    )


class ProviderData(_Wire):
    """What the provider writes into its application databag, or into a secret that it names there.

    A secret has a few of these keys, and the databag the others. Where either side has no secrets,
    the databag has them all.
    """

    database: str | None = None
    endpoints: str | None = None
    read_only_endpoints: str | None = None
    secret_user: str | None = None
    secret_tls: str | None = None
    secret_entity: str | None = None
    version: str | None = None
    subordinated: str | None = None
    prefix_databases: str | None = None
    status: str | None = None

    # In the secret that `secret-user` names.
    username: str | None = None
    password: SecretStr | None = None
    uris: SecretStr | None = None
    read_only_uris: SecretStr | None = None

    # In the secret that `secret-tls` names.
    tls: str | None = None
    tls_ca: str | None = None

    # In the secret that `secret-entity` names.
    entity_name: str | None = None
    entity_password: SecretStr | None = None

    @classmethod
    def read(cls, written: Mapping[str, str]) -> Self:
        """Return what a databag or a secret says; never raise."""
        return cls.model_validate(
            {key: _unicode(text) for key, text in written.items() if text}, by_name=False
        )


def _unicode(text: str) -> str:
    """Replace surrogates, which are no text for pydantic, by what is no text for the parsers.

    They must not become a name or a password that the provider did not write.
    """
    return text if text.isascii() else re.sub("[\ud800-\udfff]", "\0", text)


class RequirerData(_Wire):
    """The requirer's application databag."""

    database: str | None = None
    requested_secrets: str | None = None
    extra_user_roles: str | None = None
    extra_group_roles: str | None = None
    external_node_connectivity: str | None = None
    entity_type: str | None = None
    entity_permissions: str | None = None
    requested_entity_secret: str | None = None

    def to_databag(self) -> dict[str, str]:
        """Return every key of the requirer; the empty ones are those that must not be there."""
        values: dict[str, str | None] = self.model_dump(by_alias=True)
        return {key: value or "" for key, value in values.items()}


class WireStatus(BaseModel):
    """One entry of the provider's ``status``."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        defer_build=True, frozen=True, hide_input_in_errors=True
    )

    code: int
    message: str
    resolution: str = ""
