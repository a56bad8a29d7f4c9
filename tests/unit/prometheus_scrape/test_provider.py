"""What Prometheus reads, over the whole life of a relation."""

import json
import socket
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import ops
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ops.testing import Context, Relation, State
from pydantic import ValidationError

from alert_rules import Objection
from prometheus_scrape import MetricsProvider, ScrapeJob, StaticConfig
from prometheus_scrape.testing import relation_for_provider, written_by
from unit.hook_tools import ORDINARY_EVENTS, calls_of_an_ordinary_event, counted
from unit.prometheus_scrape.scraped_charm import CONFIG, ENDPOINT, META, ScrapedCharm, context, unit
from unit.topology import IDENTIFIER, MATCHERS, TEXTS, VALUES

Ctx = Context[ScrapedCharm]
ADDRESS = "application-0.application-endpoints.demo.svc.cluster.local"
RULE = "alert: Down\nexpr: up{%%juju_topology%%} == 0\n"
WRITES = ["leader_elected", "config_changed", "upgrade_charm", "start"]


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "down.rules").write_text(RULE)
    return tmp_path


def only(state: State) -> Relation:
    (relation,) = (each for each in state.relations if isinstance(each, Relation))
    return relation


def bags(state: State) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return what the application and what the unit has written."""
    relation = only(state)
    of_unit: Mapping[str, str] = relation.local_unit_data
    ours = {key: text for key, text in of_unit.items() if key.startswith("prometheus")}
    return relation.local_app_data, ours


def test_the_peer_gets_jobs_metadata_rules_and_address(rules: Path) -> None:
    ctx, relation = context(rules), relation_for_provider(ENDPOINT)

    out = ctx.run(ctx.on.relation_created(relation), unit(relation))

    application, of_unit = bags(out)
    assert {key: json.loads(text) for key, text in application.items()} == {
        "scrape_jobs": [{"metrics_path": "/metrics", "static_configs": [{"targets": ["*:8000"]}]}],
        "scrape_metadata": {
            "model": "demo",
            "model_uuid": "2f8d4f2e-6a0a-4b3e-9f63-0d7f1c3b5a10",
            "application": "application",
            "unit": "application/0",
            "charm_name": "application",
        },
        "alert_rules": {
            "groups": [
                {
                    "name": f"{IDENTIFIER}_down_rules",
                    "rules": [
                        {
                            "alert": "Down",
                            "expr": f"up{{{MATCHERS}}} == 0",
                            "for": "0m",
                            "labels": {
                                "juju_model": "demo",
                                "juju_model_uuid": "2f8d4f2e-6a0a-4b3e-9f63-0d7f1c3b5a10",
                                "juju_application": "application",
                                "juju_charm": "application",
                            },
                            "annotations": {},
                        }
                    ],
                }
            ]
        },
    }
    assert of_unit == {
        "prometheus_scrape_unit_address": ADDRESS,
        "prometheus_scrape_unit_name": "application/0",
    }


def test_without_rules_there_are_no_groups() -> None:
    ctx, relation = context(), relation_for_provider(ENDPOINT)

    out = ctx.run(ctx.on.relation_created(relation), unit(relation))

    assert bags(out)[0]["alert_rules"] == "{}"


def test_nothing_written_is_null() -> None:
    """The peer's hook fails on it."""
    ctx, relation = context(), relation_for_provider(ENDPOINT)

    out = ctx.run(ctx.on.relation_created(relation), unit(relation))

    assert not any("null" in text for text in bags(out)[0].values())


@pytest.mark.parametrize("event", WRITES)
def test_a_missing_answer_is_written_in_any_event_that_may_change_it(event: str) -> None:
    ctx, relation = context(), relation_for_provider(ENDPOINT)

    out = ctx.run(getattr(ctx.on, event)(), unit(relation))

    assert written_by(only(out)).scrape_jobs == (ScrapeJob.of_units(8000),)
    assert bags(out)[1]["prometheus_scrape_unit_address"] == ADDRESS


@pytest.mark.parametrize("event", WRITES)
def test_a_follower_writes_its_own_address_alone(event: str) -> None:
    ctx, relation = context(), relation_for_provider(ENDPOINT)

    out = ctx.run(getattr(ctx.on, event)(), unit(relation, leader=False))

    application, of_unit = bags(out)
    assert application == {}
    assert of_unit["prometheus_scrape_unit_name"] == "application/0"


def test_a_changed_port_and_a_changed_address_are_written() -> None:
    ctx, relation = context(), relation_for_provider(ENDPOINT)
    before = ctx.run(ctx.on.relation_created(relation), unit(relation))

    moved = context(address="10.1.2.3")
    after = moved.run(moved.on.config_changed(), replace(before, config={"port": 9000}))

    assert written_by(only(after)).scrape_jobs == (ScrapeJob.of_units(9000),)
    assert bags(after)[1]["prometheus_scrape_unit_address"] == "10.1.2.3"


def test_an_upgrade_that_changes_the_rules_is_written(rules: Path) -> None:
    ctx, relation = context(rules), relation_for_provider(ENDPOINT)
    state = ctx.run(ctx.on.relation_created(relation), unit(relation))
    (rules / "slow.rules").write_text(RULE.replace("Down", "Slow"))

    out = ctx.run(ctx.on.upgrade_charm(), state)

    groups = written_by(only(out)).alert_rules.groups
    assert [rule.alert for group in groups for rule in group.rules] == ["Down", "Slow"]


