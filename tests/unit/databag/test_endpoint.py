"""An endpoint in a charm: the answers it gives, the databags it writes, the events it emits."""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Never
from unittest.mock import patch

import ops
import pytest
import scenario.mocking
from hypothesis import given, settings
from ops.testing import Container, Relation, RelationBase, Secret, State
from pydantic import Field, SecretStr
from scenario.state import _Event

from databag import (
    DashedModel,
    FromSecret,
    Invalid,
    Json,
    Lenient,
    NotReady,
    NotRelated,
    RelationEndpoint,
    WireModel,
)
from databag.checks import Port
from databag.fuzzing import hostile
from unit.databag.one_endpoint import OneEndpoint

ENDPOINT = "backend"
REQUIRES = {ENDPOINT: {"interface": "backend"}, "other": {"interface": "other"}}
META: dict[str, object] = {"name": "my-app", "requires": REQUIRES, "containers": {"server": {}}}
SERVER = Container("server", can_connect=True)
BACKEND = scenario.mocking._MockModelBackend
MARK = "\N{SNOWMAN}"


class Login(DashedModel):
    token: SecretStr


class Remote(DashedModel):
    port: Port
    login: Annotated[FromSecret[Login], Field(alias="secret-user")]
    note: Lenient[Json[int]] = 0


class Local(DashedModel):
    served_port: Json[int]
    note: str | None = None


class LocalUnit(WireModel):
    host: str


ANSWERED = {"port": "80", "secret-user": "secret:user"}
IN_PLAIN = {"port": "1", "token": f"old{MARK}"}
ANSWER = Remote(port=80, login=Login(token=SecretStr(f"old{MARK}")))
SECRET = Secret({"token": f"old{MARK}"}, id="secret:user")
APPLICATION = {"served-port": "8000"}
UNIT = {"host": "application-0.test"}
Unit = OneEndpoint[RelationEndpoint[Remote]]


def charm(
    application: Callable[[], WireModel | None] = lambda: Local(served_port=8000),
    unit: Callable[[], WireModel | None] = lambda: LocalUnit(host="application-0.test"),
) -> Unit:
    def make(charm: ops.CharmBase) -> RelationEndpoint[Remote]:
        also_in = [charm.on["server"].pebble_ready]
        return RelationEndpoint(
            charm, ENDPOINT, Remote, application=application, unit=unit, also_in=also_in
        )

    return OneEndpoint(make, META)


def related(databag: Mapping[str, str] = ANSWERED, written: Mapping[str, str] = {}) -> Relation:
    return Relation(ENDPOINT, remote_app_data=dict(databag), local_app_data=dict(written))


def state(
    *relations: Relation, secrets: Iterable[Secret] = (SECRET,), leader: bool = True
) -> State:
    return State(leader=leader, relations=set(relations), secrets=set(secrets), containers={SERVER})


def event(unit: Unit, name: str, relation: RelationBase) -> _Event:
    subject = {"relation": relation, "pebble": SERVER, "secret": SECRET}.get(name.partition("_")[0])
    made: _Event = getattr(unit.on, name)(*filter(None, [subject]))
    return made


OF_THE_UNIT = ["config_changed", "leader_elected", "start", "upgrade_charm", "pebble_ready"]
OF_THE_RELATION = [f"relation_{each}" for each in ("created", "joined", "changed", "departed")]


@pytest.mark.parametrize("name", OF_THE_UNIT + OF_THE_RELATION)
def test_each_databag_is_written_once_by_whom_it_belongs_to(name: str) -> None:
    """The leader before may have written something else. Foreign keys stay."""
    before = {"served-port": "1", "note": "old", "foreign": "1"}
    relation, unit, silent = related(written=before), charm(), charm(lambda: None, lambda: None)

    follower = unit.dispatch(event(unit, name, relation), state(relation, leader=False))
    assert unit.written(relation) == (before, UNIT)
    assert follower.answer == ANSWER

    unit.dispatch(event(unit, name, relation), state(relation))
    assert unit.written(relation) == (APPLICATION | {"foreign": "1"}, UNIT)

    (after,) = unit.state.get_relations(ENDPOINT)
    with patch.object(BACKEND, "relation_set", side_effect=AssertionError):
        unit.dispatch(event(unit, name, after), unit.state)

    silent.dispatch(event(silent, name, relation), state(relation))
    assert silent.written(relation) == (before, {})


