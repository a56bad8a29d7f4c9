"""The rules by which a databag becomes an answer, and a model a databag."""

import json
from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Annotated, Self

import pytest
from hypothesis import given
from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator

from databag import (
    DashedModel,
    FromSecret,
    Invalid,
    Json,
    Lenient,
    NotReady,
    Reading,
    WireModel,
    parse,
    to_databag,
)
from databag.fuzzing import check, hostile

MARK = "\N{SNOWMAN}"  # stands in values that must not show


def _check_word(text: str) -> str:
    if not text.isalpha():
        raise ValueError("is not a word")
    return text


Word = Annotated[str, AfterValidator(_check_word)]


class Entry(WireModel):
    word: Word
    size: int = 0


class Nested(WireModel):
    url: Word
    entries: tuple[Entry, ...] = ()
    note: Lenient[Word] = "none"
    hint: Word | None = None  # which is never written as null


class Login(DashedModel):
    user_name: Word
    token: SecretStr
    scopes: Json[tuple[Word, ...]] = ()
    hint: Lenient[Word | None] = None


class Certificate(WireModel):
    chain: Word
    days: Json[int] = 1


class Provider(DashedModel):
    """A field of each kind."""

    name: Word
    login: Annotated[FromSecret[Login], Field(alias="secret-user")]
    size: Json[int]
    tier: Word = "basic"
    nested: Json[Nested | None] = None
    client_cert: FromSecret[Certificate | None] = None
    version: Lenient[Word | None] = None
    entries: Annotated[Lenient[Json[tuple[Entry, ...]]], Field(alias="entries_v2")] = ()


LOGIN = {"user-name": "role", "token": f"a {MARK}"}
COMPLETE = {"name": "abc", "size": "3", "secret-user": "secret:login"}
ANSWER = Provider(name="abc", size=3, login=Login(user_name="role", token=SecretStr(f"a {MARK}")))


def read(databag: Mapping[str, str], **secrets: Mapping[str, str]) -> Reading[Provider]:
    known = {f"secret:{name}": content for name, content in ({"login": LOGIN} | secrets).items()}
    return parse(Provider, databag, known.get)


def answer(databag: Mapping[str, str], **secrets: Mapping[str, str]) -> object:
    return read(databag, **secrets).answer


def but(**update: object) -> Provider:
    return ANSWER.model_copy(update=update)


@pytest.mark.parametrize(
    ("key", "missing"),
    [("name", ("name",)), ("size", ("size",)), ("secret-user", ("user-name", "token"))],
)
def test_a_field_without_a_default_is_awaited(key: str, missing: tuple[str, ...]) -> None:
    without = {name: text for name, text in COMPLETE.items() if name != key}

    assert answer(without) == answer(COMPLETE | {key: ""}) == NotReady(missing)
    assert answer({}) == NotReady(("name", "user-name", "token", "size"))


@pytest.mark.parametrize("key", ["tier", "nested", "client-cert", "version", "entries_v2"])
def test_a_field_with_a_default_may_be_missing_and_empty_text_is_missing(key: str) -> None:
    assert read(COMPLETE) == read(COMPLETE | {key: ""}) == Reading(ANSWER)


def test_null_in_json_is_a_missing_key_at_any_depth() -> None:
    for null in ("null", " null\n"):
        assert answer(COMPLETE | {"size": null}) == NotReady(("size",))
        assert answer(COMPLETE | {"nested": null}) == ANSWER

    entries = '{"url": "a", "entries": [{"word": "b", "size": null}], "note": null}'
    nested = Nested(url="a", entries=(Entry(word="b"),))
    assert answer(COMPLETE | {"nested": entries}) == but(nested=nested)
    assert answer(COMPLETE | {"nested": '{"url": null}'}) == Invalid("nested.url", "is missing")


def test_text_is_not_json_unless_the_field_says_so() -> None:
    """Other libraries decode each value: ``null`` is None then, and ``1.0`` a number."""

    class Plain(WireModel):
        password: str

    for text in ("null", "1.0", "007", '"quoted"', "{}"):
        assert parse(Plain, {"password": text}).answer == Plain(password=text)


