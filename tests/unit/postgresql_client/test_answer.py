"""The answer: what any databag and any secrets mean."""

from collections.abc import Mapping

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr

from postgresql_client import (
    Answer,
    CaCertificates,
    Connected,
    Credentials,
    Endpoint,
    Entity,
    Invalid,
    NotReady,
    ProviderStatus,
    ServerVersion,
    Tls,
)
from postgresql_client._answer import Ignored, parse_answer, parse_entity
from postgresql_client._wire import ProviderData
from unit.postgresql_client.strategies import AWKWARD, MARK, pem

CA = pem(b"\x30\x00")
URI = "secret:user"
COMPLETE = {
    "database": "names",
    "endpoints": "host:5432",
    "username": "role",
    "password": "a password",
}

SECRET_KEYS = ("password", "uris", "read-only-uris", "entity-password")
PLAIN_KEYS = (
    "username",
    "tls",
    "tls-ca",
    "entity-name",
    "database",
    "endpoints",
    "read-only-endpoints",
    "version",
    "subordinated",
    "prefix-databases",
    "status",
    "data",
    "something new",
)
URI_KEYS = ("secret-user", "secret-tls", "secret-entity", "secret-extra")

PLAIN_VALUES = st.one_of(
    AWKWARD,
    st.sampled_from(["true", "False", "host:5432", "[::1]:5432,h:1", "14.15", "role", CA]),
    st.sampled_from(['[{"code": 5000, "message": "gone"}]', "[]", "{}", "null", "[" * 5000]),
)
SECRET_VALUES = st.one_of(st.just(MARK), AWKWARD.map(lambda text: f"{text}{MARK}{text}"))
URIS = st.one_of(
    AWKWARD,
    st.sampled_from(
        ["secret:a", "secret:b", "a", "secret://5f2b/b", "--refresh", "../a", "secret:"]
    ),
)
CONTENTS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(SECRET_KEYS, SECRET_VALUES),
        **dict.fromkeys(("username", "tls", "tls-ca", "entity-name"), PLAIN_VALUES),
    },
)
DATABAGS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(SECRET_KEYS, SECRET_VALUES),
        **dict.fromkeys(PLAIN_KEYS, PLAIN_VALUES),
        **dict.fromkeys(URI_KEYS, URIS),
    },
)


def answer(
    databag: Mapping[str, str],
    secrets: Mapping[str, Mapping[str, str]] | None = None,
    *,
    ready: bool = True,
) -> tuple[Answer, tuple[Ignored, ...]]:
    """Parse a databag, with the secrets that can be read."""
    data = ProviderData.read(databag)
    return parse_answer(data, (secrets or {}).get, lambda: ready)


@given(DATABAGS, st.none() | CONTENTS, st.booleans())
@example(COMPLETE | {"password": f"a\n{MARK}"}, None, False)
@example(COMPLETE | {"secret-user": "secret:a"}, {"username": "role", "password": MARK}, False)
@example({"secret-entity": "a"}, {"entity-name": "role", "entity-password": f"\0{MARK}"}, True)
def test_anything_has_an_answer_that_shows_no_secret(
    databag: dict[str, str], content: dict[str, str] | None, ready: bool
) -> None:
    data = ProviderData.read(databag)

    read = parse_answer(data, lambda _uri: content, lambda: ready)
    entity = parse_entity(data, lambda _uri: content)

    assert MARK not in repr((data, read, entity))
    assert MARK not in str((data, read, entity))


@given(DATABAGS, CONTENTS)
def test_what_is_connected_can_be_relied_on(
    databag: dict[str, str], content: dict[str, str]
) -> None:
    data = ProviderData.read(COMPLETE | databag)

    match parse_answer(data, lambda _uri: content, lambda: True)[0]:
        case Connected() as connected:
            assert connected.endpoints
            assert connected.credentials.username.isprintable()
            assert connected.credentials.password.get_secret_value().isprintable()
            assert (connected.database or "-").isprintable()
        case Invalid() as invalid:
            assert invalid.field in {*PLAIN_KEYS, *SECRET_KEYS, *URI_KEYS}
        case NotReady() as not_ready:
            assert not_ready.missing
        case other:
            pytest.fail(f"{type(other)} with a relation")


