"""The types of single values: what each accepts, and that nothing else gets through."""

import ssl
from collections.abc import Callable
from typing import Generic, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from pydantic_core import Url

from databag import Invalid, Json, WireModel, parse
from databag.checks import (
    Endpoint,
    Endpoints,
    Flag,
    Host,
    HttpUrl,
    OneLine,
    Pem,
    Port,
    SecretText,
    Text,
    Version,
)
from unit.databag.certificates import INTERMEDIATE, ODD_NAME, OTHER_ROOT, ROOT, SERVER

T = TypeVar("T")

AWKWARD = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=40),
    st.text("0123456789", min_size=30, max_size=5000),  # more digits than int() takes
    st.sampled_from(["\0", "\ud800", "\N{RIGHT-TO-LEFT OVERRIDE}x", "a\nb", " ", "\x7f", "a\x85b"]),
)
"""Text with control characters, lone surrogates, and what else should not be there."""
ONLY_LOOKS_SPECIAL = (
    "a\N{NO-BREAK SPACE}b|👩\N{ZERO WIDTH JOINER}💻|a\tb|007|2024-01-01|0x1f|yes|null|1e3|"
    + "x" * 4096
)


class One(WireModel, Generic[T]):
    """A databag with one key."""

    value: T


def read(model: type[One[T]], text: str) -> T | str:
    """Return the value, or why it is invalid."""
    match parse(model, {"value": text}).answer:
        case One(value=value):
            return value
        case Invalid("value", reason):
            return reason
        case other:
            pytest.fail(repr(other))


BEGIN, *BODY, END = ROOT.splitlines(keepends=True)
CHANGED = "=|<<|0b_|0x_|2001-13-45|2024-01-01 00:00|1.0e+400|" + "9" * 400
REFUSED: dict[type[WireModel], dict[str, str]] = {
    One[Endpoints]: {
        "has an entry that is not host:port": (
            "host|host:|host:005432|host:+1|host:5_4|host: 5432|host:5432,|[2001:db8::1]"
            f"|host:{'1' * 5000}|host:\N{ARABIC-INDIC DIGIT FIVE}"
        ),
        "has a port that is not between 1 and 65535": "host:0|host:65536",
        "has an entry whose IPv6 address is not in brackets": (
            "2001:db8::1:5432|[2001:db8::1:5432|[host]:5432|[192.0.2.1]:5432"
        ),
        "has a host that is neither a DNS name nor an address": (
            ":5432|-host:1|host-:1|a..b:1|host..:1|/var/run:1|user@host:1"
            f"|{'a' * 64}:5432|{'a.' * 127}a:5432"
        ),
        "has a host that is not an IPv4 address": "192.0.2.256:1|192.0.2:1|192.0.2.01:1",
        "has a host that is not an IPv6 address": "[2001:db8::g]:5432|[fe80::1%]:5432",
        "has a host with an IPv6 zone that is not a name": "[fe80::1%e th]:5432",
        "has more than 100 entries": f"{','.join(f'a:{n}' for n in range(101))}|{'a:1,' * 100}a:1",
    },
    One[Json[Port]]: {"has a port that is not between 1 and 65535": "0|65536"},
    One[Version]: {"is not a version": f" |fourteen|14.|.15|14.15beta1|-1|{'1' * 5000}"},
    One[Flag]: {"is neither true nor false": "1|0|yes|no|truth|null|\N{FULLWIDTH DIGIT ONE}"},
    One[Pem]: {
        "holds no complete certificate in PEM": (
            f"nonsense|{BEGIN}{END}|{ROOT[:-40]}|{ROOT}{ROOT[:-40]}"
            f"|{ROOT.replace('CERTIFICATE', 'PRIVATE KEY')}"
        ),
        "holds a certificate that OpenSSL cannot read": (
            f"{BEGIN}{''.join(BODY[:-1])}{END}|{BEGIN}MAAB\n{END}|{ROOT}{BEGIN}MAAB\n{END}"
            f"|{ROOT.replace('M', '=M', 1)}|{ODD_NAME}"
        ),
        "has no root certificate": INTERMEDIATE,
        "is longer than 262144 characters": ROOT * 1000,
    },
    One[Text]: {"is text that YAML would change on its way to the workload": CHANGED},
    One[SecretText]: {
        "is text that YAML would change on its way to the workload": CHANGED,
        "is longer than 4096 characters": "x" * 4097,
        "holds a control character": "a\nb",
    },
    One[HttpUrl]: {
        "is not a URL": "10.0.0.1/a|http://|http://h:99999/|http://[::1|http://a b/",
        "is not a complete http or https URL": "loki:3100|ftp://h/|file:///etc/passwd|http://h:0/",
        "is longer than 2083 characters": "http://h/" + "a" * 2100,
        "names a user": "http://me@h/|http://:secret@h/",
    },
    One[Json[HttpUrl]]: {"is not a URL": '"10.0.0.1/a"', "names a user": '"http://me@h/"'},
}