@pytest.mark.parametrize(
    ("field", "text", "reason"),
    [
        ("name", f"{MARK}1", "is not a word"),
        ("tier", f"{MARK}1", "is not a word"),
        ("size", MARK, "is not JSON"),
        ("size", "\ud800", "is not JSON"),
        ("size", "[" * 99_999, "is not JSON"),
        ("size", "9" * 5_000, "is not JSON"),
        ("size", f'"{"x" * 1024 * 1024}"', "is longer than 1048576 characters"),
        ("size", f'"{MARK}"', "is malformed"),
        ("size", "[3]", "is not a whole number"),
        ("nested", f'["{MARK}"]', "is not an object"),
        ("nested.url", "{}", "is missing"),
        ("nested.url", f'{{"url": "{MARK}1"}}', "is not a word"),
        ("nested.url", '{"url": 5}', "is not text"),
        ("nested.entries", '{"url": "a", "entries": {}}', "is not a list"),
        ("nested.entries", '{"url": "a", "entries": [{}]}', "has a part that is missing"),
        ("nested.entries", '{"url": "a", "entries": [5]}', "has a part that is not an object"),
        ("nested.entries", '{"url": "a", "entries": [{"word": "1"}]}', "is not a word"),
        ("version", f"{MARK}1", "is not a word"),
        ("entries_v2", MARK, "is not JSON"),
        ("entries_v2", '{"a": 1}', "is not a list"),
        ("entries_v2", "[{}]", "has a part that is missing"),
        ("entries_v2", f'[{{"word": "{MARK}1"}}]', "is not a word"),
    ],
    ids=lambda value: value[:40],
)
def test_what_is_there_has_to_be_right_or_is_ignored_where_that_is_allowed(
    field: str, text: str, reason: str
) -> None:
    """The field is its key on the wire, down to the first list index; no reason holds the value."""
    wrong, invalid = {field.partition(".")[0]: text}, Invalid(field, reason)

    if field in ("version", "entries_v2"):
        assert read(COMPLETE | wrong) == Reading(ANSWER, (invalid,))
    else:
        assert read(COMPLETE | wrong) == Reading(invalid)
        assert answer(wrong) == invalid, "to wait would not fix it"


def test_a_check_over_several_fields_is_a_check() -> None:
    class Range(WireModel):
        low: Json[int]
        high: Json[int]

        @model_validator(mode="after")
        def check(self) -> Self:
            if self.low > self.high:
                raise ValueError("has limits in the wrong order")
            return self

    class Outer(WireModel):
        limits: Json[Range]

    wrong = "has limits in the wrong order"
    assert parse(Range, {"low": "2", "high": "1"}).answer == Invalid("databag", wrong)
    assert parse(Range, {"low": "2"}).answer == NotReady(("high",))
    limits = {"limits": '{"low": 2, "high": 1}'}
    assert parse(Outer, limits).answer == Invalid("limits", wrong)


def test_a_key_that_the_remote_made_up_is_not_shown_unless_it_is_plain() -> None:
    class Sizes(WireModel):
        sizes: Json[Mapping[str, int]]

    def wrong(key: str) -> object:
        return parse(Sizes, {"sizes": json.dumps({key: {}})}).answer

    assert wrong("a.b-1") == Invalid("sizes.a.b-1", "is not a whole number")
    for key in ("a\nb", "x" * 101, MARK, "a b"):
        assert wrong(key) == Invalid("sizes", "has a part that is not a whole number")


def test_keys_without_a_field_are_ignored_and_names_of_fields_are_no_keys() -> None:
    nested = '{"url": "a", "future": 1}'
    databag = COMPLETE | {"future": "\0", "entries": "[5]", "nested": nested}

    assert read(databag) == Reading(but(nested=Nested(url="a")))
    with_name = {"name": "abc", "size": "3", "login": "secret:login"}
    assert read(with_name) == Reading(NotReady(("user-name", "token")))


def test_lenient_fields_are_lenient_in_json_in_secrets_and_beside_what_is_not() -> None:
    nested = '{"url": "a", "note": 5}'
    secret = LOGIN | {"hint": f"{MARK}1"}

    reading = read(COMPLETE | {"nested": nested, "size": "x", "version": "1"}, login=secret)

    assert reading.answer == Invalid("size", "is not JSON")
    assert {(each.field, each.reason) for each in reading.ignored} == {
        ("note", "is not text"),
        ("hint", "is not a word"),
        ("version", "is not a word"),
    }


