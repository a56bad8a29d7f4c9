"""The types of single values: what each accepts, and that nothing else gets through."""

import json
import ssl
from collections.abc import Callable
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, TypeAdapter, ValidationError

from postgresql_client import Endpoint, Invalid, ProviderStatus
from postgresql_client._answer import Endpoints, parse_answer
from postgresql_client._checks import (
    Flag,
    Identifier,
    Names,
    Pem,
    Secret,
    Version,
    is_secret_uri,
)
from postgresql_client.testing import CA
from unit.postgresql_client.fields import FIELDS
from unit.postgresql_client.strategies import (
    AWKWARD,
    BENT_BY_YAML,
    ENDPOINTS,
    MARK,
    NAMES,
    OTHER_CA,
    PLAIN_LOOKING,
)

SECRETS = AWKWARD.map(lambda text: f"{text}{MARK}{text}")

ENDPOINT_LIST: TypeAdapter[tuple[Endpoint, ...]] = TypeAdapter(Endpoints)
FLAG: TypeAdapter[bool] = TypeAdapter(Flag)
IDENTIFIER: TypeAdapter[str] = TypeAdapter(Identifier)
NAME_LIST: TypeAdapter[tuple[str, ...]] = TypeAdapter(Names)
PEM: TypeAdapter[str] = TypeAdapter(Pem)
SECRET: TypeAdapter[SecretStr] = TypeAdapter(Secret)
VERSION: TypeAdapter[tuple[int, ...]] = TypeAdapter(Version)

DATABAG = {"endpoints": "host:5432", "username": "role", "password": "a password"}


def endpoint(text: str) -> Endpoint:
    """Return the only endpoint of a list."""
    (only,) = ENDPOINT_LIST.validate_python(text)
    return only


def refusal(field: str, text: str) -> Invalid:
    """Return why a databag with this field is refused."""
    answer, _ = parse_answer(DATABAG | {field: text}, lambda _uri: None, lambda: True)
    assert isinstance(answer, Invalid)
    return answer


def statuses(text: str) -> tuple[ProviderStatus, ...] | str:
    """Return the statuses, or why they are ignored."""
    answer, ignored = parse_answer(DATABAG | {"status": text}, lambda _uri: None, lambda: True)
    return ignored[0].reason if ignored else answer.statuses


@pytest.mark.parametrize("field", [field.key for field in FIELDS])
@given(text=SECRETS | SECRETS.map(json.dumps) | SECRETS.map(lambda text: f"host:{text}"))
def test_a_refusal_is_a_sentence_without_the_value(field: str, text: str) -> None:
    answer, ignored = parse_answer(DATABAG | {field: text}, lambda _uri: None, lambda: True)

    reasons = [each.reason for each in ignored]
    if isinstance(answer, Invalid):
        assert answer.field == field
        reasons.append(answer.reason)
    for reason in reasons:
        assert MARK not in reason
        assert reason.startswith(("is ", "has ", "holds "))
        assert reason.isprintable()


# Endpoints


@given(ENDPOINTS)
def test_an_endpoint_is_what_its_text_says(given_endpoint: Endpoint) -> None:
    assert endpoint(str(given_endpoint)) == given_endpoint


@given(st.lists(ENDPOINTS, min_size=1, max_size=6), st.sampled_from([",", ", ", " ,\t"]))
def test_endpoints_keep_their_order_and_lose_duplicates(
    endpoints: list[Endpoint], comma: str
) -> None:
    parsed = ENDPOINT_LIST.validate_python(comma.join(map(str, endpoints * 2)))

    assert parsed == tuple(dict.fromkeys(endpoints))


def test_there_are_at_most_a_hundred_endpoints() -> None:
    hundred = ",".join(f"host:{port}" for port in range(1, 101))

    assert len(ENDPOINT_LIST.validate_python(hundred)) == 100
    assert refusal("endpoints", f"{hundred},host:101") == Invalid(
        "endpoints", "has more than 100 entries"
    )


