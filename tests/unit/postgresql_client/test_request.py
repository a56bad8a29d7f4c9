"""The request: which there can be, and how they look on the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postgresql_client import DatabaseRequest
from unit.postgresql_client.strategies import AWKWARD, BENT_BY_YAML, NAMES

ROLES = st.lists(NAMES.filter(lambda name: "," not in name), max_size=3).map(tuple)
DATABASES = NAMES.filter(lambda name: "*" not in name)
REQUESTS = st.builds(DatabaseRequest, DATABASES, ROLES, st.booleans())


def databag(request: DatabaseRequest) -> dict[str, str]:
    """Return what stands in the databag once a request is written."""
    return {key: value for key, value in written(request).items() if value}


def written(request: DatabaseRequest) -> dict[str, str]:
    """Return what is written. An empty value removes a key."""
    values: dict[str, str] = request.to_databag().model_dump(by_alias=True)
    return values


def test_a_request_on_the_wire() -> None:
    assert databag(DatabaseRequest("names")) == {
        "database": "names",
        "requested-secrets": (
            '["username", "password", "tls", "tls-ca", "uris", "read-only-uris"]'
        ),
    }


def test_a_request_with_all_there_is_on_the_wire() -> None:
    request = DatabaseRequest(
        "names_*", extra_user_roles=("createdb", "createrole"), external_node_connectivity=True
    )

    assert databag(request) == {
        "database": "names_*",
        "requested-secrets": (
            '["username", "password", "tls", "tls-ca", "uris", "read-only-uris"]'
        ),
        "extra-user-roles": "createdb,createrole",
        "external-node-connectivity": "true",
    }
    assert request.is_prefix


@given(REQUESTS)
def test_nothing_is_lost_on_the_wire(request: DatabaseRequest) -> None:
    on_the_wire = databag(request)
    roles = on_the_wire.get("extra-user-roles")

    assert on_the_wire["database"] == request.database
    assert (tuple(roles.split(",")) if roles else ()) == request.extra_user_roles
    assert on_the_wire.get("external-node-connectivity") == (
        "true" if request.external_node_connectivity else None
    )


@given(REQUESTS, REQUESTS)
def test_a_request_takes_back_all_of_another_one(
    request: DatabaseRequest, other: DatabaseRequest
) -> None:
    both = written(other) | written(request)

    assert {key: value for key, value in both.items() if value} == databag(request)


@given(AWKWARD, AWKWARD)
def test_whatever_is_asked_for_can_be_written(database: str, role: str) -> None:
    try:
        request = DatabaseRequest(database, (role,))
    except ValueError:
        return
    for value in databag(request).values():
        assert value.encode().decode() == value
        assert not set(value) & set("\0\n\r")


@pytest.mark.parametrize("database", ["abc*", "names", "Names 2", "n"])
def test_names_of_databases(database: str) -> None:
    assert DatabaseRequest(database).is_prefix is database.endswith("*")


@pytest.mark.parametrize(
    ("database", "reason"),
    [
        ("", "is empty"),
        ("*", "is empty"),
        ("ab*", "at least 3 characters"),
        ("a*bc", "only allowed at the end"),
        ("abc**", "only allowed at the end"),
        ("a\nb", "holds a control character"),
        ("\ud800abc", "holds a control character"),
        ("a" * 64, "longer than PostgreSQL's 63 bytes"),
        ("a" * 64 + "*", "longer than PostgreSQL's 63 bytes"),
    ],
)
def test_what_cannot_be_asked_for(database: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        DatabaseRequest(database)


@pytest.mark.parametrize("name", [text for text in BENT_BY_YAML if len(text) < 64])
def test_a_name_that_would_not_arrive_cannot_be_asked_for(name: str) -> None:
    with pytest.raises(ValueError, match="YAML would change"):
        DatabaseRequest(name)


@pytest.mark.parametrize(
    ("role", "reason"),
    [
        ("", "is empty"),
        ("a,b", "without commas"),
        (" a", "surrounding spaces"),
        ("a ", "surrounding spaces"),
        ("a\n", "holds a control character"),
        ("a" * 64, "longer than PostgreSQL's 63 bytes"),
    ],
)
def test_what_cannot_be_a_role(role: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        DatabaseRequest("names", (role,))
