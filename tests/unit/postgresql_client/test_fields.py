"""What holds for every field of the databag. A field that is half added fails here by itself."""

import json

import pytest
from ops.testing import Secret

from postgresql_client import Connected, DatabaseRequest, Invalid, NotReady
from postgresql_client._answer import parse_answer
from unit.postgresql_client.fields import FIELDS, SAMPLES, Field, Written, required, write
from unit.postgresql_client.requirer_charm import Outcome, context, dispatch, related, unit
from unit.postgresql_client.strategies import MARK

each_field = pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.key)
each_value = pytest.mark.parametrize(
    "field", [field for field in FIELDS if not field.names_secret], ids=lambda field: field.key
)
in_databag_and_in_secrets = pytest.mark.parametrize(
    "in_secrets", [False, True], ids=["databag", "secrets"]
)


def answer(written: Written) -> object:
    """Return what a databag means, with its secrets."""
    return parse_answer(written.databag, written.secrets.get, lambda: True)[0]


def told(written: Written) -> Outcome:
    """Return what a charm sees and logs when the provider has written this."""
    ctx, relation = context(), related(written.databag, state="ready")
    secrets = [Secret(dict(content), id=uri) for uri, content in written.secrets.items()]
    event = ctx.on.relation_changed(relation, remote_unit=0)
    return dispatch(ctx, event, unit(relation, secrets=secrets))


def test_every_field_has_its_own_key_and_a_sample() -> None:
    assert sorted(field.key for field in FIELDS) == sorted(SAMPLES)


@each_field
def test_a_sample_shows_where_it_must_not_be_seen(field: Field) -> None:
    assert MARK in SAMPLES[field.key].malformed
    assert (MARK in SAMPLES[field.key].valid) is field.is_confidential


@each_value
@in_databag_and_in_secrets
def test_a_valid_value_is_read_and_what_is_confidential_stays_so(
    field: Field, in_secrets: bool
) -> None:
    without = required()
    without.pop(field.key, None)
    absent = answer(write(without, in_secrets=in_secrets))

    outcome = told(write(required() | {field.key: SAMPLES[field.key].valid}, in_secrets=in_secrets))

    connected = outcome.answer
    assert isinstance(connected, Connected)
    assert outcome.logged("WARNING") == []
    if field.is_required:
        assert absent == NotReady((field.key,))
    else:
        assert isinstance(absent, Connected)
        assert field.value(connected) != field.value(absent)
    assert MARK not in f"{connected}{outcome.everything}"


@each_field
@in_databag_and_in_secrets
def test_a_malformed_value_is_named_by_its_key_and_never_shown(
    field: Field, in_secrets: bool
) -> None:
    malformed = required() | {field.key: SAMPLES[field.key].malformed}

    outcome = told(write(malformed, in_secrets=in_secrets))

    warnings = outcome.logged("WARNING")
    if field.is_lenient:
        assert outcome.answer == answer(write(required(), in_secrets=in_secrets))
        assert [line.partition(":")[0] for line in warnings] == [
            f"ignoring {field.key} from the provider"
        ]
    else:
        assert isinstance(outcome.answer, Invalid)
        assert outcome.answer.field == field.key
        assert warnings == []
    assert MARK not in f"{outcome.answer}{outcome.everything}"


def test_all_that_can_come_in_a_secret_is_asked_for_in_secrets() -> None:
    asked_for = DatabaseRequest("names").to_databag().requested_secrets

    assert sorted(json.loads(asked_for)) == sorted(field.key for field in FIELDS if field.secret)
