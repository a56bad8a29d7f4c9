"""What Prometheus, Loki and Grafana know of the server, in one model of a real controller.

It needs no database: a server without one has metrics and a log, too.
"""

from pathlib import Path

import jubilant
import pytest

from alert_rules import AlertRules
from environment.waiting import wait_for
from integration.demo import APP, PORT, Demo
from integration.observers import GRAFANA, LOKI, PROMETHEUS, RELATIONS, Observers

CHANNEL = "2/stable"
SRC = Path(__file__).parents[2] / "src"
UID = "3730dae4f2255e7aaa6f902bb5e6b3c56d50e803"  # the dashboard's, for ever
SECONDS = 10 * 60


@pytest.fixture
def observers(juju: jubilant.Juju) -> Observers:
    return Observers(juju)


def names(rules: str) -> set[str]:
    """Return the names of our alerts in a directory of rule files."""
    return {rule.alert for group in AlertRules.load(SRC / rules).groups for rule in group.rules}


@pytest.mark.juju_setup
def test_deployed_with_its_observers(demo: Demo, charm: Path, resources: dict[str, str]) -> None:
    demo.juju.deploy(charm, APP, resources=resources)
    for application in (PROMETHEUS, LOKI, GRAFANA):
        demo.juju.deploy(application, channel=CHANNEL, trust=True)
    for relation in RELATIONS:
        demo.juju.integrate(*relation)

    demo.juju.wait(
        lambda now: jubilant.all_active(now, PROMETHEUS, LOKI, GRAFANA),
        error=lambda now: jubilant.any_error(now, APP),
        timeout=30 * 60,
    )
    demo.wait_for_status("blocked", "Waiting for database relation")


def test_prometheus_scrapes_the_unit(observers: Observers) -> None:
    wait_for(
        "the target to be up",
        lambda: observers.targets() == {f"{APP}/0": "up"},
        seconds=SECONDS,
    )


@pytest.mark.parametrize(
    ("application", "rules"),
    [(PROMETHEUS, "prometheus_alert_rules"), (LOKI, "loki_alert_rules")],
)
def test_the_rules_are_loaded(observers: Observers, application: str, rules: str) -> None:
    wait_for(
        f"the rules in {application}",
        lambda: observers.alerts(application) >= names(rules),
        seconds=SECONDS,
    )


def test_loki_has_what_the_server_logs(demo: Demo, observers: Observers) -> None:
    def is_found() -> bool:
        assert demo.is_served(PORT)  # which asks for the version
        return bool(observers.lines("GET /version"))

    wait_for("a line of the log", is_found, seconds=SECONDS)


def test_grafana_has_the_dashboard(observers: Observers) -> None:
    wait_for("the dashboard", lambda: UID in observers.dashboards(), seconds=SECONDS)


def test_none_of_them_objects(demo: Demo) -> None:
    components = {row["Component Name"] for row in demo.status_rows("app")}

    assert components == {"config", "database"}
