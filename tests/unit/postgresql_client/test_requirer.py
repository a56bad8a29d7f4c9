"""The requirer in a charm, as far as it is more than an endpoint of the core."""

import json

import pytest
from pydantic import SecretStr

from databag import NotReady, NotRelated, to_databag
from postgresql_client import Connected, Credentials, DatabaseRequest, Endpoint, ProviderStatus, Tls
from postgresql_client.testing import CA, Response, relation_for_requirer
from unit.postgresql_client.requirer_charm import ENDPOINT, REQUEST, charm, related, state

WRITTEN = {
    "database": "names",
    "requested-secrets": '["username", "password", "tls", "tls-ca", "uris", "read-only-uris"]',
}
PLAIN = {"endpoints": "host:5432", "username": "role", "password": "a password"}
STATUS = """[
    {"code": 1001, "message": "backing up"},
    {"code": 1002, "message": "rotating", "resolution": "none"},
    {"code": 5001, "message": "no such plugin", "resolution": "ask for less"}
]"""


def test_a_request_with_all_there_is_on_the_wire() -> None:
    request = DatabaseRequest("names_*", ("createdb", "createrole"), True)

    assert to_databag(request.to_databag()) == {
        "database": "names_*",
        "requested-secrets": WRITTEN["requested-secrets"],
        "extra-user-roles": "createdb,createrole",
        "external-node-connectivity": "true",
    }
    assert request.is_prefix
    assert DatabaseRequest("abc*").is_prefix
    assert not DatabaseRequest("a" * 63).is_prefix


@pytest.mark.parametrize(
    ("database", "role", "reason"),
    [
        ("", "a", "is empty"),
        ("*", "a", "is empty"),
        ("ab*", "a", "at least 3 characters"),
        ("a*bc", "a", "only allowed at the end"),
        ("abc**", "a", "only allowed at the end"),
        ("a" * 64, "a", "longer than PostgreSQL's 63 bytes"),
        ("a" * 64 + "*", "a", "longer than PostgreSQL's 63 bytes"),
        ("2001-13-45", "a", "YAML would change"),
        ("a", "", "is empty"),
        ("a", "c,d", "without commas"),
        ("a", " b", "surrounding spaces"),
        ("a", "b ", "surrounding spaces"),
        ("a", "b" * 64, "longer than PostgreSQL's 63 bytes"),
    ],
)
def test_what_cannot_be_asked_for(database: str, role: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        DatabaseRequest(database, ("b", role))


def test_a_request_that_differs_is_written_again() -> None:
    """What is no longer asked for is removed; what another library wrote stays."""
    unit = charm(DatabaseRequest("names", extra_user_roles=("createdb",)))
    before = {"database": "other", "external-node-connectivity": "true", "alias": "foreign"}
    relation = related(PLAIN, written=before)

    unit.dispatch(unit.on.upgrade_charm(), state(relation))

    written = WRITTEN | {"extra-user-roles": "createdb", "alias": "foreign"}
    assert unit.written(relation) == (written, {})


def test_update_status_asks_again_until_there_is_an_answer() -> None:
    """An answer proves that the provider has read the request."""
    unit, connected = charm(), related(PLAIN)
    silent = relation_for_requirer(ENDPOINT, response=False).relation

    database = unit.dispatch(unit.on.update_status(), state(silent))
    assert database.answer == NotReady(("endpoints", "username", "password"))
    assert unit.written(silent) == (WRITTEN, {})

    unit.dispatch(unit.on.update_status(), state(connected))
    assert unit.written(connected) == ({}, {})


@pytest.mark.parametrize("of_unit", [None, "starting", "ready"])
def test_a_subordinate_provider_is_awaited(of_unit: str | None) -> None:
    unit, relation = charm(), related(PLAIN | {"subordinated": "true"}, of_unit=of_unit)

    answer = unit.dispatch(unit.on.update_status(), state(relation)).answer

    awaited = NotReady(("state",))
    assert isinstance(answer, Connected) if of_unit == "ready" else answer == awaited


def test_an_old_relation_says_nothing_of_the_new_one() -> None:
    """Both are there while Juju removes the old one."""
    unit, old = charm(), related(PLAIN | {"status": STATUS}, of_unit="ready")
    new = related(PLAIN | {"subordinated": "true"})

    database = unit.dispatch(unit.on.update_status(), state(old, new))

    assert (database.answer, database.statuses) == (NotReady(("state",)), ())


@pytest.mark.parametrize("databag", [{}, PLAIN, {"endpoints": "host"}], ids=str)
def test_what_the_provider_raises_is_read_whatever_its_answer(databag: dict[str, str]) -> None:
    """What is only information is logged, once."""
    unit, relation = charm(), related(databag | {"status": STATUS})
    raised = tuple(map(ProviderStatus.model_validate, json.loads(STATUS)))

    changed = unit.dispatch(unit.on.relation_changed(relation), state(relation))
    assert changed.statuses == raised
    assert unit.logged("INFO") == ["the provider says: backing up (1001); rotating (1002)"]

    assert unit.dispatch(unit.on.update_status(), state(relation)).statuses == raised
    assert unit.logged("INFO") == []

    assert unit.dispatch(unit.on.relation_broken(relation), state(relation)).statuses == ()
    assert unit.dispatch(unit.on.update_status(), state()).answer == NotRelated()


def test_many_statuses_do_not_fill_the_log() -> None:
    unit = charm()
    relation = related({"status": json.dumps([{"code": 1000, "message": "still here"}] * 100)})

    unit.dispatch(unit.on.relation_changed(relation), state(relation))

    (line,) = unit.logged("INFO")
    assert len(line) < 600


@pytest.mark.parametrize("use_secrets", [True, False])
@pytest.mark.parametrize("tls_ca", [None, "", CA])
def test_a_requirer_reads_what_the_response_for_tests_says(
    tls_ca: str | None, use_secrets: bool
) -> None:
    response = Response(("a:1", "b:2"), ("c:3",), "role", "pw", None, "16.4", tls_ca, use_secrets)
    unit = charm()
    related = relation_for_requirer(ENDPOINT, request=REQUEST, response=response)
    now = state(related.relation, secrets=related.secrets)

    database = unit.dispatch(unit.on.relation_changed(related.relation), now)

    assert database.answer == Connected(
        endpoints=(Endpoint(host="a", port=1), Endpoint(host="b", port=2)),
        credentials=Credentials(username="role", password=SecretStr("pw")),
        tls=Tls(enabled=tls_ca is not None, ca=tls_ca or None),
        database="names",
        version=(16, 4),
        read_only_endpoints=(Endpoint(host="c", port=3),),
    )
    assert unit.written(related.relation) == (related.relation.local_app_data, {})
