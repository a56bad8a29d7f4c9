"""Prometheus, Loki and Grafana at the charm's endpoints: what they get, and what they say."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from unittest.mock import patch

import ops
import pytest
import scenario.mocking
from ops.testing import Container, Relation, State
from pydantic import TypeAdapter

import grafana_dashboard.testing
import loki_push_api.testing
import prometheus_scrape.testing
from postgresql_client.testing import Response, relation_for_requirer
from prometheus_scrape import ScrapeJob
from unit.charm_unit import CONTAINER, SERVICE, Ctx, at, environment, status, unit
from unit.hook_tools import counted

METRICS, DASHBOARD, LOGGING = "metrics-endpoint", "grafana-dashboard", "logging"
OBSERVERS = [METRICS, DASHBOARD, LOGGING]
URL = loki_push_api.testing.DEFAULT_URL


def prometheus(errors: str = "", scrape_job_errors: str = "") -> Relation:
    return prometheus_scrape.testing.relation_for_provider(
        METRICS, errors=errors, scrape_job_errors=scrape_job_errors
    )


def grafana(errors: Mapping[str, str] | None = None) -> Relation:
    return grafana_dashboard.testing.relation_for_provider(DASHBOARD, errors=errors)


def loki(errors: str = "") -> Relation:
    return loki_push_api.testing.relation_for_requirer(LOGGING, errors=errors)


def related(state: State, *relations: Relation) -> State:
    """Add relations, without an event."""
    return replace(state, relations=frozenset({*state.relations, *relations}))


def serving(ctx: Ctx, *relations: Relation, port: int = 8000, leader: bool = True) -> State:
    """Return a unit whose server runs with a database, and which sees relations for the first time."""
    database = relation_for_requirer("database")
    state = unit(database, leader=leader, config={"server-port": port})
    state = ctx.run(ctx.on.relation_changed(database.relation, remote_unit=0), state)
    return related(state, *relations)


def created(ctx: Ctx, state: State, endpoint: str) -> State:
    return ctx.run(ctx.on.relation_created(at(state, endpoint)), state)


def restarted(state: State) -> State:
    """Replace the container by one that knows nothing, without an event."""
    return replace(state, containers=frozenset({Container(CONTAINER, can_connect=True)}))


def observed(ctx: Ctx, state: State) -> State:
    """Relate the unit to all three, which say something about it."""
    state = related(
        state, prometheus("a rule is bad"), grafana({"file:x": "no title"}), loki("bad")
    )
    for endpoint in OBSERVERS:
        state = created(ctx, state, endpoint)
        state = ctx.run(ctx.on.relation_changed(at(state, endpoint), remote_unit=0), state)
    return state


def jobs(state: State) -> tuple[ScrapeJob, ...]:
    """Return what Prometheus is told to scrape."""
    return prometheus_scrape.testing.written_by(at(state, METRICS)).scrape_jobs


def forwarded(state: State) -> frozenset[str]:
    """Return where the server's log goes."""
    plan: ops.pebble.Plan = state.get_container(CONTAINER).plan
    return loki_push_api.testing.forwarding_in(plan, SERVICE)


def groups(relation: Relation) -> set[str]:
    """Return the names of the groups of alert rules, without what binds them to the application."""
    bag: Mapping[str, str] = relation.local_app_data
    rules = TypeAdapter(dict[str, list[dict[str, object]]]).validate_json(bag["alert_rules"])
    return {str(group["name"]).partition("fastapi_demo_")[2] for group in rules["groups"]}


def details(ctx: Ctx, state: State, scope: str = "app") -> list[dict[str, str]]:
    """Run ``status-detail``."""
    ctx.run(ctx.on.action("status-detail"), state)
    results = TypeAdapter(dict[str, dict[str, str]]).validate_python(ctx.action_results)
    return TypeAdapter(list[dict[str, str]]).validate_json(results["json-output"][scope])


# Metrics


def test_prometheus_scrapes_the_port_of_the_server(ctx: Ctx) -> None:
    state = created(ctx, serving(ctx, prometheus(), port=8080), METRICS)

    assert jobs(state) == (ScrapeJob.of_units(8080),)
    of_unit: Mapping[str, str] = at(state, METRICS).local_unit_data
    assert of_unit["prometheus_scrape_unit_address"] == "fastapi-demo-0.test"


def test_a_changed_port_is_scraped(ctx: Ctx) -> None:
    state = created(ctx, serving(ctx, prometheus()), METRICS)

    state = ctx.run(ctx.on.config_changed(), replace(state, config={"server-port": 9090}))

    assert jobs(state) == (ScrapeJob.of_units(9090),)


@pytest.mark.parametrize("is_related_before", [True, False])
def test_while_the_port_is_wrong_the_one_that_is_served_is_scraped(
    ctx: Ctx, is_related_before: bool
) -> None:
    state = serving(ctx, prometheus(), port=8080)
    if is_related_before:
        state = created(ctx, state, METRICS)
    state = ctx.run(ctx.on.config_changed(), replace(state, config={"server-port": 22}))
    state = created(ctx, state, METRICS)

    assert jobs(state) == (ScrapeJob.of_units(8080),)


