"""What the provider may write, and what it comes to."""

import json
import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ops.testing import State

from ingress import Answer, Invalid, NotReady, Ready
from unit.ingress.requirer_charm import context, related

MARK = "\N{SNOWMAN}"
SEGMENTS = st.from_regex(r"[A-Za-z0-9_~-]([\w.~-]|%[0-9A-F]{2}){0,8}", fullmatch=True).filter(
    str.isascii
)
PREFIXES = st.lists(SEGMENTS, max_size=3).map(lambda names: "".join(f"/{name}" for name in names))
HOSTS = st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?(\.[a-z]{2,4})?", fullmatch=True).filter(
    lambda host: not host.startswith("xn--")
)


def read(written: str | None) -> Answer:
    ctx = context()
    state = State(relations=frozenset({related(written)}))
    with ctx(ctx.on.update_status(), state) as manager:
        manager.run()
        answer: Answer = manager.charm.ingress.answer
    return answer


def read_url(url: str) -> Answer:
    return read(json.dumps({"url": url}))


@pytest.mark.parametrize("written", [None, "null"])
def test_an_answer_that_is_not_there_is_waited_for(written: str | None) -> None:
    assert read(written) == NotReady(("ingress",))


@pytest.mark.parametrize(
    ("written", "field", "reason"),
    [
        ("http://h/", "ingress", "is not an object in JSON"),
        ("[]", "ingress", "is not an object in JSON"),
        ('"http://h/"', "ingress", "is not an object in JSON"),
        ("[" * 100_000, "ingress", "is not an object in JSON"),
        ("9" * 5_000, "ingress", "is not an object in JSON"),
        ('{"url": "http://h/\ud800"}', "ingress", "is not an object in JSON"),
        ("{}", "ingress.url", "is missing"),
        ('{"url": null}', "ingress.url", "is not a URL"),
        ('{"url": 80}', "ingress.url", "is not a URL"),
    ],
)
def test_an_answer_of_another_shape_is_invalid(written: str, field: str, reason: str) -> None:
    assert read(written) == Invalid(field, reason)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "is not a URL"),
        ("10.0.0.1/m-my-app", "is not a URL"),
        ("http://", "is not a URL"),
        ("http://h:99999/", "is not a URL"),
        ("ftp://h/", "is not an http or https URL"),
        ("file:///etc/passwd", "is not an http or https URL"),
        ("http://h/" + "a" * 2100, "is longer than 2083 characters"),
        ("http://me@h/", "names a user"),
        ("http://:secret@h/", "names a user"),
        ("http://h/?a", "has a query or a fragment"),
        ("http://h/#a", "has a query or a fragment"),
        ("http://h//evil.example", "has a path of more than letters, digits and any of - . _ ~ %"),
        ("http://h/\\evil.example", "has a path of more than letters, digits and any of - . _ ~ %"),
        ("http://h/a'b", "has a path of more than letters, digits and any of - . _ ~ %"),
        ("http://h/$HOME", "has a path of more than letters, digits and any of - . _ ~ %"),
        ("http://h/%0", "has a path of more than letters, digits and any of - . _ ~ %"),
    ],
)
def test_a_url_that_leads_elsewhere_is_invalid(url: str, reason: str) -> None:
    assert read_url(url) == Invalid("ingress.url", reason)


@pytest.mark.parametrize(
    ("url", "root_path"),
    [
        ("http://10.0.0.1/m-my-app", "/m-my-app"),
        ("http://10.0.0.1:8080/m-my-app/", "/m-my-app"),
        ("https://[fd00::1]/a/b", "/a/b"),
        ("https://example.com", ""),
        ("https://example.com/", ""),
        ("http://h/a/../../b/%2e%2e/c", "/c"),
        ("http://h/a b", "/a%20b"),
        ("http://h/\N{SNOWMAN}", "/%E2%98%83"),
    ],
)
def test_the_root_path_is_the_prefix(url: str, root_path: str) -> None:
    ready = read_url(url)

    assert isinstance(ready, Ready)
    assert ready.root_path == root_path


@given(
    scheme=st.sampled_from(["http", "https"]),
    host=HOSTS,
    port=st.integers(1, 65535),
    prefix=PREFIXES,
    slash=st.booleans(),
)
def test_every_plain_url_is_taken_as_it_is(
    scheme: str, host: str, port: int, prefix: str, *, slash: bool
) -> None:
    ready = read_url(f"{scheme}://{host}:{port}{prefix}{'/' * slash}")

    assert isinstance(ready, Ready)
    assert (ready.url.scheme, ready.url.host, ready.url.port) == (scheme, host, port)
    assert ready.root_path == prefix


AWKWARD = st.text(st.characters(exclude_categories=()), max_size=30)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | AWKWARD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(AWKWARD, inner, max_size=3),
)


@given(AWKWARD | _JSON.map(json.dumps) | _JSON.map(lambda value: json.dumps({"url": value})))
def test_no_answer_makes_a_hook_fail(written: str) -> None:
    assert isinstance(read(written or None), NotReady | Invalid | Ready)


@given(
    st.text(st.sampled_from("/\\.%:@?#'\"&<>$ \t\r\n\0\x7f\N{SNOWMAN}2eEaA"), max_size=30),
    st.sampled_from(["", "http:", "http://h", "http://h/", "https://h:443/a"]),
)
def test_a_root_path_is_always_safe(text: str, start: str) -> None:
    """It stays on its host, and needs no quotes in a page, a header or an environment."""
    answer = read_url(start + text)

    if isinstance(answer, Ready):
        root_path = answer.root_path
        assert re.fullmatch(r"(/([A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+)*", root_path)
        assert urlsplit(f"{root_path}/docs").netloc == ""
        assert not {".", ".."} & set(root_path.lower().replace("%2e", ".").split("/"))
    else:
        assert isinstance(answer, Invalid)


@given(st.text(max_size=20))
def test_a_reason_never_holds_the_value(text: str) -> None:
    for written in (
        f"{MARK}{text}",
        json.dumps({"url": f"{MARK}{text}"}),
        json.dumps({"url": f"http://h/?{MARK}{text}"}),
    ):
        answer = read(written)
        assert isinstance(answer, Invalid)
        assert MARK not in answer.reason
