"""The request: which there can be, and how they look on the wire."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postgresql_client import DatabaseRequest, EntityPermission, EntityRequest, EntityType
from unit.postgresql_client.strategies import AWKWARD, NAMES, PRINTABLE

ROLES = st.lists(NAMES.filter(lambda name: "," not in name), max_size=3).map(tuple)
DATABASES = NAMES.filter(lambda name: "*" not in name)
PERMISSIONS = st.builds(
    EntityPermission,
    PRINTABLE,
    PRINTABLE,
    st.lists(PRINTABLE, min_size=1, max_size=3).map(tuple),
)
USERS = st.builds(
    EntityRequest,
    st.just(EntityType.USER),
    st.lists(PERMISSIONS, max_size=2).map(tuple),
    st.just(()),
)
GROUPS = st.builds(
    EntityRequest, st.just(EntityType.GROUP), st.lists(PERMISSIONS, max_size=2).map(tuple), ROLES
)
REQUESTS = st.one_of(
    st.builds(DatabaseRequest, DATABASES, ROLES, st.booleans(), st.none() | USERS, st.none()),
    st.builds(DatabaseRequest, DATABASES, st.just(()), st.booleans(), GROUPS, st.none()),
)


def databag(request: DatabaseRequest) -> dict[str, str]:
    """Return what stands in the databag once a request is written."""
    return {key: value for key, value in request.to_wire().to_databag().items() if value}


def test_a_request_on_the_wire() -> None:
    assert databag(DatabaseRequest("names")) == {
        "database": "names",
        "requested-secrets": (
            '["username", "password", "tls", "tls-ca", "uris", "read-only-uris"]'
        ),
    }


def test_a_request_with_all_there_is_on_the_wire() -> None:
    request = DatabaseRequest(
        "names_*",
        extra_user_roles=("createdb", "createrole"),
        external_node_connectivity=True,
        entity=EntityRequest(EntityType.USER, (EntityPermission("t", "TABLE", ("SELECT",)),)),
        entity_secret="secret:9m4e2mr0ui3e8a215n4g",
    )

    written = databag(request)

    assert json.loads(written.pop("entity-permissions")) == [
        {"resource_name": "t", "resource_type": "TABLE", "privileges": ["SELECT"]}
    ]
    assert set(json.loads(written.pop("requested-secrets"))) >= {"entity-name", "entity-password"}
    assert written == {
        "database": "names_*",
        "extra-user-roles": "createdb,createrole",
        "external-node-connectivity": "true",
        "entity-type": "USER",
        "requested-entity-secret": "secret:9m4e2mr0ui3e8a215n4g",
    }
    assert request.is_prefix


@given(REQUESTS)
def test_nothing_is_lost_on_the_wire(request: DatabaseRequest) -> None:
    written = databag(request)

    assert written["database"] == request.database
    assert _split(written.get("extra-user-roles")) == request.extra_user_roles
    assert written.get("external-node-connectivity") == (
        "true" if request.external_node_connectivity else None
    )
    if request.entity is None:
        assert not [key for key in written if "entity" in key or "group" in key]
    else:
        assert EntityType(written["entity-type"]) is request.entity.type
        assert _split(written.get("extra-group-roles")) == request.entity.group_roles
        assert _permissions(written.get("entity-permissions")) == request.entity.permissions


@given(REQUESTS, REQUESTS)
def test_a_request_takes_back_all_of_another_one(
    request: DatabaseRequest, other: DatabaseRequest
) -> None:
    """An empty value removes a key."""
    written = other.to_wire().to_databag() | request.to_wire().to_databag()

    assert {key: value for key, value in written.items() if value} == databag(request)


@given(AWKWARD, AWKWARD, AWKWARD)
def test_whatever_is_asked_for_can_be_written(database: str, role: str, secret: str) -> None:
    try:
        request = DatabaseRequest(database, (role,), entity_secret=secret)
    except ValueError:
        return
    for value in databag(request).values():
        assert value.isprintable()


@pytest.mark.parametrize("database", ["abc*", "names", "Names 2", "n"])
def test_names_of_databases(database: str) -> None:
    assert DatabaseRequest(database).is_prefix is database.endswith("*")


@pytest.mark.parametrize(
    "database", ["", "*", "ab*", "a*bc", "abc**", "a\nb", "a" * 64, "a" * 64 + "*", "\ud800abc"]
)
def test_what_cannot_be_asked_for(database: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        DatabaseRequest(database)


@pytest.mark.parametrize("role", ["", "a,b", " a", "a ", "a\n", "a" * 64])
def test_what_cannot_be_a_role(role: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        DatabaseRequest("names", (role,))
    with pytest.raises(ValueError, match=r".+"):
        EntityRequest(EntityType.GROUP, group_roles=(role,))


def test_users_and_groups_have_roles_of_their_own() -> None:
    with pytest.raises(ValueError, match="a user entity takes extra_user_roles"):
        EntityRequest(EntityType.USER, group_roles=("admin",))
    with pytest.raises(ValueError, match="a group entity takes group_roles"):
        DatabaseRequest("names", ("admin",), entity=EntityRequest(EntityType.GROUP))


def test_a_permission_has_privileges_on_a_resource() -> None:
    with pytest.raises(ValueError, match="at least one privilege"):
        EntityPermission("t", "TABLE", ())
    with pytest.raises(ValueError, match="is empty"):
        EntityPermission("", "TABLE", ("SELECT",))


def _split(text: str | None) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()


def _permissions(text: str | None) -> tuple[EntityPermission, ...]:
    return tuple(
        EntityPermission(each["resource_name"], each["resource_type"], tuple(each["privileges"]))
        for each in json.loads(text or "[]")
    )
