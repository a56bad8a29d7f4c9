"""A real Prometheus does what the charm has written, in quick motion."""

from collections.abc import Iterator

import pytest

from environment.prometheus_charm import configuration
from environment.real_postgresql import PostgreSQL
from environment.real_prometheus import Prometheus
from environment.simulated_provider import Provider
from environment.stages import Stage, run_prometheus
from environment.steps import integrate
from environment.waiting import wait_for
from functional.needed import needed
from prometheus_scrape.testing import relation_for_provider

ALERT = "FastAPIDemoDatabaseUnreachable"


@pytest.fixture
def prometheus() -> Iterator[Prometheus]:
    with needed(), run_prometheus() as running:
        yield running


def test_the_alert_about_the_database_fires_while_that_is_away(
    stage: Stage, cluster: PostgreSQL, provider: Provider, prometheus: Prometheus
) -> None:
    integrate(stage, provider)
    relation = stage.juju.relate(relation_for_provider("metrics-endpoint"))

    scraped = prometheus.follow(configuration(relation))

    assert scraped == [f"{stage.server.url}/metrics"]
    assert prometheus.alert(ALERT) == "inactive"

    def is_after_a_request(state: str) -> bool:
        stage.server.names()
        return prometheus.alert(ALERT) == state

    cluster.stop()
    wait_for("the alert", lambda: is_after_a_request("firing"), seconds=600)
    cluster.start()
    wait_for("its end", lambda: is_after_a_request("inactive"), seconds=600)
