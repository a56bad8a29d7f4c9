"""The requirer in a charm: the request it writes, the answer it gives, the events it emits."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import permutations
from unittest.mock import patch

import ops
import pytest
import scenario.mocking
from hypothesis import given, settings
from hypothesis import strategies as st
from ops.testing import Relation, Secret
from pydantic import SecretStr

from postgresql_client import (
    Connected,
    Credentials,
    DatabaseRequest,
    Endpoint,
    Invalid,
    NotReady,
    NotRelated,
    ProviderStatus,
    Tls,
)
from postgresql_client.testing import CA
from unit.postgresql_client.fields import FIELDS
from unit.postgresql_client.requirer_charm import (
    Outcome,
    context,
    dispatch,
    related,
    unit,
)
from unit.postgresql_client.strategies import AWKWARD, MARK

WRITTEN = {
    "database": "names",
    "requested-secrets": '["username", "password", "tls", "tls-ca", "uris", "read-only-uris"]',
}
PLAIN = {"endpoints": "host:5432", "username": "role", "password": f"old{MARK}"}
CONNECTED = Connected(
    endpoints=(Endpoint(host="host", port=5432),),
    credentials=Credentials(username="role", password=SecretStr(f"old{MARK}")),
)
CHANGED = ["database_changed"]
KEYS = [*(field.key for field in FIELDS), "something new"]


def user_secret(secret_id: str = "secret:user") -> Secret:
    return Secret({"username": "role", "password": f"old{MARK}"}, id=secret_id)


def written_by(outcome: Outcome, relation: Relation) -> dict[str, str]:
    databag: dict[str, str] = outcome.state.get_relation(relation.id).local_app_data
    return databag


@contextmanager
def relation_set_calls() -> Iterator[Sequence[object]]:
    """Collect the calls of the hook tool that writes."""
    backend = scenario.mocking._MockModelBackend
    original = backend.relation_set
    with patch.object(backend, "relation_set", autospec=True, side_effect=original) as spy:
        yield spy.mock_calls


# The request


@pytest.mark.parametrize("event", ["relation_created", "relation_changed"])
def test_the_leader_writes_the_request(event: str) -> None:
    ctx, relation = context(), related()

    outcome = dispatch(ctx, getattr(ctx.on, event)(relation), unit(relation))

    assert written_by(outcome, relation) == WRITTEN
    assert outcome.answer == NotReady(("endpoints", "username", "password"))
    assert outcome.events == []


@pytest.mark.parametrize(
    "event", ["start", "config_changed", "update_status", "upgrade_charm", "secret_changed"]
)
def test_a_follower_writes_nothing(event: str) -> None:
    """It cannot even read what its leader wrote."""
    ctx, relation = context(), related(PLAIN)
    secret = user_secret()
    events = {"secret_changed": ctx.on.secret_changed(secret)}
    state = unit(relation, secrets=[secret], leader=False)

    outcome = dispatch(ctx, events.get(event) or getattr(ctx.on, event)(), state)

    assert written_by(outcome, relation) == {}
    assert outcome.answer == CONNECTED


def test_a_leader_that_is_elected_later_writes_the_request() -> None:
    ctx, relation = context(), related()

    outcome = dispatch(ctx, ctx.on.leader_elected(), unit(relation))

    assert written_by(outcome, relation) == WRITTEN


@pytest.mark.parametrize("event", ["upgrade_charm", "config_changed", "update_status"])
def test_an_upgrade_that_changes_the_request_is_written(event: str) -> None:
    """What is no longer asked for goes; what is not ours stays."""
    ctx = context(DatabaseRequest("names", extra_user_roles=("createdb",)))
    before = {
        "database": "other",
        "requested-secrets": "[]",
        "external-node-connectivity": "true",
        "alias": "of another library",
    }
    relation = related(written=before)

    outcome = dispatch(ctx, getattr(ctx.on, event)(), unit(relation))

    assert written_by(outcome, relation) == WRITTEN | {
        "extra-user-roles": "createdb",
        "alias": "of another library",
    }


def test_a_request_that_is_right_is_not_written_again() -> None:
    ctx = context()
    relation = related(PLAIN, written=WRITTEN)
    state = unit(relation)

    with relation_set_calls() as calls:
        for event in (
            ctx.on.relation_created(relation),
            ctx.on.relation_changed(relation, remote_unit=0),
            ctx.on.leader_elected(),
            ctx.on.config_changed(),
            ctx.on.update_status(),
            ctx.on.upgrade_charm(),
        ):
            dispatch(ctx, event, state)
        assert not calls

        dispatch(ctx, ctx.on.upgrade_charm(), unit(related()))
        assert len(calls) == 1


def test_an_answer_proves_that_the_request_was_read() -> None:
    """The event that comes every few minutes writes nothing then."""
    ctx, relation = context(), related(PLAIN)

    outcome = dispatch(ctx, ctx.on.update_status(), unit(relation))

    assert written_by(outcome, relation) == {}


def test_without_a_relation_there_is_nothing_to_ask() -> None:
    ctx = context()
    for event in (ctx.on.leader_elected(), ctx.on.update_status(), ctx.on.upgrade_charm()):
        outcome = dispatch(ctx, event, unit())
        assert outcome.answer == NotRelated()


# The answer


@pytest.mark.parametrize(
    "order", list(permutations(["endpoints", "secret-user", "secret-tls", "grant"]))
)
def test_an_answer_in_pieces(order: Sequence[str]) -> None:
    """Keys come over several hooks, and a URI may come before the secret can be read."""
    ctx = context()
    databag = {"endpoints": "host:5432", "secret-user": "secret:user", "secret-tls": "secret:tls"}
    secrets = [user_secret(), Secret({"tls": "True", "tls-ca": CA}, id="secret:tls")]

    for count in range(len(order) + 1):
        there = set(order[:count])
        relation = related({key: databag[key] for key in there - {"grant"}})
        state = unit(relation, secrets=secrets if "grant" in there else [], leader=False)
        outcome = dispatch(ctx, ctx.on.relation_changed(relation, remote_unit=0), state)
        if {"endpoints", "secret-user", "grant"} <= there:
            tls = Tls(enabled=True, ca=CA) if "secret-tls" in there else Tls()
            assert outcome.answer == CONNECTED.model_copy(update={"tls": tls})
            assert outcome.events == CHANGED
        else:
            assert isinstance(outcome.answer, NotReady)
            assert outcome.events == []


@pytest.mark.parametrize("uri", ["secret:user", "user", "secret://5f2b5f5e-0001/user"])
def test_secrets_of_this_model_and_of_another(uri: str) -> None:
    ctx = context()
    secret = user_secret(uri)
    relation = related({"endpoints": "host:5432", "secret-user": uri})
    state = unit(relation, secrets=[secret])

    assert dispatch(ctx, ctx.on.update_status(), state).answer == CONNECTED
    assert dispatch(ctx, ctx.on.secret_changed(secret), state).events == CHANGED


def test_a_secret_that_cannot_be_read_yet_is_tried_again_on_any_event() -> None:
    ctx = context()
    relation = related({"endpoints": "host:5432", "secret-user": "secret:user"})

    waiting = dispatch(ctx, ctx.on.relation_changed(relation, remote_unit=0), unit(relation))
    assert waiting.answer == NotReady((), unreadable=("secret-user",))
    assert waiting.events == []

    state = unit(relation, secrets=[user_secret()])
    for event in (ctx.on.update_status(), ctx.on.config_changed(), ctx.on.start()):
        assert dispatch(ctx, event, state).answer == CONNECTED


def test_a_secret_that_juju_does_not_give_is_waited_for() -> None:
    """There is no grant, or the store of the secrets is down."""
    ctx = context()
    relation = related({"endpoints": "host:5432", "secret-user": "secret:user"})
    refusal = ops.ModelError("ERROR permission denied")

    with patch.object(scenario.mocking._MockModelBackend, "secret_get", side_effect=refusal):
        outcome = dispatch(ctx, ctx.on.update_status(), unit(relation, secrets=[user_secret()]))

    assert outcome.answer == NotReady((), unreadable=("secret-user",))


def test_a_rotation_is_seen_on_any_event() -> None:
    """The unit does not keep the revision that it tracks."""
    ctx = context()
    rotated = replace(user_secret(), latest_content={"username": "role", "password": f"new{MARK}"})
    relation = related({"endpoints": "host:5432", "secret-user": "secret:user"})
    state = unit(relation, secrets=[rotated], leader=False)
    credentials = Credentials(username="role", password=SecretStr(f"new{MARK}"))
    new = CONNECTED.model_copy(update={"credentials": credentials})

    for event in (ctx.on.update_status(), ctx.on.start(), ctx.on.secret_changed(rotated)):
        assert dispatch(ctx, event, state).answer == new


def test_rotations_of_other_secrets_are_not_ours() -> None:
    ctx = context()
    other = Secret({"username": "role"}, id="secret:other")
    relation = related({"endpoints": "host:5432", "secret-user": "secret:user"})
    state = unit(relation, secrets=[user_secret(), other])

    assert dispatch(ctx, ctx.on.secret_changed(other), state).events == []
    assert (
        dispatch(ctx, ctx.on.secret_changed(user_secret()), unit(secrets=[user_secret()])).events
        == []
    )


def test_a_rotation_before_the_answer_is_complete_is_no_news() -> None:
    ctx, relation = context(), related({"secret-user": "secret:user"})
    state = unit(relation, secrets=[user_secret()])

    outcome = dispatch(ctx, ctx.on.secret_changed(user_secret()), state)

    assert outcome.answer == NotReady(("endpoints",))
    assert outcome.events == []


def test_tls_switched_on_and_off_again() -> None:
    """Only the content of the secret changes."""
    ctx = context()
    tls = Secret({"tls": "False"}, id="secret:tls")
    relation = related(PLAIN | {"secret-tls": "secret:tls"})
    assert dispatch(ctx, ctx.on.update_status(), unit(relation, secrets=[tls])).answer == CONNECTED

    tls = replace(tls, latest_content={"tls": "True", "tls-ca": CA})
    on = dispatch(ctx, ctx.on.secret_changed(tls), unit(relation, secrets=[tls]))
    assert on.answer == CONNECTED.model_copy(update={"tls": Tls(enabled=True, ca=CA)})
    assert on.events == CHANGED

    tls = replace(tls, latest_content={"tls": "False"})
    off = dispatch(ctx, ctx.on.secret_changed(tls), unit(relation, secrets=[tls]))
    assert off.answer == CONNECTED


def test_a_subordinate_provider_is_waited_for() -> None:
    ctx = context()
    databag = PLAIN | {"subordinated": "true"}

    for state in (None, "starting"):
        relation = related(databag, state=state)
        event = ctx.on.relation_changed(relation, remote_unit=0)
        waiting = dispatch(ctx, event, unit(relation))
        assert waiting.answer == NotReady(("state",))
        assert waiting.events == []

    relation = related(databag, state="ready")
    ready = dispatch(ctx, ctx.on.relation_changed(relation, remote_unit=0), unit(relation))
    assert ready.answer == CONNECTED.model_copy(update={"subordinated": True})
    assert ready.events == CHANGED


def test_what_the_provider_says_about_itself() -> None:
    """What is only information is logged, once; what matters is in the answer."""
    ctx = context()
    databag = {
        "status": '[{"code": 1001, "message": "backing up"},'
        '{"code": 1002, "message": "rotating", "resolution": "none"},'
        '{"code": 4001, "message": "resizing", "resolution": "wait"},'
        '{"code": 5001, "message": "no such plugin", "resolution": "ask for less"}]'
    }
    statuses = (
        ProviderStatus(code=1001, message="backing up"),
        ProviderStatus(code=1002, message="rotating", resolution="none"),
        ProviderStatus(code=4001, message="resizing", resolution="wait"),
        ProviderStatus(code=5001, message="no such plugin", resolution="ask for less"),
    )
    said = "the provider says: backing up (1001); rotating (1002)"

    for more in ({}, PLAIN, {"endpoints": "host"}):
        relation = related(databag | more)
        told = dispatch(ctx, ctx.on.relation_changed(relation, remote_unit=0), unit(relation))
        later = dispatch(ctx, ctx.on.update_status(), unit(relation))

        for outcome in (told, later):
            assert isinstance(outcome.answer, NotReady | Connected | Invalid)
            assert outcome.answer.statuses == statuses
        assert told.logged("INFO") == [said]
        assert later.logged("INFO") == []


@pytest.mark.parametrize(("count", "levels"), [(100, ["INFO"]), (1000, ["WARNING"])])
def test_many_statuses_do_not_fill_the_log(count: int, levels: list[str]) -> None:
    ctx = context()
    status = json.dumps([{"code": 1000, "message": "still here"}] * count)
    relation = related(PLAIN | {"status": status})

    outcome = dispatch(ctx, ctx.on.relation_changed(relation, remote_unit=0), unit(relation))

    ours = [line for line in outcome.log if "the provider" in line.message]
    assert [line.level for line in ours] == levels
    assert all(len(line.message) < 1000 for line in ours)
    assert isinstance(outcome.answer, Connected)


def test_a_malformed_optional_field_is_logged_once() -> None:
    ctx = context()
    relation = related(PLAIN | {"version": "\N{RIGHT-TO-LEFT OVERRIDE}14"})

    told = dispatch(ctx, ctx.on.relation_changed(relation, remote_unit=0), unit(relation))
    later = dispatch(ctx, ctx.on.update_status(), unit(relation))

    assert told.answer == later.answer == CONNECTED
    assert told.logged("WARNING") == ["ignoring version from the provider: it is not a version"]
    assert later.logged("WARNING") == []


def test_a_prefix_is_answered_with_databases() -> None:
    ctx = context(DatabaseRequest("names_*"))
    relation = related(PLAIN | {"database": "names_*", "prefix-databases": "names_a, names_b"})

    outcome = dispatch(ctx, ctx.on.relation_changed(relation, remote_unit=0), unit(relation))

    assert written_by(outcome, relation)["database"] == "names_*"
    assert outcome.answer == CONNECTED.model_copy(
        update={"database": "names_*", "prefix_databases": ("names_a", "names_b")}
    )


def test_replicas_and_uris() -> None:
    ctx = context()
    uris = {"uris": f"postgresql://{MARK}", "read-only-uris": f"postgresql://{MARK}?ro"}
    secret = Secret({"username": "role", "password": f"old{MARK}", **uris}, id="secret:user")
    databag = {"endpoints": "host:5432", "read-only-endpoints": "a:1,b:2"}
    by_secret = related(databag | {"secret-user": secret.id})
    plain = related(PLAIN | databag | uris)

    for relation in (by_secret, plain):
        event = ctx.on.relation_changed(relation, remote_unit=0)
        outcome = dispatch(ctx, event, unit(relation, secrets=[secret]))
        assert outcome.answer == Connected(
            endpoints=CONNECTED.endpoints,
            credentials=Credentials(
                username="role",
                password=SecretStr(f"old{MARK}"),
                uris=SecretStr(uris["uris"]),
                read_only_uris=SecretStr(uris["read-only-uris"]),
            ),
            read_only_endpoints=(Endpoint(host="a", port=1), Endpoint(host="b", port=2)),
        )
        assert MARK not in outcome.everything


# The end of a relation


def test_a_relation_that_goes_takes_its_credentials_with_it() -> None:
    """The databag and the secret can still be read."""
    ctx = context()
    relation = related({"endpoints": "host:5432", "secret-user": "secret:user"}, written=WRITTEN)
    state = unit(relation, secrets=[user_secret()])

    outcome = dispatch(ctx, ctx.on.relation_broken(relation), state)

    assert outcome.answer == NotRelated()
    assert outcome.events == ["database_removed"]
    assert written_by(outcome, relation) == WRITTEN


def test_the_new_relation_is_in_force_while_an_old_one_goes() -> None:
    ctx = context()
    old = related(PLAIN | {"endpoints": "old:5432"}, written=WRITTEN)
    new = related()
    answered = replace(new, remote_app_data=PLAIN)

    created = dispatch(ctx, ctx.on.relation_created(new), unit(old, new))
    assert written_by(created, new) == WRITTEN
    assert isinstance(created.answer, NotReady)

    broken = dispatch(ctx, ctx.on.relation_broken(old), unit(old, answered))
    assert broken.answer == CONNECTED
    assert broken.events == ["database_removed"]

    for event in (
        ctx.on.relation_changed(old, remote_unit=0),
        ctx.on.relation_departed(old, remote_unit=0),
        ctx.on.leader_elected(),
        ctx.on.update_status(),
    ):
        assert dispatch(ctx, event, unit(old, answered)).answer == CONNECTED


# Whatever comes


def test_events_and_logs_hold_no_secret() -> None:
    ctx = context()
    tls = Secret({"tls": "True", "tls-ca": CA}, id="secret:tls")
    by_secret = related(
        {"endpoints": "host:5432", "secret-user": "secret:user", "secret-tls": tls.id}
    )
    events: list[str] = []

    for relation in (by_secret, related(PLAIN), related(PLAIN | {"password": f"a\n{MARK}"})):
        state = unit(relation, secrets=[user_secret(), tls])
        for event in (
            ctx.on.relation_created(relation),
            ctx.on.relation_changed(relation, remote_unit=0),
            ctx.on.secret_changed(user_secret()),
            ctx.on.update_status(),
            ctx.on.relation_broken(relation),
        ):
            outcome = dispatch(ctx, event, state)
            assert outcome.log
            assert MARK not in outcome.everything
            events += outcome.events

    assert set(events) == {*CHANGED, "database_removed"}


@settings(max_examples=30)
@given(
    st.dictionaries(
        st.sampled_from(KEYS),
        AWKWARD | st.sampled_from(["true", "host:5432", "secret:user"]),
    ),
    st.dictionaries(
        st.sampled_from(["username", "password", "tls", "tls-ca"]), AWKWARD, min_size=1
    ),
)
def test_no_hook_fails(databag: dict[str, str], content: dict[str, str]) -> None:
    ctx = context()
    relation = related(databag)
    secret = Secret(content, id="secret:user")
    state = unit(relation, secrets=[secret])

    for event in (
        ctx.on.relation_changed(relation, remote_unit=0),
        ctx.on.secret_changed(secret),
        ctx.on.update_status(),
        ctx.on.relation_broken(relation),
    ):
        dispatch(ctx, event, state)
