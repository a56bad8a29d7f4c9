"""The answer: what any databag and any secrets mean."""

from collections.abc import Mapping

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from postgresql_client import (
    Answer,
    Connected,
    Credentials,
    Endpoint,
    Invalid,
    NotReady,
    ProviderStatus,
    Tls,
)
from postgresql_client._answer import Ignored, parse_answer
from postgresql_client.testing import CA
from unit.postgresql_client.fields import FIELDS
from unit.postgresql_client.strategies import AWKWARD, MARK

URI = "secret:user"
COMPLETE = {
    "database": "names",
    "endpoints": "host:5432",
    "username": "role",
    "password": "a password",
}
HOST = Endpoint(host="host", port=5432)

SECRET_KEYS = [field.key for field in FIELDS if field.is_confidential]
URI_KEYS = [*(field.key for field in FIELDS if field.names_secret), "secret-extra"]
PLAIN_KEYS = [
    *(field.key for field in FIELDS if not field.is_confidential and not field.names_secret),
    "data",
    "something new",
]
CONTENT_KEYS = [field.key for field in FIELDS if field.secret and not field.is_confidential]

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
        **dict.fromkeys(CONTENT_KEYS, PLAIN_VALUES),
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
    return parse_answer(databag, (secrets or {}).get, lambda: ready)


@given(DATABAGS, st.none() | CONTENTS, st.booleans())
@example(COMPLETE | {"password": f"a\n{MARK}"}, None, False)
@example(COMPLETE | {"uris": f"a\n{MARK}"}, None, False)
@example(COMPLETE | {"secret-user": "secret:a"}, {"username": "role", "password": MARK}, False)
def test_anything_has_an_answer_that_shows_no_secret(
    databag: dict[str, str], content: dict[str, str] | None, ready: bool
) -> None:
    read = parse_answer(databag, lambda _uri: content, lambda: ready)

    assert MARK not in repr(read)
    assert MARK not in str(read)


@given(DATABAGS, CONTENTS)
def test_what_is_connected_can_be_relied_on(
    databag: dict[str, str], content: dict[str, str]
) -> None:
    match parse_answer(COMPLETE | databag, lambda _uri: content, lambda: True)[0]:
        case Connected() as connected:
            assert connected.endpoints
            assert connected.credentials.username
            assert connected.credentials.password.get_secret_value()
            assert connected.database != ""
        case Invalid() as invalid:
            assert invalid.field in {*PLAIN_KEYS, *SECRET_KEYS, *URI_KEYS}
        case NotReady() as not_ready:
            assert not_ready.missing


@given(st.permutations(list(COMPLETE)), st.integers(0, len(COMPLETE)))
def test_an_answer_in_pieces_names_what_is_missing(order: list[str], count: int) -> None:
    databag = {key: COMPLETE[key] for key in order[:count]}
    missing = set(COMPLETE) - set(databag) - {"database"}

    match answer(databag)[0]:
        case NotReady() as not_ready:
            assert set(not_ready.missing) == missing
            assert missing
        case Connected():
            assert not missing
        case other:
            pytest.fail(repr(other))


def test_an_empty_value_is_a_missing_one() -> None:
    empty = dict.fromkeys([*PLAIN_KEYS, *SECRET_KEYS, *URI_KEYS], "")

    assert answer(empty) == answer({})
    assert answer(empty | COMPLETE) == answer(COMPLETE)


def test_the_least_that_connects() -> None:
    databag = {key: COMPLETE[key] for key in ("endpoints", "username", "password")}

    assert answer(databag) == (
        Connected(
            endpoints=(HOST,),
            credentials=Credentials(username="role", password=SecretStr("a password")),
        ),
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
            endpoints=(Endpoint(host="a", port=1), Endpoint(host="b", port=2)),
            credentials=Credentials(
                username="role",
                password=SecretStr("1234"),
                uris=SecretStr("postgresql://a"),
                read_only_uris=SecretStr("postgresql://c"),
            ),
            tls=Tls(enabled=True, ca=CA),
            database="names",
            subordinated=True,
            version=(14, 15),
            read_only_endpoints=(Endpoint(host="c", port=3),),
            prefix_databases=("names_a", "names_b"),
            statuses=(ProviderStatus(code=4001, message="wait", resolution="a bit"),),
        ),
        (),
    )