@given(AWKWARD, AWKWARD)
def test_what_is_an_endpoint_has_a_host_that_libpq_can_take(host: str, port: str) -> None:
    """A list of hosts is split at commas, and a host that begins with a slash is a socket."""
    try:
        parsed = endpoint(f"{host}:{port}")
    except ValueError:
        return
    assert not set(parsed.host) & set(",/ \t\n\0[]'\"\\")
    assert parsed.host.isascii()
    assert parsed.host.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "host",
        ":5432",
        "host:",
        "host:0",
        "host:65536",
        "host:005432",
        f"host:{'1' * 5000}",
        "host:+1",
        "host:5_4",
        "host:\N{ARABIC-INDIC DIGIT FIVE}",
        "host: 5432",
        "host:5432,",
        "-host:5432",
        "host-:5432",
        "a..b:5432",
        "/var/run:5432",
        "user@host:5432",
        f"{'a' * 64}:5432",
        f"{'a.' * 127}a:5432",
        "192.0.2.256:5432",
        "192.0.2:5432",
        "192.0.2.01:5432",
        "2001:db8::1:5432",
        "[2001:db8::1]",
        "[2001:db8::1:5432",
        "[2001:db8::g]:5432",
        "[192.0.2.1]:5432",
        "[host]:5432",
        "[fe80::1%e th]:5432",
        "[fe80::1%]:5432",
    ],
)
def test_what_is_no_endpoint(text: str) -> None:
    refused = refusal("endpoints", text)

    assert refused.field == "endpoints"
    assert refused.reason.startswith(("has a host", "has a port", "has an entry"))


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("h_1.test.svc.cluster.local:5432", "h_1.test.svc.cluster.local", 5432),
        ("host.example.:1", "host.example.", 1),
        ("192.0.2.1:65535", "192.0.2.1", 65535),
        ("[2001:db8::1]:5432", "2001:db8::1", 5432),
        ("[::ffff:192.0.2.1]:5432", "::ffff:192.0.2.1", 5432),
        ("[fe80::1%eth0]:5432", "fe80::1%eth0", 5432),
    ],
)
def test_endpoints_of_each_kind(text: str, host: str, port: int) -> None:
    assert endpoint(text) == Endpoint(host=host, port=port)
    assert str(endpoint(text)) == text


@pytest.mark.parametrize(("host", "port"), [("", 1), ("a,b", 1), ("/run", 1), ("host", 0)])
def test_an_endpoint_of_a_charm_is_checked_too(host: str, port: int) -> None:
    with pytest.raises(ValidationError):
        Endpoint(host=host, port=port)


# Versions


@given(
    st.lists(st.integers(0, 9999), min_size=1, max_size=4),
    st.sampled_from(["", " (Debian)", "\n"]),
)
def test_a_version_is_what_its_text_says(numbers: list[int], more: str) -> None:
    text = ".".join(map(str, numbers))

    assert VERSION.validate_python(f"{text}{more}") == tuple(numbers)


@pytest.mark.parametrize("text", ["", "fourteen", "14.", ".15", "14.15beta1", "1" * 5000, "-1"])
def test_what_is_no_version(text: str) -> None:
    with pytest.raises(ValidationError, match="is not a version"):
        VERSION.validate_python(text)


# CA certificates


def in_lines(certificate: str, width: int) -> str:
    """Return the same certificate in lines of another width."""
    begin, *body, end = certificate.splitlines()
    text = "".join(body)
    lines = (text[start : start + width] for start in range(0, len(text), width))
    return "\n".join([begin, *lines, end, ""])


@given(
    st.lists(st.sampled_from([CA, OTHER_CA]), min_size=1, max_size=3),
    st.integers(1, 100),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(
        ["", "subject=CN = ca\n", "-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n"]
    ),
)
def test_certificates_come_out_of_any_pem_file(
    certificates: list[str], width: int, newline: str, other: str
) -> None:
    text = other.join(in_lines(each, width) for each in certificates)

    read = PEM.validate_python((other + text + other).replace("\n", newline))

    assert read == "".join(certificates)
    assert PEM.validate_python(read) == read


@pytest.mark.parametrize("ca", [CA, OTHER_CA])
def test_a_certificate_is_unchanged(ca: str) -> None:
    read = PEM.validate_python(in_lines(ca, 7))

    assert ssl.PEM_cert_to_DER_cert(read) == ssl.PEM_cert_to_DER_cert(ca)


