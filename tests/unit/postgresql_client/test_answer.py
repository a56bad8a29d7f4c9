"""What each field of the databag means. A field that is added without a sample fails here."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from ops.testing import Secret
from pydantic import BaseModel, WrapValidator

import postgresql_client
from databag import Invalid, NotReady, parse, to_databag
from databag.fuzzing import check, hostile
from postgresql_client import Connected, Credentials, DatabaseRequest, ProviderStatus, Tls
from postgresql_client._models import Reported
from unit.databag.certificates import INTERMEDIATE, ROOT
from unit.postgresql_client.requirer_charm import Unit, charm, related, shown, state

MARK = "\N{SNOWMAN}"  # stands in every confidential value and in every malformed one
VALID = {
    "endpoints": "host:5432",
    "read-only-endpoints": "a:1,b:2",
    "database": "names",
    "prefix-databases": "names_a, names_b",
    "version": "14.15",
    "subordinated": "true",
    "status": '[{"code": 4001, "message": "wait"}]',
    "secret-user": "secret:user",
    "username": "role",
    "password": f"a password{MARK}",
    "uris": f"postgresql://role:{MARK}@host",
    "read-only-uris": f"postgresql://{MARK}",
    "secret-tls": "secret:tls",
    "tls": "True",
    "tls-ca": ROOT,
}
"""What a provider may write, by the key on the wire."""
MALFORMED = dict.fromkeys(VALID, f"{MARK}\n") | {
    "endpoints": f"host:{MARK}",
    "read-only-endpoints": f"a:1,{MARK}",
    "prefix-databases": f"{MARK},,names",
    "status": f'["{MARK}"]',
    "read-only-uris": MARK * 4097,
    "tls-ca": ROOT.replace("M", MARK, 1),
}


@dataclass(frozen=True)
class Field:
    """One field of the models, by its key on the wire."""

    key: str
    path: str  # the names of the attributes that lead to it
    secret: str | None  # the key that names the secret with it, None where it is in none
    is_required: bool
    is_lenient: bool
    default: object


def _fields(model: type[BaseModel], path: str = "", secret: str | None = None) -> Iterator[Field]:
    model.model_rebuild()  # which gives the fields their aliases
    for name, info in model.model_fields.items():
        is_lenient = any(isinstance(each, WrapValidator) for each in info.metadata)
        yield Field(
            str(info.alias), path + name, secret, info.is_required(), is_lenient, info.default
        )


FIELDS = (
    *_fields(Connected),
    *_fields(Reported),
    *_fields(Credentials, "credentials.", "secret-user"),
    *_fields(Tls, "tls.", "secret-tls"),
)
VALUES = tuple(field for field in FIELDS if not field.key.startswith("secret-"))


LEAST = {field.key: VALID[field.key] for field in VALUES if field.is_required}
README = Path(postgresql_client.__file__).with_name("README.md").read_text()
in_databag_and_in_secrets = pytest.mark.parametrize("in_secrets", [False, True])


def answer(databag: Mapping[str, str], **secrets: Mapping[str, str]) -> object:
    known = {f"secret:{name}": content for name, content in secrets.items()}
    return parse(Connected, databag, known.get).answer


def told(values: Mapping[str, str], *, in_secrets: bool) -> Unit:
    """Return a unit whose provider has written this: all that can be in secrets, or nothing."""
    homes = {field.key: field.secret for field in FIELDS if in_secrets and field.secret}
    databag = {key: text for key, text in values.items() if key not in homes}
    contents: dict[str, dict[str, str]] = {}
    for key in values.keys() & homes.keys():
        uri = databag.setdefault(homes[key], VALID[homes[key]])
        contents.setdefault(uri, {})[key] = values[key]
    secrets = [Secret(content, id=uri) for uri, content in contents.items()]
    unit, relation = charm(), related(databag, of_unit="ready")
    unit.dispatch(unit.on.relation_changed(relation), state(relation, secrets=secrets))
    return unit


def test_every_field_has_its_own_key_and_a_sample() -> None:
    assert sorted(field.key for field in FIELDS) == sorted(VALID)


@pytest.mark.parametrize("field", VALUES, ids=lambda field: field.key)
@in_databag_and_in_secrets
def test_a_value_is_awaited_or_makes_a_difference_and_stays_confidential(
    field: Field, in_secrets: bool
) -> None:
    without = {key: text for key, text in LEAST.items() if key != field.key}
    absent = told(without, in_secrets=in_secrets).endpoint

    unit = told(LEAST | {field.key: VALID[field.key]}, in_secrets=in_secrets)

    answer, statuses = unit.endpoint.answer, unit.endpoint.statuses
    assert isinstance(answer, Connected)
    assert unit.logged("WARNING") == []
    if field.is_required:
        assert absent.answer == NotReady((field.key,))
    else:
        assert isinstance(absent.answer, Connected)
        assert (answer, statuses) != (absent.answer, absent.statuses)
    assert MARK not in shown(unit)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.key)
@in_databag_and_in_secrets
def test_a_malformed_value_is_named_by_its_key_and_never_shown(
    field: Field, in_secrets: bool
) -> None:
    unit = told(LEAST | {field.key: MALFORMED[field.key]}, in_secrets=in_secrets)

    answer, warnings = unit.endpoint.answer, unit.logged("WARNING")
    if field.is_lenient:
        assert answer == told(LEAST, in_secrets=in_secrets).endpoint.answer
        (warning,) = warnings
        assert warning.startswith(f"ignoring `{field.key}` from postgresql-k8s: it ")
    else:
        assert isinstance(answer, Invalid)
        assert (answer.field, warnings) == (field.key, [])
    assert MARK not in shown(unit)


def test_all_that_can_come_in_a_secret_is_asked_for_in_secrets() -> None:
    asked_for = to_databag(DatabaseRequest("names").to_databag())["requested-secrets"]

    assert sorted(json.loads(asked_for)) == sorted(field.key for field in FIELDS if field.secret)


def test_the_table_of_fields_in_the_readme_is_that_of_the_models() -> None:
    row = r"(?m)^\| `([a-z_.]+)` \| `([a-z-]+)` \| [^|]+ \| `([^`]+)` \| `?(\w+)`? \|$"

    assert sorted(re.findall(row, README)) == sorted(
        (
            "statuses" if field.path == "status" else field.path,
            field.key,
            "NotReady" if field.is_required else repr(field.default),
            "ignored" if field.is_lenient else "Invalid",
        )
        for field in VALUES
    )


def test_a_provider_of_a_prefix_names_the_databases() -> None:
    """What every provider says is tested with the published libraries."""
    read = answer(VALID | {"database": "names_*", "data": "{}"}, user=VALID, tls=VALID)

    assert isinstance(read, Connected)
    assert (read.database, read.subordinated) == ("names_*", True)
    assert read.prefix_databases == ("names_a", "names_b")


@pytest.mark.parametrize(
    ("wire", "tls"),
    [
        ({}, Tls()),
        ({"tls": "", "tls-ca": ""}, Tls()),
        ({"tls": "False", "tls-ca": ROOT}, Tls(enabled=False, ca=ROOT)),
        ({"tls-ca": ROOT}, Tls(enabled=False, ca=ROOT)),
        ({"tls": "true", "tls-ca": ""}, Tls(enabled=True)),
        ({"tls": "True", "tls-ca": f"CN=ca\n{ROOT}"}, Tls(enabled=True, ca=ROOT)),
    ],
)
def test_tls(wire: dict[str, str], tls: Tls) -> None:
    plain = answer(LEAST | wire)

    assert isinstance(plain, Connected)
    assert plain.tls == tls
    assert answer(LEAST | {"secret-tls": "secret:tls"}, tls=wire) == plain


@pytest.mark.parametrize(
    ("key", "text", "reason"),
    [
        # libpq wants a chain that ends in a certificate that signed itself.
        ("tls-ca", INTERMEDIATE, "has no root certificate"),
        ("username", "a\0b", "holds a control character"),
        ("username", "a" * 64, "is longer than PostgreSQL's 63 bytes"),
        ("database", "é" * 32, "is longer than PostgreSQL's 63 bytes"),
    ],
    ids=lambda text: text[:20],
)
def test_what_lets_nobody_connect_is_invalid(key: str, text: str, reason: str) -> None:
    assert answer(LEAST | {key: text}) == Invalid(key, reason)
    assert isinstance(answer(LEAST | {"username": "a" * 63}), Connected)


@given(hostile(Connected, LEAST))
def test_any_databag_has_an_answer(databag: dict[str, str]) -> None:
    check(Connected, databag)


def statuses(text: str) -> tuple[ProviderStatus, ...] | str:
    reading = parse(Reported, {"status": text})
    assert isinstance(reading.answer, Reported)
    return reading.ignored[0].reason if reading.ignored else reading.answer.status


@given(hostile(Reported, {"status": VALID["status"]}))
def test_any_status_is_read_or_ignored(databag: dict[str, str]) -> None:
    check(Reported, databag)


def test_statuses_are_read_in_order_and_fit_on_a_line() -> None:
    """A status needs no resolution, and may have more."""
    long = "x" * 60_000

    assert statuses(
        """[{"code": 4001, "message": " two\\n lines ", "resolution": null, "since": "now"},
            {"code": 1000, "message": "\\u001b", "resolution": "wait"}]"""
    ) == (
        ProviderStatus(code=4001, message="two lines"),
        ProviderStatus(code=1000, message="", resolution="wait"),
    )
    assert statuses(json.dumps([{"code": 1, "message": long, "resolution": long}])) == (
        ProviderStatus(code=1, message="x" * 500, resolution="x" * 500),
    )


NO_STATUSES = {
    "has a part that is missing": '[{"code": 4001}]',
    "has a part that is not a whole number": (
        '[{"code": "4001", "message": ""}]|[{"code": true, "message": ""}]'
        '|[{"code": 4001.0, "message": ""}]'
    ),
    "is not JSON": '[{"code": 1, "message": "\\ud800"}]|' + "[" * 60_000,
    "has too many entries": json.dumps([{"code": 4001, "message": "wait"}] * 101),
}


@pytest.mark.parametrize("reason", NO_STATUSES)
def test_what_is_no_list_of_statuses(reason: str) -> None:
    for text in NO_STATUSES[reason].split("|"):
        assert statuses(text) == reason


def test_the_thousands_of_a_code_are_its_severity() -> None:
    severities = {
        "informational": (-4000, 0, 1000, 3999, 6000, 50000),
        "transitory": (4000, 4999),
        "fatal": (5000, 5999),
    }

    for severity, codes in severities.items():
        assert {ProviderStatus(code=code, message="").severity for code in codes} == {severity}
