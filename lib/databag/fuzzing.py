"""Fuzz tests for models: databags with wrong values, and what must be true for each of them.

Import this from tests only: it needs ``hypothesis``. A fuzz test of a model is one line::

    @given(hostile(Offer, valid={"url": "http://host/"}))
    def test_any_databag_has_an_answer(databag: dict[str, str]) -> None:
        check(Offer, databag)
"""

import json
from collections.abc import Mapping

from hypothesis import strategies as st

from ._answer import Invalid, NotReady
from ._model import WireModel
from ._parse import ReadSecret, parse

_SHORT = 12  # a reason may hold a value up to this length, by chance
_TEXT = st.text(st.characters(exclude_categories=()), max_size=40) | st.sampled_from(
    ["\0", "\ud800", " ", "a\nb", "null", "[" * 999, '{"a":' * 999, "1" * 5000, "NaN", "-1e999"]
)
_PLAUSIBLE = st.sampled_from(
    ["true", "False", "14.15", "host:5432", "[::1]:5432,a.:1", "http://a/b", "secret:a", "me", "5m"]
)


def hostile(
    model: type[WireModel], valid: Mapping[str, str] | None = None
) -> st.SearchStrategy[dict[str, str]]:
    """Return databags for a model: its keys and others, with values of every kind.

    Args:
        model: What the remote application should write.
        valid: A complete databag. The values that stay are right, so that the others decide.
    """
    schema = model.model_json_schema()
    models = (schema, *schema.get("$defs", {}).values())
    fields = sorted({key for each in models for key in each.get("properties", ())})
    keys = st.sampled_from([*fields, "another key"])
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | _TEXT | _PLAUSIBLE
    values = st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6)
    )
    texts = st.just("") | _TEXT | _PLAUSIBLE | values.map(json.dumps)
    return st.dictionaries(keys, texts, max_size=9).map(lambda wrong: {**(valid or {}), **wrong})


def check(model: type[WireModel], databag: Mapping[str, str]) -> None:
    """Assert that a databag has one answer, and that no reason holds a value.

    The databag is also used as the content of each secret that it names.

    Raises:
        AssertionError: if one of these is not true.
    """
    contents: tuple[Mapping[str, str] | None, ...] = (None, {}, databag)
    for content in contents:
        reading = parse(model, databag, _reader(content))
        assert reading == parse(model, databag, _reader(content))
        invalid = list(reading.ignored)
        match reading.answer:
            case Invalid():
                invalid.append(reading.answer)
            case NotReady(missing, unreadable):
                assert missing or unreadable
            case valid:
                assert isinstance(valid, model)
        for each in invalid:
            assert each.reason[:1].islower()
            assert f"{each.field} {each.reason}".isprintable()
            long = (value for value in databag.values() if len(value) > _SHORT)
            assert not any(value in each.reason for value in long)


def _reader(content: Mapping[str, str] | None) -> ReadSecret:
    return lambda _: content