BEGIN, *BODY, END = CA.splitlines(keepends=True)
NOT_CERTIFICATES = {
    "no PEM": "nonsense",
    "empty": BEGIN + END,
    "cut off": CA[:-40],
    "the beginning only": BEGIN + "".join(BODY[:-1]) + END,
    "three bytes": f"{BEGIN}MAAB\n{END}",
    "something else": CA.replace("CERTIFICATE", "PRIVATE KEY"),
    "not base64": CA.replace("M", "=M", 1),
    "a good one and a bad one": f"{CA}{BEGIN}MAAB\n{END}",
    "a good one and one cut off": CA + CA[:-40],
    "endless": CA * 1000,
}


@pytest.mark.parametrize("flag", ["true", "false"])
@pytest.mark.parametrize("text", NOT_CERTIFICATES.values(), ids=NOT_CERTIFICATES)
def test_what_is_no_certificate_is_refused_with_or_without_tls(text: str, flag: str) -> None:
    databag = DATABAG | {"tls": flag, "tls-ca": text}

    answer, _ = parse_answer(databag, lambda _uri: None, lambda: True)

    assert isinstance(answer, Invalid)
    assert answer.field == "tls-ca"
    assert answer.reason.startswith(("holds ", "is longer than "))


@given(st.integers(0, len(CA) - 1), st.sampled_from("A/+=-\n\0") | st.characters())
def test_a_damaged_certificate_is_refused_or_still_one(position: int, character: str) -> None:
    """Damage to the signature cannot be seen without the issuer."""
    damaged = CA[:position] + character + CA[position + 1 :]
    try:
        read = PEM.validate_python(damaged)
    except ValidationError:
        return
    assert ssl.create_default_context(cadata=read).cert_store_stats()["x509"] == 1


# Flags


@given(st.booleans(), st.sampled_from([str.lower, str.title, str.upper]))
def test_flags_of_either_library(flag: bool, spell: Callable[[str], str]) -> None:
    assert FLAG.validate_python(f" {spell(str(flag))}\n") is flag


@given(AWKWARD.filter(lambda text: text.strip().lower() not in ("true", "false")))
def test_a_flag_is_one_of_two_words(text: str) -> None:
    with pytest.raises(ValidationError, match="is neither true nor false"):
        FLAG.validate_python(text)


# Names and secrets


@given(st.lists(NAMES.filter(lambda name: "," not in name), min_size=1, max_size=5))
def test_names_keep_their_order_and_lose_duplicates(names: list[str]) -> None:
    try:
        read = NAME_LIST.validate_python(", ".join(names * 2))
    except ValidationError:
        assert any(refused(name) for name in names)
        return
    assert read == tuple(dict.fromkeys(names))


def refused(name: str) -> bool:
    """Whether this cannot be a name."""
    try:
        IDENTIFIER.validate_python(name)
    except ValidationError:
        return True
    return False


@given(AWKWARD)
def test_a_name_fits_into_postgresql(text: str) -> None:
    try:
        name = IDENTIFIER.validate_python(text)
    except ValidationError:
        return
    assert name == text
    assert 0 < len(name.encode()) <= 63
    assert not set(name) & set("\0\n\r\x7f\x85")


@given(AWKWARD)
def test_a_secret_survives_yaml_and_environments(text: str) -> None:
    try:
        secret = SECRET.validate_python(text).get_secret_value()
    except ValidationError:
        return
    assert secret == text
    assert secret.encode().decode() == secret
    assert not set(secret) & set("\0\n\r\x7f\x85")


@given(SECRETS)
def test_secrets_do_not_show(text: str) -> None:
    shown = ""
    try:
        shown += repr(SECRET.validate_python(text))
    except ValidationError as error:
        shown += " ".join(problem["msg"] for problem in error.errors())

    assert MARK not in shown


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a" * 64, "is longer than PostgreSQL's 63 bytes"),
        ("\N{LATIN SMALL LETTER E WITH ACUTE}" * 32, "is longer than PostgreSQL's 63 bytes"),
        ("a\n", "holds a control character"),
        ("a\x85b", "holds a control character"),
        ("a\0b", "holds a control character"),
        ("a\ud800b", "holds a control character"),
    ],
)
@pytest.mark.parametrize("field", ["database", "username"])
def test_what_cannot_be_a_name(field: str, name: str, reason: str) -> None:
    assert refusal(field, name) == Invalid(field, reason)