@pytest.mark.parametrize("name", [*OF_THE_UNIT, "relation_broken"])
def test_a_relation_that_is_removed_is_no_relation_and_nothing_is_asked_for(name: str) -> None:
    """In its last event, the databag and the secret can still be read."""

    def unexpected() -> Never:
        pytest.fail("there is no relation")

    unit, gone = charm(unexpected, unexpected), related()
    now = state(gone) if name == "relation_broken" else state()

    endpoint = unit.dispatch(event(unit, name, gone), now)

    assert (endpoint.answer, endpoint.answers) == (NotRelated(), {})


def test_every_remote_application_is_written_to_and_read() -> None:
    unit, first, second = charm(), related(), related(IN_PLAIN | {"port": "0"})

    endpoint = unit.dispatch(unit.on.config_changed(), state(first, second))

    assert unit.written(first) == unit.written(second) == (APPLICATION, UNIT)
    invalid = Invalid("port", "has a port that is not between 1 and 65535")
    answers = {relation.id: answer for relation, answer in endpoint.answers.items()}
    assert answers == {first.id: ANSWER, second.id: invalid}


@pytest.mark.parametrize("name", [*OF_THE_RELATION, "relation_broken", "update_status"])
def test_the_newest_relation_answers_while_an_old_one_is_removed(name: str) -> None:
    unit, old, new = charm(), related(IN_PLAIN), related()

    assert unit.dispatch(event(unit, name, old), state(old, new)).answer == ANSWER


def test_a_secret_is_awaited_until_juju_gives_it() -> None:
    unit, relation = charm(), related()
    unreadable = NotReady(unreadable=("secret-user",))

    without = state(relation, secrets=())
    assert unit.dispatch(unit.on.relation_changed(relation), without).answer == unreadable

    refusal = ops.ModelError("ERROR permission denied")
    with patch.object(BACKEND, "secret_get", side_effect=refusal):
        assert unit.dispatch(unit.on.update_status(), state(relation)).answer == unreadable

    assert unit.dispatch(unit.on.update_status(), state(relation)).answer == ANSWER


@pytest.mark.parametrize("uri", ["secret:user", "user", "secret://5f2b5f5e-0001/user"])
def test_the_latest_revision_is_read_in_every_event(uri: str) -> None:
    """Also of a secret of another model. The unit does not keep the revision that it tracks."""
    unit, relation = charm(), related({"port": "80", "secret-user": uri})
    rotated = Secret({"token": "old"}, latest_content={"token": "new"}, id=uri)
    new = ANSWER.model_copy(update={"login": Login(token=SecretStr("new"))})
    now = state(relation, secrets=[rotated], leader=False)

    for each in (unit.on.update_status(), unit.on.start(), unit.on.secret_changed(rotated)):
        assert unit.dispatch(each, now).answer == new


@pytest.mark.parametrize("name", [*OF_THE_RELATION, "relation_broken", "secret_changed"])
def test_a_charm_hears_of_every_event_after_which_the_answer_may_be_another(name: str) -> None:
    unit, relation = charm(), related()

    unit.dispatch(event(unit, name, relation), state(relation))

    assert unit.changes == 1


@pytest.mark.parametrize("name", [*OF_THE_UNIT, "update_status", "relation_changed"])
def test_a_charm_hears_of_nothing_else(name: str) -> None:
    unit, relation, other = charm(), related(), Relation("other")
    without_secret = OneEndpoint(lambda charm: RelationEndpoint(charm, ENDPOINT, LocalUnit), META)

    unit.dispatch(event(unit, name, other), state(relation, other))
    without_secret.dispatch(event(unit, "secret_changed", relation), state(relation))

    assert unit.changes == without_secret.changes == 0


def test_a_field_that_is_ignored_is_logged_once_by_its_key() -> None:
    unit, relation = charm(), related(ANSWERED | {"note": f"{{{MARK}"})

    assert unit.dispatch(unit.on.relation_changed(relation), state(relation)).answer == ANSWER
    assert unit.logged("WARNING") == ["ignoring `note` from remote: it is not JSON"]

    assert unit.dispatch(unit.on.update_status(), state(relation)).answer == ANSWER
    assert unit.logged("WARNING") == []


@settings(max_examples=30)
@given(hostile(Remote, ANSWERED), hostile(Login))
def test_no_hook_fails_and_no_log_shows_a_value(
    databag: dict[str, str], content: dict[str, str]
) -> None:
    unit = charm()
    secret = Secret(content or {"other": "x"}, id="secret:user")

    for relation in (related(databag), related({key: f"{databag[key]}{MARK}" for key in databag})):
        for name in ("relation_changed", "relation_broken"):
            now = state(relation, secrets=[secret])
            assert unit.dispatch(event(unit, name, relation), now).answer is not None
            assert not any(MARK in line.message for line in unit.ctx.juju_log)