@given(st.permutations(list(COMPLETE)), st.integers(0, len(COMPLETE) - 1))
def test_an_answer_in_pieces_names_what_is_missing(order: list[str], count: int) -> None:
    databag = {key: COMPLETE[key] for key in order[:count]}
    missing = set(COMPLETE) - set(databag) - {"database"}

    match answer(databag)[0]:
        case NotReady() as not_ready:
            assert set(not_ready.missing) == missing
        case Connected():
            assert not missing
        case other:
            pytest.fail(repr(other))


def test_the_least_that_connects() -> None:
    databag = {key: COMPLETE[key] for key in ("endpoints", "username", "password")}

    assert answer(databag) == (
        Connected((Endpoint("host", 5432),), Credentials("role", SecretStr("a password"))),
        (),
    )


def test_all_that_a_provider_can_say() -> None:
    databag = {
        "database": "names",
        "endpoints": "a:1,b:2",
        "read-only-endpoints": "c:3",
        "secret-user": "secret:user",
        "secret-tls": "secret://5f2b5f5e/tls",
        "version": "14.15",
        "subordinated": "true",
        "prefix-databases": "names_a,names_b",
        "status": '[{"code": 4001, "message": "wait", "resolution": "a bit"}]',
        "data": "{}",
    }
    secrets = {
        "secret:user": {
            "username": "role",
            "password": "1234",
            "uris": "postgresql://a",
            "read-only-uris": "postgresql://c",
        },
        "secret://5f2b5f5e/tls": {"tls": "True", "tls-ca": CA},
    }

    assert answer(databag, secrets) == (
        Connected(
            endpoints=(Endpoint("a", 1), Endpoint("b", 2)),
            credentials=Credentials("role", SecretStr("1234")),
            tls=CaCertificates(CA),
            database="names",
            version=ServerVersion((14, 15)),
            read_only_endpoints=(Endpoint("c", 3),),
            uris=SecretStr("postgresql://a"),
            read_only_uris=SecretStr("postgresql://c"),
            prefix_databases=("names_a", "names_b"),
            statuses=(ProviderStatus(4001, "wait", "a bit"),),
        ),
        (),
    )


@pytest.mark.parametrize(
    ("wire", "tls"),
    [
        ({}, Tls.OFF),
        ({"tls": "False", "tls-ca": CA}, Tls.OFF),
        ({"tls": "false"}, Tls.OFF),
        ({"tls-ca": CA}, Tls.OFF),
        ({"tls": ""}, Tls.OFF),
        ({"tls": "true", "tls-ca": ""}, Tls.WITHOUT_CA),
        ({"tls": "True"}, Tls.WITHOUT_CA),
        ({"tls": "True", "tls-ca": f"CN=ca\n{CA}"}, CaCertificates(CA)),
    ],
)
def test_tls(wire: dict[str, str], tls: object) -> None:
    plain, _ = answer(COMPLETE | wire)
    secret, _ = answer(COMPLETE | {"secret-tls": "secret:tls"}, {"secret:tls": wire})

    assert isinstance(plain, Connected)
    assert plain.tls == tls
    assert secret == plain