def test_while_nobody_knows_the_port_the_last_one_is_scraped(ctx: Ctx) -> None:
    state = created(ctx, serving(ctx, prometheus(), port=8080), METRICS)
    gone = ops.pebble.ConnectionError("gone")

    with patch.object(scenario.mocking._MockPebbleClient, "get_plan", side_effect=gone):
        state = ctx.run(ctx.on.config_changed(), replace(state, config={"server-port": 22}))

    assert jobs(state) == (ScrapeJob.of_units(8080),)


def test_a_container_that_restarts_with_a_wrong_port_is_scraped_where_it_serves(ctx: Ctx) -> None:
    state = created(ctx, serving(ctx, prometheus(), port=8080), METRICS)
    state = restarted(replace(state, config={"server-port": 22}))

    state = ctx.run(ctx.on.pebble_ready(state.get_container(CONTAINER)), state)

    assert "--port=8000" in state.get_container(CONTAINER).plan.services[SERVICE].command
    assert jobs(state) == (ScrapeJob.of_units(8000),)


def test_the_rules_for_metrics_are_there(ctx: Ctx) -> None:
    state = created(ctx, serving(ctx, prometheus()), METRICS)

    assert len(groups(at(state, METRICS))) == 3


# Dashboards


def test_the_dashboard_is_there(ctx: Ctx) -> None:
    state = created(ctx, serving(ctx, grafana()), DASHBOARD)

    written = grafana_dashboard.testing.dashboards_written_by(at(state, DASHBOARD))
    assert written.keys() == {"file:fastapi-demo"}
    assert json.loads(written["file:fastapi-demo"])["title"]


# Logs


def test_the_log_goes_to_loki_which_gets_rules_for_it(ctx: Ctx) -> None:
    state = created(ctx, serving(ctx, loki()), LOGGING)

    assert forwarded(state) == {URL}
    assert len(groups(at(state, LOGGING))) == 1


def test_the_log_is_forwarded_once_the_service_is_in_the_plan(ctx: Ctx) -> None:
    state = created(ctx, related(unit(), loki()), LOGGING)
    assert forwarded(state) == frozenset()

    state = ctx.run(ctx.on.pebble_ready(state.get_container(CONTAINER)), state)

    assert forwarded(state) == {URL}


def test_a_container_that_restarts_unseen_forwards_with_the_next_event(ctx: Ctx) -> None:
    state = created(ctx, serving(ctx, loki()), LOGGING)

    state = ctx.run(ctx.on.update_status(), restarted(state))

    assert forwarded(state) == {URL}


def test_without_loki_no_log_is_forwarded_any_more(ctx: Ctx) -> None:
    state = created(ctx, serving(ctx, loki()), LOGGING)

    state = ctx.run(ctx.on.relation_broken(at(state, LOGGING)), state)

    assert forwarded(state) == frozenset()
    assert status(state) == "active"


def test_a_log_target_restarts_nothing_and_survives_a_change_of_the_server(ctx: Ctx) -> None:
    state = serving(ctx, loki())
    with counted() as calls:
        state = created(ctx, state, LOGGING)
    assert (calls.of("add_layer"), calls.of("replan_services")) == (1, 0)

    with counted() as calls:
        state = ctx.run(ctx.on.config_changed(), replace(state, config={"server-port": 8080}))
    assert calls.of("add_layer") == 1
    assert forwarded(state) == {URL}


# The whole life


def test_observers_that_come_first_see_the_database_come_and_go(ctx: Ctx) -> None:
    state = observed(ctx, unit())
    state = ctx.run(ctx.on.pebble_ready(state.get_container(CONTAINER)), state)
    before = {endpoint: at(state, endpoint).local_app_data for endpoint in OBSERVERS}
    assert forwarded(state) == {URL}

    database = relation_for_requirer("database")
    state = replace(related(state, database.relation), secrets=database.secrets)
    state = ctx.run(ctx.on.relation_changed(database.relation, remote_unit=0), state)
    assert status(state) == "active"
    assert forwarded(state) == {URL}

    state = ctx.run(ctx.on.relation_broken(at(state, "database")), state)
    assert environment(state) == {}
    assert forwarded(state) == {URL}
    assert before == {endpoint: at(state, endpoint).local_app_data for endpoint in OBSERVERS}


def test_a_new_leader_writes_what_the_old_one_had_not_written(ctx: Ctx) -> None:
    state = observed(ctx, serving(ctx, leader=False))
    assert not any(at(state, endpoint).local_app_data for endpoint in OBSERVERS)

    state = ctx.run(ctx.on.leader_elected(), replace(state, leader=True))

    assert {endpoint: set(at(state, endpoint).local_app_data) for endpoint in OBSERVERS} == {
        METRICS: {"scrape_jobs", "scrape_metadata", "alert_rules"},
        DASHBOARD: {"dashboards"},
        LOGGING: {"alert_rules", "metadata"},
    }