@pytest.mark.parametrize(
    ("model", "text", "reason"),
    [
        (model, text, reason)
        for model, reasons in REFUSED.items()
        for reason, texts in reasons.items()
        for text in texts.split("|")
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_what_is_refused(model: type[WireModel], text: str, reason: str) -> None:
    assert parse(model, {"value": text}).answer == Invalid("value", reason)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("h_1.test.svc.cluster.local:5432", "h_1.test.svc.cluster.local", 5432),
        ("host.example.:1", "host.example", 1),  # no certificate names the final dot
        ("a:1, a:01,a.:1", "a", 1),  # three spellings of one endpoint
        ("host:005", "host", 5),
        ("192.0.2.1:65535", "192.0.2.1", 65535),
        ("[2001:db8::1]:5432", "2001:db8::1", 5432),
        ("[::ffff:192.0.2.1]:5432", "::ffff:192.0.2.1", 5432),
        ("[fe80::1%eth0]:5432", "fe80::1%eth0", 5432),
    ],
)
def test_endpoints_of_each_kind(text: str, host: str, port: int) -> None:
    endpoint, other = Endpoint(host=host, port=port), Endpoint(host="x", port=1)

    assert read(One[Endpoints], text) == (endpoint,)
    assert read(One[Endpoints], f"x:1 ,{endpoint}, {text}\t,x:1") == (other, endpoint)


def test_host_and_port_also_stand_alone_in_json() -> None:
    assert read(One[Json[Host]], '"h.example."') == "h.example"
    assert read(One[Json[Port]], "80") == 80


@given(AWKWARD, AWKWARD)
def test_what_is_an_endpoint_has_a_host_that_libpq_can_take(host: str, port: str) -> None:
    """libpq splits a list of hosts at commas; a host that begins with a slash is a socket."""
    parsed = read(One[Endpoints], f"{host}:{port}")

    for endpoint in () if isinstance(parsed, str) else parsed:
        assert not set(endpoint.host) & set(",/ \t\n\0[]'\"\\")
        assert endpoint.host.isascii()
        assert endpoint.host.isprintable()


@pytest.mark.parametrize(("host", "port"), [("", 1), ("a,b", 1), ("/run", 1), ("host", 0)])
def test_an_endpoint_that_a_charm_makes_is_checked_too(host: str, port: int) -> None:
    with pytest.raises(ValidationError):
        Endpoint(host=host, port=port)


@given(
    st.lists(st.integers(0, 9999), min_size=1, max_size=4), st.sampled_from(["", " (Debian)", "\n"])
)
def test_a_version_is_what_its_text_says(numbers: list[int], more: str) -> None:
    assert read(One[Version], f"{'.'.join(map(str, numbers))}{more}") == tuple(numbers)


@pytest.mark.parametrize("spell", [str.lower, str.title, str.upper])
def test_a_flag_is_spelled_as_any_library_does(spell: Callable[[str], str]) -> None:
    assert read(One[Flag], f" {spell('true')}\n") is True
    assert read(One[Flag], f" {spell('false')}\n") is False


@given(
    st.lists(st.sampled_from([ROOT, OTHER_ROOT]), min_size=1, max_size=3),
    st.integers(1, 100),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "subject=CN = ca\n", ROOT.replace("CERTIFICATE", "PRIVATE KEY")]),
)
def test_certificates_come_out_of_any_pem_file(
    certificates: list[str], width: int, newline: str, other: str
) -> None:
    def in_lines(certificate: str) -> str:
        text = "".join(certificate.splitlines()[1:-1])
        lines = (f"{text[start : start + width]}\n" for start in range(0, len(text), width))
        return f"{BEGIN}{''.join(lines)}{END}"

    text = other.join(["", *map(in_lines, certificates), ""])

    assert read(One[Pem], text.replace("\n", newline)) == "".join(certificates)


@pytest.mark.parametrize(
    "pem", [ROOT + INTERMEDIATE, INTERMEDIATE + ROOT, SERVER, SERVER + INTERMEDIATE]
)
def test_a_chain_with_its_root_and_a_servers_own_certificate_are_accepted(pem: str) -> None:
    assert read(One[Pem], pem) == pem


@given(st.integers(0, len(ROOT) - 1), st.sampled_from("A/+=-\n\0") | st.characters())
def test_a_damaged_certificate_is_refused_or_still_one(position: int, character: str) -> None:
    """Damage to the signature cannot be seen without the issuer."""
    pem = read(One[Pem], ROOT[:position] + character + ROOT[position + 1 :])

    if pem.startswith("-----BEGIN"):
        assert ssl.create_default_context(cadata=pem).cert_store_stats()["x509"] == 1
    else:
        assert pem.startswith(("holds ", "has "))


@given(AWKWARD)
def test_text_survives_yaml_and_environments(text: str) -> None:
    value = read(One[Text], f"a{text}")

    if value == f"a{text}":
        assert value.encode().decode() == value
        assert not set(value) & set("\0\n\r\x7f\x85")
    else:
        assert value == "holds a control character"


@pytest.mark.parametrize("text", ONLY_LOOKS_SPECIAL.split("|"))
def test_what_only_looks_special_is_accepted(text: str) -> None:
    secret = read(One[SecretText], text)

    assert read(One[Text], text) == text
    assert secret == SecretStr(text)
    assert text not in repr(secret)


@given(AWKWARD)
def test_text_to_show_fits_on_a_line(text: str) -> None:
    line = read(One[OneLine], f"a{text}b")

    assert line.isprintable()
    assert len(line) <= 500
    assert read(One[OneLine], " two\n\tlines\x1b[0m ") == "two lines [0m"


@pytest.mark.parametrize(
    "url", ["http://loki-0.test:3100/push", "https://[fd00::1]/a?b=c#d", "http://h/%20"]
)
def test_urls_are_taken_as_they_are(url: str) -> None:
    assert read(One[HttpUrl], url) == Url(url)