@pytest.mark.parametrize(
    ("wire", "field"),
    [
        ({"endpoints": "host"}, "endpoints"),
        ({"endpoints": "host:5432,"}, "endpoints"),
        ({"database": "a\nb"}, "database"),
        ({"database": "a\ud800b"}, "database"),
        ({"database": "a" * 64}, "database"),
        ({"username": "a\0b"}, "username"),
        ({"password": "a\nb"}, "password"),
        ({"password": "a\ud800b"}, "password"),
        ({"tls": "perhaps"}, "tls"),
        ({"tls": "true", "tls-ca": "perhaps"}, "tls-ca"),
        ({"subordinated": "perhaps"}, "subordinated"),
        ({"secret-user": "a secret"}, "secret-user"),
        ({"secret-tls": "secret:a\n"}, "secret-tls"),
    ],
)
def test_a_required_field_that_is_malformed(wire: dict[str, str], field: str) -> None:
    status = '[{"code": 5000, "message": "gone"}]'

    read, _ = answer(COMPLETE | wire | {"status": status})

    assert isinstance(read, Invalid)
    assert read.field == field
    assert read.reason
    assert read.statuses == (ProviderStatus(5000, "gone", ""),)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("version", "new"),
        ("read-only-endpoints", "host"),
        ("prefix-databases", "a,,b"),
        ("status", "[4001]"),
    ],
)
def test_an_optional_field_that_is_malformed_counts_as_absent(field: str, text: str) -> None:
    read, ignored = answer(COMPLETE | {field: text})

    assert read == answer(COMPLETE)[0]
    assert [each.field for each in ignored] == [field]


def test_a_secret_that_cannot_be_read_is_waited_for() -> None:
    databag = {"endpoints": "host:5432", "secret-user": "secret:a", "secret-tls": "secret:b"}

    assert answer(databag) == (NotReady(("secret-user", "secret-tls")), ())


def test_a_secret_is_taken_as_it_is_and_not_mixed_with_the_databag() -> None:
    databag = COMPLETE | {"secret-user": URI}

    assert answer(databag, {URI: {"username": "role"}}) == (NotReady(("password",)), ())


@pytest.mark.parametrize("flag", ["true", "True"])
def test_a_subordinate_provider_is_waited_for(flag: str) -> None:
    databag = COMPLETE | {"subordinated": flag}

    assert answer(databag, ready=False) == (NotReady(("state",)), ())
    assert answer(databag, ready=True) == answer(COMPLETE)


def test_a_provider_that_is_no_subordinate_is_not_waited_for() -> None:
    assert answer(COMPLETE | {"subordinated": "false"}, ready=False) == answer(COMPLETE)


@pytest.mark.parametrize("use_secret", [True, False])
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({}, NotReady(("entity-name",))),
        ({"entity-name": "group"}, Entity("group", None)),
        (
            {"entity-name": "user", "entity-password": "a password"},
            Entity("user", SecretStr("a password")),
        ),
    ],
)
def test_entities(content: dict[str, str], expected: object, *, use_secret: bool) -> None:
    databag = {"secret-entity": URI} if use_secret else content
    secrets = {URI: content} if use_secret else {}

    assert parse_entity(ProviderData.read(databag), secrets.get) == expected


@pytest.mark.parametrize(
    ("databag", "field"),
    [
        ({"entity-name": "a\n"}, "entity-name"),
        ({"entity-name": "user", "entity-password": "a\n"}, "entity-password"),
        ({"secret-entity": "a secret"}, "secret-entity"),
    ],
)
def test_an_entity_that_is_malformed(databag: dict[str, str], field: str) -> None:
    entity = parse_entity(ProviderData.read(databag), lambda _uri: None)

    assert isinstance(entity, Invalid)
    assert entity.field == field


def test_an_entity_whose_secret_cannot_be_read_is_waited_for() -> None:
    data = ProviderData.read({"secret-entity": URI})

    assert parse_entity(data, lambda _uri: None) == NotReady(("secret-entity",))


def test_values_that_look_like_numbers_stay_the_text_that_they_are() -> None:
    """Other libraries decode each value as JSON first."""
    read, _ = answer(COMPLETE | {"password": "007", "username": "1e3", "database": "1.0"})

    assert isinstance(read, Connected)
    assert read.credentials == Credentials("1e3", SecretStr("007"))
    assert read.database == "1.0"