def test_a_secret_that_cannot_be_read_is_awaited() -> None:
    databag = {"name": "abc", "secret-user": "secret:unknown", "client-cert": "secret://m/unknown"}

    assert answer(databag) == NotReady(("size",), unreadable=("secret-user", "client-cert"))
    assert answer(databag | {"size": "3"}) == NotReady((), ("secret-user", "client-cert"))
    assert answer(databag | {"tier": "1"}) == Invalid("tier", "is not a word")


def test_the_content_of_a_secret_follows_the_same_rules() -> None:
    def login(**content: str) -> object:
        changed = {key.replace("_", "-"): text for key, text in content.items()}
        return answer(COMPLETE, login=LOGIN | changed)

    assert login(token="") == NotReady(("token",))
    assert login(user_name=f"{MARK}1") == Invalid("user-name", "is not a word")
    assert login(scopes='["a", "b"]', future="\0") == but(
        login=ANSWER.login.model_copy(update={"scopes": ("a", "b")})
    )
    assert login(scopes='["a", 5]') == Invalid("scopes", "has a part that is not text")
    assert answer(COMPLETE, login={}) == NotReady(("user-name", "token"))


def test_without_a_uri_and_only_then_the_databag_itself_is_the_content() -> None:
    databag = {"name": "abc", "size": "3"} | LOGIN

    assert read(databag) == Reading(ANSWER)
    assert answer(databag | {"user-name": f"{MARK}1"}) == Invalid("user-name", "is not a word")
    with_uri = databag | {"secret-user": "secret:login"}
    assert answer(with_uri, login={"token": "x"}) == NotReady(("user-name",))


def test_an_optional_secret_may_be_absent_but_not_incomplete() -> None:
    with_cert = COMPLETE | {"client-cert": "secret:c"}
    complete = but(client_cert=Certificate(chain="a"))

    assert answer(with_cert, c={"chain": "a"}) == answer(COMPLETE | {"chain": "a"}) == complete
    assert answer(with_cert, c={}) == answer(COMPLETE | {"days": "7"}) == NotReady(("chain",))


def test_juju_is_asked_only_for_what_can_be_a_secret() -> None:
    asked: list[str] = []
    uris = ["secret:9m4e2mr0ui3e8a215n4g", "secret://5f2b5f5e-0001-4a2b/9m4e", "9m4e"]

    for uri in uris:
        parse(Provider, COMPLETE | {"secret-user": uri}, asked.append)
    for key in ("secret-user", "client-cert"):
        for wrong in (f"a {MARK}", "s" * 101, "secret:a\n", "--refresh x", "secret:é"):
            reading = parse(Provider, COMPLETE | {key: wrong}, lambda _: LOGIN)
            assert reading.answer == Invalid(key, "is not the URI of a secret")
            parse(Provider, {key: wrong}, asked.append)

    assert asked == uris


@given(hostile(Provider, {"name": "abc", "size": "3"} | LOGIN))
def test_any_databag_has_an_answer(databag: dict[str, str]) -> None:
    check(Provider, databag)


def test_an_answer_cannot_be_changed() -> None:
    for value, field in ((ANSWER, "name"), (ANSWER.login, "user_name")):
        with pytest.raises(ValidationError):
            setattr(value, field, "another")


class Request(DashedModel):
    """A field of each kind that a charm writes."""

    plain_name: str
    number: int = 5
    listed: Json[tuple[str, ...]] = ()
    flag: Json[bool] = False
    nested: Annotated[Json[Nested | None], Field(alias="nested_v2")] = None
    ip: Json[IPv4Address | None] = None
    note: str | None = None


def test_a_model_is_written_by_its_keys_as_its_fields_say_and_read_as_it_was() -> None:
    nested = Nested(url="a", entries=(Entry(word="b"),))
    request = Request(
        plain_name="x y", listed=("a", "é"), flag=True, nested=nested, ip=IPv4Address("10.1.2.3")
    )

    assert to_databag(request) == {
        "plain-name": "x y",
        "number": "5",
        "listed": '["a", "\\u00e9"]',
        "flag": "true",
        "nested_v2": '{"url": "a", "entries": [{"word": "b", "size": 0}], "note": "none"}',
        "ip": '"10.1.2.3"',
        "note": "",
    }
    assert parse(Request, to_databag(request)).answer == request
    assert to_databag(Request(plain_name="x"))["nested_v2"] == "", "not null"
