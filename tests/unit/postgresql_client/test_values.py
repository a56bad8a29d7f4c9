"""The values: what they accept, how they look on the wire, and that nothing else gets through."""

import json
import ssl
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from postgresql_client import (
    CaCertificates,
    Credentials,
    Endpoint,
    Entity,
    ProviderStatus,
    ServerVersion,
    Severity,
)
from postgresql_client._values import parse_endpoints, parse_flag, parse_names, parse_statuses
from unit.postgresql_client.strategies import (
    AWKWARD,
    DERS,
    ENDPOINTS,
    MARK,
    NAMES,
    PRINTABLE,
    pem,
)

SECRETS = AWKWARD.map(lambda text: f"{text}{MARK}{text}")

PARSERS: dict[str, Callable[[str], object]] = {
    "endpoint": Endpoint.parse,
    "endpoints": parse_endpoints,
    "flag": parse_flag,
    "names": parse_names,
    "version": ServerVersion.parse,
    "certificates": CaCertificates.parse,
    "statuses": parse_statuses,
}


@pytest.mark.parametrize("parse", PARSERS.values(), ids=PARSERS)
@given(text=SECRETS | SECRETS.map(json.dumps) | SECRETS.map(lambda text: f"host:{text}"))
def test_parsers_raise_value_error_without_the_value(
    parse: Callable[[str], object], text: str
) -> None:
    refused = ""
    try:
        parse(text)
    except ValueError as error:
        refused = f"{error!r} {error}"

    assert MARK not in refused


@given(ENDPOINTS)
def test_an_endpoint_is_what_its_text_says(endpoint: Endpoint) -> None:
    assert Endpoint.parse(str(endpoint)) == endpoint


@given(st.lists(ENDPOINTS, min_size=1, max_size=6), st.sampled_from([",", ", ", " ,\t"]))
def test_endpoints_keep_their_order_and_lose_duplicates(
    endpoints: list[Endpoint], comma: str
) -> None:
    parsed = parse_endpoints(comma.join(str(endpoint) for endpoint in endpoints * 2))

    assert parsed == tuple(dict.fromkeys(endpoints))


@given(AWKWARD, AWKWARD)
def test_what_is_an_endpoint_has_a_host_that_libpq_can_take(host: str, port: str) -> None:
    """A list of hosts is split at commas, and a host that begins with a slash is a socket."""
    try:
        endpoint = Endpoint.parse(f"{host}:{port}")
    except ValueError:
        return
    assert not set(endpoint.host) & set(",/ \t\n\0[]'\"\\")
    assert endpoint.host.isascii()
    assert endpoint.host.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "",
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
        "-host:5432",
        "host-:5432",
        "a..b:5432",
        "a,b:5432",
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
        "[fe80::1%e,th]:5432",
    ],
)
def test_what_is_no_endpoint(text: str) -> None:
    with pytest.raises(ValueError, match=r"^has an? "):
        Endpoint.parse(text)


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("h_1.test.svc.cluster.local:5432", Endpoint("h_1.test.svc.cluster.local", 5432)),
        ("host.example.:1", Endpoint("host.example.", 1)),
        ("192.0.2.1:65535", Endpoint("192.0.2.1", 65535)),
        ("[2001:db8::1]:5432", Endpoint("2001:db8::1", 5432)),
        ("[::ffff:192.0.2.1]:5432", Endpoint("::ffff:192.0.2.1", 5432)),
        ("[fe80::1%eth0]:5432", Endpoint("fe80::1%eth0", 5432)),
    ],
)
def test_endpoints_of_each_kind(text: str, endpoint: Endpoint) -> None:
    assert Endpoint.parse(text) == endpoint
    assert str(endpoint) == text


@given(st.lists(st.integers(0, 9999), min_size=1, max_size=4), st.sampled_from(["", " (Debian)"]))
def test_a_version_is_what_its_text_says(numbers: list[int], more: str) -> None:
    version = ServerVersion(tuple(numbers))

    assert ServerVersion.parse(f"{version}{more}") == version
    assert version.major == numbers[0]


@pytest.mark.parametrize("text", ["", "fourteen", "14.", ".15", "14.15beta1", "1" * 5000, "-1"])
def test_what_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="is not a version"):
        ServerVersion.parse(text)


@pytest.mark.parametrize("numbers", [(), (-1,), (14, 10_000)])
def test_what_are_no_numbers_of_a_version(numbers: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="is not a version"):
        ServerVersion(numbers)