@pytest.mark.parametrize("endpoint", OBSERVERS)
def test_the_server_runs_on_when_an_observer_goes(ctx: Ctx, endpoint: str) -> None:
    state = observed(ctx, serving(ctx))

    with counted() as calls:
        state = ctx.run(ctx.on.relation_departed(at(state, endpoint), remote_unit=0), state)
        state = ctx.run(ctx.on.relation_broken(at(state, endpoint)), state)

    assert calls.of("add_layer") == (1 if endpoint == LOGGING else 0)
    assert calls.of("replan_services") == 0
    assert status(state) == "active"
    assert forwarded(state) == (set() if endpoint == LOGGING else {URL})


@pytest.mark.parametrize("use_secrets", [True, False])
def test_nothing_that_is_written_has_the_password(ctx: Ctx, use_secrets: bool) -> None:
    answer = Response(password="pass-of-the-database", use_secrets=use_secrets)
    database = relation_for_requirer("database", response=answer)
    state = unit(database)
    state = ctx.run(ctx.on.relation_changed(database.relation, remote_unit=0), state)
    state = observed(ctx, state)
    assert answer.password in environment(state).values()

    relations = [at(state, endpoint) for endpoint in OBSERVERS]
    targets = state.get_container(CONTAINER).plan.log_targets
    written = [
        *(str(relation.local_app_data) for relation in relations),
        *(str(relation.local_unit_data) for relation in relations),
        *grafana_dashboard.testing.dashboards_written_by(at(state, DASHBOARD)).values(),
        *(str(target.to_dict()) for target in targets.values()),
        *(line.message for line in ctx.juju_log),
        *(str(row) for row in details(ctx, state)),
    ]
    assert [text for text in written if answer.password in text] == []


# What it costs


@pytest.mark.parametrize("is_related", [True, False])
def test_a_quiet_event_asks_for_database_and_ingress_alone(ctx: Ctx, is_related: bool) -> None:
    state = serving(ctx)
    if is_related:
        state = related(state, prometheus(), grafana(), loki())

    with counted() as calls:
        ctx.run(ctx.on.update_status(), state)

    assert calls.of("relation_ids") == 2
    assert calls.of("relation_set") == calls.of("network_get") == calls.of("add_layer") == 0


def test_a_change_asks_once_for_each_endpoint_that_it_may_concern(ctx: Ctx) -> None:
    state = restarted(serving(ctx))

    with counted() as calls:
        ctx.run(ctx.on.update_status(), state)

    assert calls.of("relation_ids") == 4
    assert calls.of("relation_set") == 0


# What they object to


@pytest.mark.parametrize("leader", [True, False])
def test_details_name_what_the_related_applications_object_to(ctx: Ctx, leader: bool) -> None:
    state = serving(
        ctx,
        prometheus("a group is bad", "a job is bad"),
        grafana({"file:fastapi-demo": "no title"}),
        loki("[/a] rule is bad"),
        leader=leader,
    )

    found = [row for row in details(ctx, state) if row["Status"] != "Active"]

    assert {row["Status"] for row in found} == {"Waiting"}
    assert {(row["Component Name"], row["Message"]) for row in found} == {
        (METRICS, "prometheus-k8s: a group is bad"),
        (METRICS, "prometheus-k8s: a job is bad"),
        (DASHBOARD, "grafana-k8s: file:fastapi-demo: no title"),
        (LOGGING, "loki-k8s: [/a] rule is bad"),
    }
    assert all("juju show-unit" in row["Action"] for row in found)
    assert all(row["Status"] == "Active" for row in details(ctx, state, "unit"))


def test_an_objection_is_not_in_juju_status(ctx: Ctx) -> None:
    state = serving(ctx, prometheus("a group is bad"))

    state = ctx.run(ctx.on.relation_changed(at(state, METRICS), remote_unit=0), state)

    assert status(state) == "active"


def test_a_long_objection_is_cut(ctx: Ctx) -> None:
    rows = details(ctx, serving(ctx, loki("x" * 1000)))

    (message,) = (row["Message"] for row in rows if row["Component Name"] == LOGGING)
    assert message.startswith("loki-k8s: xxx")
    assert len(message) < 120


@pytest.mark.parametrize("event", ["{", "[]", '{"errors": 1}', "null"])
@pytest.mark.parametrize("peer", [prometheus, grafana, loki])
def test_a_malformed_objection_is_no_objection(
    ctx: Ctx, peer: Callable[[], Relation], event: str
) -> None:
    relation = replace(peer(), remote_app_data={"event": event})

    assert all(row["Status"] == "Active" for row in details(ctx, serving(ctx, relation)))