def test_a_secret_has_a_bound() -> None:
    assert SECRET.validate_python("x" * 4096)
    assert refusal("password", "x" * 4097) == Invalid("password", "is longer than 4096 characters")


@pytest.mark.parametrize("text", BENT_BY_YAML, ids=lambda text: text[:20])
def test_what_yaml_would_change_is_refused_by_name(text: str) -> None:
    reason = "is text that YAML would change on its way to the workload"

    assert refusal("password", text) == Invalid("password", reason)
    if len(text) <= 63:
        assert refusal("username", text) == Invalid("username", reason)
        assert refusal("database", text) == Invalid("database", reason)


@pytest.mark.parametrize("text", PLAIN_LOOKING)
def test_what_only_looks_special_is_accepted(text: str) -> None:
    assert IDENTIFIER.validate_python(text) == text
    assert SECRET.validate_python(text).get_secret_value() == text


# URIs of secrets


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("secret:9m4e2mr0ui3e8a215n4g", True),
        ("secret://5f2b5f5e-0001-4a2b-8c3d-000000000001/9m4e2mr0ui3e8a215n4g", True),
        ("9m4e2mr0ui3e8a215n4g", True),
        ("s" * 100, True),
        ("s" * 101, False),
        ("", False),
        ("a secret", False),
        ("secret:a\n", False),
        ("secret:\N{LATIN SMALL LETTER E WITH ACUTE}", False),
    ],
)
def test_uris_of_secrets(uri: str, expected: bool) -> None:
    assert is_secret_uri(uri) is expected


@pytest.mark.parametrize("field", ["secret-user", "secret-tls"])
def test_a_long_uri_is_refused_without_asking_juju(field: str) -> None:
    def read_secret(_uri: str) -> None:
        pytest.fail("asked for a secret that cannot be one")

    answer, _ = parse_answer(DATABAG | {field: "s" * 101}, read_secret, lambda: True)

    assert answer == Invalid(field, "is not the URI of a secret")


# Statuses


@given(
    st.lists(
        st.tuples(st.integers(0, 9999), st.text(max_size=30), st.text(max_size=30)), max_size=4
    )
)
def test_statuses_are_read_in_order_and_fit_on_a_line(given: list[tuple[int, str, str]]) -> None:
    wire = [{"code": code, "message": text, "resolution": more} for code, text, more in given]

    read = statuses(json.dumps(wire))

    assert isinstance(read, tuple)
    assert [status.code for status in read] == [code for code, _, _ in given]
    for status in read:
        assert f"{status.message}{status.resolution}".isprintable()


@pytest.mark.parametrize(
    ("code", "severity"),
    [
        (1000, "informational"),
        (1999, "informational"),
        (0, "informational"),
        (2000, "informational"),
        (-4000, "informational"),
        (4000, "transitory"),
        (4999, "transitory"),
        (5000, "fatal"),
        (5999, "fatal"),
        (6000, "informational"),
        (50000, "informational"),
    ],
)
def test_severities(code: int, severity: Literal["informational", "transitory", "fatal"]) -> None:
    assert ProviderStatus(code=code, message="message").severity == severity


def test_a_status_needs_no_resolution_and_may_have_more() -> None:
    text = '[{"code": 4001, "message": " two\\n lines ", "since": "yesterday"}]'

    assert statuses(text) == (ProviderStatus(code=4001, message="two lines", resolution=""),)


@pytest.mark.parametrize(
    "text",
    [
        "4001",
        "{}",
        "[4001]",
        '[{"code": 4001}]',
        '[{"code": "many", "message": ""}]',
        '[{"code": NaN, "message": ""}]',
        '[{"code": 1' + "0" * 5000 + ', "message": ""}]',
        '[{"code": 1, "message": "\\ud800"}]',
        "[" * 60_000,
    ],
    ids=lambda text: text[:20],
)
def test_what_is_no_list_of_statuses(text: str) -> None:
    assert statuses(text) == "is not a JSON array of statuses"


def test_statuses_have_bounds() -> None:
    hundred = [{"code": 4001, "message": "wait"}] * 100

    assert len(statuses(json.dumps(hundred))) == 100
    assert statuses(json.dumps([*hundred, *hundred])) == "has more than 100 entries"
    assert statuses(json.dumps("x" * 64 * 1024)) == "is longer than 65536 characters"