def test_an_answer_cannot_be_changed() -> None:
    read, _ = answer(COMPLETE)
    assert isinstance(read, Connected)

    for value, field in ((read, "database"), (read.credentials, "username"), (HOST, "host")):
        with pytest.raises(ValidationError):
            setattr(value, field, "another")


@pytest.mark.parametrize(
    ("wire", "tls"),
    [
        ({}, Tls()),
        ({"tls": "False", "tls-ca": CA}, Tls(enabled=False, ca=CA)),
        ({"tls": "false"}, Tls()),
        ({"tls-ca": CA}, Tls(enabled=False, ca=CA)),
        ({"tls": ""}, Tls()),
        ({"tls": "true", "tls-ca": ""}, Tls(enabled=True)),
        ({"tls": "True"}, Tls(enabled=True, ca=None)),
        ({"tls": "True", "tls-ca": f"CN=ca\n{CA}"}, Tls(enabled=True, ca=CA)),
    ],
)
def test_tls(wire: dict[str, str], tls: Tls) -> None:
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
        ({"endpoints": ","}, "endpoints"),
        ({"database": "a\nb"}, "database"),
        ({"database": "a\ud800b"}, "database"),
        ({"database": "a" * 64}, "database"),
        ({"username": "a\0b"}, "username"),
        ({"password": "a\nb"}, "password"),
        ({"password": "a\ud800b"}, "password"),
        ({"tls": "perhaps"}, "tls"),
        ({"tls": "true", "tls-ca": "perhaps"}, "tls-ca"),
        ({"tls": "false", "tls-ca": "perhaps"}, "tls-ca"),
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
    assert read.statuses == (ProviderStatus(code=5000, message="gone"),)


def test_malformed_is_worse_than_missing() -> None:
    """Waiting would not mend it."""
    assert answer({"username": "role", "tls": "perhaps"})[0] == Invalid(
        "tls", "is neither true nor false"
    )


def test_a_malformed_status_is_named_once() -> None:
    """Also where the rest of the databag cannot be used."""
    for databag in ({}, COMPLETE, COMPLETE | {"endpoints": "host"}):
        _, ignored = answer(databag | {"status": "[4001]"})
        assert ignored == (Ignored("status", "is not a JSON array of statuses"),)


def test_a_secret_that_cannot_be_read_is_waited_for() -> None:
    databag = {"endpoints": "host:5432", "secret-user": "secret:a", "secret-tls": "secret:b"}
    user = {"secret:a": {"username": "role", "password": "a password"}}

    assert answer(databag) == (NotReady((), unreadable=("secret-user", "secret-tls")), ())
    assert answer(databag, user) == (NotReady((), unreadable=("secret-tls",)), ())


def test_plain_values_do_not_stand_in_for_a_secret() -> None:
    databag = COMPLETE | {"secret-user": URI, "secret-tls": "secret:tls", "tls": "false"}

    assert answer(databag) == (NotReady((), unreadable=("secret-user", "secret-tls")), ())


def test_a_secret_is_taken_as_it_is_and_not_mixed_with_the_databag() -> None:
    databag = COMPLETE | {"secret-user": URI}

    assert answer(databag, {URI: {"username": "role"}}) == (NotReady(("password",)), ())


@pytest.mark.parametrize("flag", ["true", "True"])
def test_a_subordinate_provider_is_waited_for(flag: str) -> None:
    databag = COMPLETE | {"subordinated": flag}

    assert answer(databag, ready=False) == (NotReady(("state",)), ())
    assert isinstance(answer(databag, ready=True)[0], Connected)


def test_a_provider_that_is_no_subordinate_is_not_waited_for() -> None:
    assert answer(COMPLETE | {"subordinated": "false"}, ready=False) == answer(COMPLETE)


def test_values_that_look_like_numbers_stay_the_text_that_they_are() -> None:
    """Other libraries decode each value as JSON first."""
    read, _ = answer(COMPLETE | {"password": "007", "username": "1e3", "database": "1.0"})

    assert isinstance(read, Connected)
    assert read.credentials == Credentials(username="1e3", password=SecretStr("007"))
    assert read.database == "1.0"
