"""The requirer in a charm: what it writes, and when; the answer it gives."""

from dataclasses import replace
from ipaddress import IPv6Address
from typing import Never

import pytest
from ops.testing import Container, Context, Model, Relation, State

from ingress import Answer, Invalid, NotReady, NotRelated, PortRefused, Ready
from ingress.testing import relation_for_requirer
from unit.ingress.requirer_charm import (
    REQUEST,
    UNIT,
    RequirerCharm,
    context,
    related,
    written,
)

CONTAINER = Container("server", can_connect=True)
LIFECYCLE = ["config_changed", "leader_elected", "pebble_ready", "start", "upgrade_charm"]


def unit(*relations: Relation, leader: bool = True) -> State:
    return State(
        leader=leader,
        relations=frozenset(relations),
        containers=frozenset({CONTAINER}),
        model=Model("m"),
    )


def run(ctx: Context[RequirerCharm], name: str, state: State) -> State:
    """Run an event of the unit's life."""
    if name == "pebble_ready":
        return ctx.run(ctx.on.pebble_ready(CONTAINER), state)
    return ctx.run(getattr(ctx.on, name)(), state)


def answer(
    ctx: Context[RequirerCharm], state: State, *, breaking: Relation | None = None
) -> Answer:
    """Return what the charm reads in an event."""
    event = ctx.on.relation_broken(breaking) if breaking else ctx.on.update_status()
    with ctx(event, state) as manager:
        manager.run()
        read: Answer = manager.charm.ingress.answer
    return read


# What is written


@pytest.mark.parametrize("event", ["relation_created", "relation_joined", "relation_changed"])
def test_the_leader_asks_for_a_route_as_soon_as_there_is_a_relation(event: str) -> None:
    ctx, relation = context(), related()

    out = ctx.run(getattr(ctx.on, event)(relation), unit(relation))

    assert written(out, relation) == (REQUEST, UNIT)


@pytest.mark.parametrize("event", LIFECYCLE)
def test_what_is_missing_is_written_later(event: str) -> None:
    relation = related()

    out = run(context(), event, unit(relation))

    assert written(out, relation) == (REQUEST, UNIT)


def test_a_follower_writes_its_own_address_alone() -> None:
    ctx, relation = context(), related()

    out = ctx.run(ctx.on.relation_created(relation), unit(relation, leader=False))

    assert written(out, relation) == ({}, UNIT)


@pytest.mark.parametrize("event", LIFECYCLE)
def test_what_differs_is_written_anew(event: str) -> None:
    """The port is another, and the pod too; keys that are not ours stay."""
    ctx = context(lambda: 9000, host=lambda: "other", ip=lambda: IPv6Address("fd00::1"))
    relation = related(request={**REQUEST, "future": "1"}, unit=UNIT)

    out = run(ctx, event, unit(relation))

    assert written(out, relation) == (
        {**REQUEST, "future": "1", "port": "9000"},
        {"host": '"other"', "ip": '"fd00::1"'},
    )


def test_an_address_that_is_not_known_any_more_is_taken_back() -> None:
    ctx = context(ip=lambda: None)
    relation = related(request=REQUEST, unit=UNIT)

    out = run(ctx, "start", unit(relation))

    assert written(out, relation) == (REQUEST, {"host": UNIT["host"]})


def test_a_request_waits_for_the_port() -> None:
    """The config may be invalid. The host is written all the same: one unit without it blocks all."""
    ctx, relation = context(port=lambda: None), related()

    out = ctx.run(ctx.on.relation_created(relation), unit(relation))

    assert written(out, relation) == ({}, UNIT)
    assert answer(ctx, out) == NotReady()


def test_the_port_and_the_address_are_asked_for_only_with_a_relation() -> None:
    def unexpected() -> Never:
        pytest.fail("there is no relation")

    ctx = context(port=unexpected, host=unexpected, ip=unexpected)

    for event in LIFECYCLE:
        run(ctx, event, unit())
    assert answer(ctx, unit()) == NotRelated()


@pytest.mark.parametrize("port", [0, -1, 65535, 70000])
def test_a_port_that_providers_refuse_is_not_asked_for(port: int) -> None:
    """It would make them withdraw the route, and nobody would know why."""
    ctx = context(port=lambda: port)
    relation = related('{"url": "http://h/m-my-app"}', request=REQUEST, unit=UNIT)

    out = run(ctx, "config_changed", unit(relation))

    assert written(out, relation) == (REQUEST, UNIT)
    assert answer(ctx, out) == PortRefused(port)


@pytest.mark.parametrize("port", [1, 65534])
def test_every_other_port_is_asked_for(port: int) -> None:
    ctx, relation = context(port=lambda: port), related()

    out = ctx.run(ctx.on.relation_created(relation), unit(relation))

    assert written(out, relation)[0]["port"] == str(port)
    assert answer(ctx, out) == NotReady()


# What is answered


def test_the_whole_life_of_a_relation() -> None:
    ctx = context()
    assert answer(ctx, unit()) == NotRelated()

    relation = related()
    state = ctx.run(ctx.on.relation_created(relation), unit(relation))
    assert answer(ctx, state) == NotReady(("ingress",))

    def answered(url: str) -> State:
        asked = state.get_relation(relation.id)
        assert isinstance(asked, Relation)
        now = replace(asked, remote_app_data={"ingress": f'{{"url": "{url}"}}'})
        return ctx.run(ctx.on.relation_changed(now), replace(state, relations=frozenset({now})))

    state = answered("http://10.0.0.1/m-my-app")
    ready = answer(ctx, state)
    assert isinstance(ready, Ready)
    assert str(ready.url) == "http://10.0.0.1/m-my-app"
    assert ready.root_path == "/m-my-app"
    assert answer(ctx, answered("http://10.0.0.1/m-my-app")) == ready

    moved = answer(ctx, answered("https://m-my-app.example.com/"))
    assert isinstance(moved, Ready)
    assert (moved.url.scheme, moved.url.host, moved.root_path) == (
        "https",
        "m-my-app.example.com",
        "",
    )

    (still_there,) = state.relations
    assert isinstance(still_there, Relation)
    assert answer(ctx, state, breaking=still_there) == NotRelated()


def test_a_malformed_answer_says_what_is_wrong() -> None:
    relation = related('{"url": "ftp://h"}')

    assert answer(context(), unit(relation)) == Invalid(
        "ingress.url", "is not an http or https URL"
    )


def test_a_follower_reads_the_answer() -> None:
    relation = related('{"url": "http://h/m-my-app"}')

    assert isinstance(answer(context(), unit(relation, leader=False)), Ready)


def test_the_new_relation_is_in_force_while_an_old_one_goes() -> None:
    ctx = context()
    old = related('{"url": "http://old/"}', request=REQUEST, unit=UNIT)
    new = related('{"url": "http://new/"}')
    state = unit(old, new)

    created = ctx.run(ctx.on.relation_created(new), state)
    assert written(created, new) == (REQUEST, UNIT)

    for breaking in (None, old):
        ready = answer(ctx, state, breaking=breaking)
        assert isinstance(ready, Ready)
        assert ready.url.host == "new"


# What charm authors test with


def test_the_relation_for_tests_is_one_that_a_provider_could_have_made() -> None:
    ready = answer(context(), unit(relation_for_requirer("ingress", url="http://h/prefix/")))
    assert isinstance(ready, Ready)
    assert ready.root_path == "/prefix"

    assert isinstance(answer(context(), unit(relation_for_requirer("ingress"))), Ready)
    assert answer(context(), unit(relation_for_requirer("ingress", url=None))) == NotReady()