def test_jobs_that_are_not_known_now_stay_as_they_were(rules: Path) -> None:
    ctx, relation = context(), relation_for_provider(ENDPOINT)
    state = ctx.run(ctx.on.relation_created(relation), unit(relation))

    state = replace(state, config={"port": 0})
    upgraded = context(rules)
    state = upgraded.run(upgraded.on.upgrade_charm(), state)

    written = written_by(only(state))
    assert written.scrape_jobs == (ScrapeJob.of_units(8000),)
    assert written.alert_rules.groups


def test_every_prometheus_gets_it() -> None:
    ctx = context()
    relations = [relation_for_provider(ENDPOINT, remote_app_name=name) for name in ("a", "b")]

    out = ctx.run(ctx.on.config_changed(), unit(*relations))

    for relation in out.relations:
        assert isinstance(relation, Relation)
        assert written_by(relation).scrape_jobs == (ScrapeJob.of_units(8000),)


@pytest.mark.parametrize("event", [*WRITES, "relation_changed", "relation_joined"])
def test_an_event_that_changes_nothing_writes_nothing(rules: Path, event: str) -> None:
    ctx, relation = context(rules), relation_for_provider(ENDPOINT)
    before = ctx.run(ctx.on.relation_created(relation), unit(relation))
    of_relation = event.startswith("relation")
    arguments = (only(before),) if of_relation else ()

    with counted() as calls:
        ctx.run(getattr(ctx.on, event)(*arguments), before)

    assert calls.of("relation_set") == 0
    assert calls.total <= 6


@pytest.mark.parametrize("event", ORDINARY_EVENTS)
def test_an_ordinary_event_asks_nothing(event: str) -> None:
    idle = Context(ops.CharmBase, meta=META, config=CONFIG)
    state = unit(relation_for_provider(ENDPOINT))

    asked = calls_of_an_ordinary_event(context(), event, state)

    assert asked == calls_of_an_ordinary_event(idle, event, state)


def test_without_a_relation_one_question_is_asked() -> None:
    ctx = context()

    with counted() as calls:
        ctx.run(ctx.on.config_changed(), unit())

    assert calls.total == calls.of("relation_ids") == 1


def test_a_relation_that_goes_is_left_alone() -> None:
    ctx, relation = context(), relation_for_provider(ENDPOINT)

    out = ctx.run(ctx.on.relation_broken(relation), unit(relation))

    assert bags(out) == ({}, {})


# What the peer says


def test_what_the_peer_says_is_wrong_is_told() -> None:
    ctx = context()
    one = relation_for_provider(ENDPOINT, errors="bad\nrule", scrape_job_errors="bad job")
    two = relation_for_provider(ENDPOINT, remote_app_name="agent")

    with ctx(ctx.on.update_status(), unit(one, two)) as manager:
        assert manager.charm.metrics.objections == (
            Objection("prometheus-k8s", "bad rule"),
            Objection("prometheus-k8s", "bad job"),
        )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS | VALUES.map(json.dumps) | VALUES.map(lambda v: json.dumps({"errors": v})))
def test_a_malformed_peer_fails_no_hook(text: str) -> None:
    ctx = context()
    relation = replace(relation_for_provider(ENDPOINT), remote_app_data={"event": text})

    with ctx(ctx.on.relation_changed(relation), unit(relation)) as manager:
        out = manager.run()
        for objection in manager.charm.metrics.objections:
            assert objection.reason.isprintable()

    assert written_by(only(out)).scrape_jobs == (ScrapeJob.of_units(8000),)


@pytest.mark.parametrize("text", ["{", '{"errors": 5}', '"x"', '{"errors": null}'])
def test_a_malformed_event_is_logged_once_and_not_shown(text: str) -> None:
    ctx = context()
    relation = replace(relation_for_provider(ENDPOINT), remote_app_data={"event": text})

    with ctx(ctx.on.relation_changed(relation), unit(relation)) as manager:
        manager.run()
        assert manager.charm.metrics.objections == ()

    warnings = [line.message for line in ctx.juju_log if line.level == "WARNING"]
    assert len(warnings) == 1
    assert warnings[0].startswith("ignoring what prometheus-k8s wrote: its ")


# Jobs


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_is_none_is_refused(port: int) -> None:
    with pytest.raises(ValidationError):
        ScrapeJob.of_units(port)


@pytest.mark.parametrize("target", ["*", "host", "*:x", "[::1]:80", "::1:80", "a b:80", ":80"])
def test_a_target_that_fails_the_peers_hook_is_refused(target: str) -> None:
    with pytest.raises(ValidationError):
        StaticConfig(targets=(target,))


@given(st.integers(1, 65535))
def test_what_is_written_is_what_is_read(port: int) -> None:
    job = ScrapeJob(
        static_configs=(StaticConfig(targets=(f"*:{port}",), labels={"a": "b"}),),
        job_name="x",
        scheme="https",
        scrape_interval="1m30s",
        sample_limit=5,
    )
    assert ScrapeJob.model_validate_json(job.model_dump_json()) == job


class _ByName(ops.CharmBase):
    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self.metrics = MetricsProvider(self, ENDPOINT, list)


def test_by_default_a_unit_is_found_by_its_name_in_the_cluster(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda: "unit.cluster.local")
    ctx, relation = Context(_ByName, meta=META, config=CONFIG), relation_for_provider(ENDPOINT)

    out = ctx.run(ctx.on.relation_created(relation), unit(relation))

    assert bags(out)[1]["prometheus_scrape_unit_address"] == "unit.cluster.local"


def test_without_jobs_nothing_is_scraped() -> None:
    ctx, relation = Context(_ByName, meta=META, config=CONFIG), relation_for_provider(ENDPOINT)

    out = ctx.run(ctx.on.config_changed(), unit(relation))

    assert written_by(only(out)).scrape_jobs == ()
