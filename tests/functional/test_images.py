"""Whatever an image brings in its layer, our server is the one that runs, and it is left alone."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from ops import pebble
from ops.testing import Relation

from environment.free_ports import free_port
from environment.images import ROCK_2_0, ROCK_2_1, Image
from environment.simulated_provider import Provider
from environment.stages import Stage, run_stage
from environment.steps import ANSWER, integrate, restarts, status_after_event
from functional.needed import needed

CHECKS = ("server-up", "disk", "fastapi-ready", "fastapi-database")
REPLACE = {"override": st.just("replace")}
RUN = {**REPLACE, "command": st.just("sleep 1000")}
ACTION = st.sampled_from(["restart", "shutdown", "ignore"])
DURATION = st.sampled_from(["500ms", "1s", "1500ms", "90s", "1m30s"])
STARTUP = st.sampled_from(["enabled", "disabled"])
TEXT = st.text("ab =:#'\"\n", max_size=8)
SERVICE = {
    "description": TEXT,
    "startup": STARTUP,
    "environment": st.dictionaries(st.sampled_from("ABC"), TEXT, min_size=1),
    "working-dir": st.just("/"),
    "on-success": ACTION,
    "on-failure": ACTION,
    "on-check-failure": st.dictionaries(st.sampled_from(CHECKS), ACTION, min_size=1),
    "backoff-delay": DURATION,
    "backoff-factor": st.sampled_from([1, 1.5, 2]),
    "kill-delay": DURATION,
}
ORDER = {"after": st.just(["fastapi"]), "requires": st.just(["fastapi"])}
CHECK = st.builds(
    dict.__or__,
    st.fixed_dictionaries(
        REPLACE,
        optional={
            "level": st.sampled_from(["alive", "ready"]),
            "startup": STARTUP,
            "period": st.sampled_from(["1s", "90s", "1m30s"]),
            "timeout": st.sampled_from(["500ms", "900ms"]),
            "threshold": st.integers(1, 5),
        },
    ),
    st.sampled_from(
        [
            {"http": {"url": "http://127.0.0.1:9/", "headers": {"A": "b"}}},
            {"tcp": {"port": 9}},
            {"tcp": {"port": 9, "host": "127.0.0.1"}},
            {"exec": {"command": "true", "environment": {"A": "b"}, "working-dir": "/"}},
        ]
    ),
)
TARGET = st.fixed_dictionaries(
    {**REPLACE, "type": st.just("loki"), "location": st.just("http://127.0.0.1:9/")},
    optional={
        "services": st.sampled_from([["all"], ["fastapi"], ["all", "-fastapi"]]),
        "labels": st.just({"a": "$A"}),
    },
)
LAYER = st.fixed_dictionaries(
    {
        "services": st.fixed_dictionaries(
            {"fastapi": st.fixed_dictionaries(RUN, optional=SERVICE)},
            optional=dict.fromkeys(
                ("helper", "fastapi-service"),
                st.fixed_dictionaries(RUN, optional={**SERVICE, **ORDER}),
            ),
        )
    },
    optional={
        "checks": st.dictionaries(st.sampled_from(CHECKS), CHECK),
        "log-targets": st.dictionaries(st.sampled_from(["loki", "tap"]), TARGET),
    },
)


def running(stage: Stage) -> list[str]:
    return [each.name for each in stage.pebble.client.get_services() if each.is_running()]


@pytest.mark.parametrize(("image", "is_started_first"), [(ROCK_2_0, False), (ROCK_2_1, True)])
def test_on_a_rock_one_server_runs_and_it_is_ours(
    provider: Provider, image: Image, *, is_started_first: bool
) -> None:
    with needed(), run_stage(image) as stage:
        if is_started_first:
            stage.pebble.client.replan_services()
        integrate(stage, provider)

        assert running(stage) == ["fastapi-service"]
        assert len(stage.pebble.processes()) == 1
        assert stage.server.add_name("maksim")
        starts = stage.pebble.log.read_text().count('Service "fastapi" starting')
        assert starts == is_started_first, "the image's own server is not started again"

        stage.server.port = free_port()
        stage.juju.configure(server_port=stage.server.port)
        stage.server.wait_until_up()
        assert len(stage.pebble.processes()) == 1
        assert stage.pebble.is_ready, "the image's own check must not look at the old port"
        with suppress(pebble.ChangeError):  # what is left of the other service ends at once
            stage.pebble.client.replan_services()
        assert len(stage.pebble.processes()) == 1, "nor may a replan bring the other server back"


@pytest.fixture(scope="module")
def plain() -> Iterator[Stage]:
    with needed(), run_stage() as stage:
        yield stage


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],  # to look for a simpler layer takes minutes
)
@given(LAYER)
def test_whatever_is_in_the_image_a_quiet_event_writes_nothing(
    plain: Stage, layer: dict[str, dict[str, object]]
) -> None:
    plain.begin(layer=yaml.safe_dump(layer))
    plain.juju.relate(Relation("database", remote_app_data=ANSWER))
    assert plain.juju.status == "active"
    assert running(plain) == ["fastapi-service"]
    writes = plain.pebble.writes()

    assert restarts(plain, partial(status_after_event, plain)) == 0
    assert plain.pebble.writes() == writes


def test_an_image_whose_layer_ops_cannot_parse_gets_its_server(
    plain: Stage, provider: Provider
) -> None:
    other = {"override": "replace", "command": "sleep 1000", "environment": {"A": "="}}
    plain.begin(layer=f"services: {{other: {other}}}")

    integrate(plain, provider)

    assert plain.server.add_name("maksim")
    assert restarts(plain, partial(status_after_event, plain)) == 0