@given(
    st.lists(DERS, min_size=1, max_size=3),
    st.integers(1, 100),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(
        ["", "subject=CN = ca\n", "-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n"]
    ),
)
def test_certificates_come_out_of_any_pem_file(
    ders: list[bytes], width: int, newline: str, other: str
) -> None:
    text = other.join(pem(der, width) for der in ders).replace("\n", newline)

    certificates = CaCertificates.parse(other + text + other)

    assert certificates == CaCertificates("".join(pem(der) for der in ders))
    assert CaCertificates.parse(certificates) == certificates


@given(DERS)
def test_a_certificate_is_unchanged(der: bytes) -> None:
    assert ssl.PEM_cert_to_DER_cert(CaCertificates.parse(pem(der, 7))) == der


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nMAA=\n",
        pem(b"\x30\x00").replace("CERTIFICATE", "PRIVATE KEY"),
        pem(b"\x04\x00"),
        pem(b"\x30\x00").replace("=", ""),
        pem(b"\x30\x00").replace("=", "=MAA="),
        pem(b"\x30\x00") + pem(b"\x04\x00"),
    ],
)
def test_what_holds_no_certificate(text: str) -> None:
    with pytest.raises(ValueError, match=r"^holds (no|a) certificate"):
        CaCertificates.parse(text)


def test_certificates_are_made_of_plain_pem_only() -> None:
    with pytest.raises(ValueError, match="is not plain PEM"):
        CaCertificates("a comment\n" + pem(b"\x30\x00"))


@given(st.booleans(), st.sampled_from([str.lower, str.title, str.upper]))
def test_flags_of_either_library(flag: bool, spell: Callable[[str], str]) -> None:
    assert parse_flag(f" {spell(str(flag))}\n") is flag


@given(st.lists(NAMES.filter(lambda name: "," not in name), min_size=1, max_size=5))
def test_names_keep_their_order_and_lose_duplicates(names: list[str]) -> None:
    assert parse_names(", ".join(names * 2)) == tuple(dict.fromkeys(names))


@given(AWKWARD, AWKWARD)
def test_credentials_survive_yaml_and_environments(username: str, password: str) -> None:
    try:
        credentials = Credentials(username, SecretStr(password))
    except ValueError:
        return
    for text in (credentials.username, credentials.password.get_secret_value()):
        assert text
        assert text.isprintable()
        assert text.encode().decode() == text
    assert len(credentials.username.encode()) <= 63


@given(NAMES, PRINTABLE, PRINTABLE.map(lambda text: f"{text}{MARK}"))
def test_passwords_do_not_show(name: str, more: str, password: str) -> None:
    for value in (Credentials(name, SecretStr(password)), Entity(name, SecretStr(more + password))):
        assert MARK not in f"{value} {value!r}"


@pytest.mark.parametrize("name", ["", "a" * 64, "\N{LATIN SMALL LETTER E WITH ACUTE}" * 32, "a\n"])
def test_what_cannot_be_a_role(name: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|holds) "):
        Credentials(name, SecretStr("x"))
    with pytest.raises(ValueError, match=r"^(is|holds) "):
        Entity(name, None)


@given(
    st.lists(
        st.tuples(st.integers(0, 9999), st.text(max_size=30), st.text(max_size=30)), max_size=4
    )
)
def test_statuses_are_read_in_order_and_fit_on_a_line(given: list[tuple[int, str, str]]) -> None:
    wire = [{"code": code, "message": text, "resolution": more} for code, text, more in given]

    statuses = parse_statuses(json.dumps(wire))

    assert [status.code for status in statuses] == [code for code, _, _ in given]
    for status in statuses:
        assert f"{status.message}{status.resolution}".isprintable()


@pytest.mark.parametrize(
    ("code", "severity"),
    [
        (1000, Severity.INFORMATIONAL),
        (1999, Severity.INFORMATIONAL),
        (0, Severity.INFORMATIONAL),
        (2000, Severity.INFORMATIONAL),
        (-4000, Severity.INFORMATIONAL),
        (4000, Severity.TRANSITORY),
        (4999, Severity.TRANSITORY),
        (5000, Severity.FATAL),
        (5999, Severity.FATAL),
        (6000, Severity.INFORMATIONAL),
        (50000, Severity.INFORMATIONAL),
    ],
)
def test_severities(code: int, severity: Severity) -> None:
    assert ProviderStatus(code, "message", "resolution").severity is severity


def test_a_status_needs_no_resolution_and_may_have_more() -> None:
    text = '[{"code": 4001, "message": " two\\n lines ", "since": "yesterday"}]'

    assert parse_statuses(text) == (ProviderStatus(4001, "two lines", ""),)


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
        "[" * 100_000,
    ],
)
def test_what_is_no_list_of_statuses(text: str) -> None:
    with pytest.raises(ValueError, match="is not a JSON array of statuses"):
        parse_statuses(text)
