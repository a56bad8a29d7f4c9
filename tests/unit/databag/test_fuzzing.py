"""The fuzz tests find what is wrong with a model of a charm author's."""

from typing import Annotated

import pytest
from hypothesis import find
from pydantic import AfterValidator

from databag import FromSecret, Invalid, Json, NotReady, WireModel, parse
from databag.checks import Flag, Port
from databag.fuzzing import check, hostile

LONG = "a value that must not show"


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (ValueError(f"is {LONG}"), AssertionError),
        (ValueError("Wrong"), AssertionError),
        (ValueError("is a\nb"), AssertionError),
        (TypeError(LONG), TypeError),
    ],
)
def test_a_model_that_breaks_a_rule_is_found(error: Exception, found: type[Exception]) -> None:
    def check_key(_: str) -> str:
        raise error

    class Breaking(WireModel):
        key: Annotated[str, AfterValidator(check_key)]

    with pytest.raises(found):
        check(Breaking, {"key": LONG})


class Inner(WireModel):
    port: Port


class Content(WireModel):
    enabled: Flag


class Model(WireModel):
    inner: Json[Inner]
    content: FromSecret[Content]


FIELDS = ["inner", "inner.port", "content", "enabled"]


@pytest.mark.parametrize("kind", [NotReady, Model, *FIELDS])
def test_hostile_databags_reach_every_kind_of_answer_and_every_field(kind: type | str) -> None:
    def kind_of_answer(databag: dict[str, str]) -> type | str:
        answer = parse(Model, databag).answer
        return answer.field if isinstance(answer, Invalid) else type(answer)

    valid = {"inner": '{"port": 1}', "enabled": "true"}
    strategy = hostile(Model) if kind in FIELDS else hostile(Model, valid)

    find(strategy, lambda databag: kind_of_answer(databag) == kind)
