"""What Prometheus, Loki and Grafana know of the server, in one model of a real controller.

It needs no database: a server without one has metrics and a log, too.
"""

from pathlib import Path

import jubilant
import pytest
import requests

from cos import AlertRules
from environment.waiting import wait_for
from integration.demo import APP, HTTP_TIMEOUT, PORT, RESULTS, ROOT, Demo

PROMETHEUS, LOKI, GRAFANA = "prometheus-k8s", "loki-k8s", "grafana-k8s"
PORTS = {PROMETHEUS: 9090, LOKI: 3100, GRAFANA: 3000}
UID = "3730dae4f2255e7aaa6f902bb5e6b3c56d50e803"  # the dashboard's, for ever


def wait_for_text(
    demo: Demo,
    text: str,
    application: str,
    path: str,
    auth: tuple[str, str] | None = None,
    **query: str,
) -> None:
    """Wait until the first unit of an application answers with a text."""

    def is_there() -> bool:
        assert demo.is_served(PORT)  # asks for the version, which is logged and counted
        url = demo.url(app=application, port=PORTS[application])
        response = requests.get(f"{url}{path}", query, auth=auth, timeout=HTTP_TIMEOUT)
        return response.ok and text in response.text

    wait_for(f"{text} at {application}", is_there, seconds=10 * 60)


@pytest.mark.juju_setup
def test_deployed_with_its_observers(demo: Demo, charm: Path, resources: dict[str, str]) -> None:
    demo.juju.deploy(charm, APP, resources=resources)
    for application in PORTS:
        demo.juju.deploy(application, channel="2/stable", trust=True)
    demo.juju.integrate(f"{APP}:metrics-endpoint", f"{PROMETHEUS}:metrics-endpoint")
    demo.juju.integrate(f"{APP}:logging", f"{LOKI}:logging")
    demo.juju.integrate(f"{APP}:grafana-dashboard", f"{GRAFANA}:grafana-dashboard")

    demo.juju.wait(
        lambda now: jubilant.all_active(now, *PORTS),
        error=lambda now: jubilant.any_error(now, APP),
        timeout=30 * 60,
    )
    demo.wait_for_status("blocked", "Waiting for database relation")


def test_prometheus_scrapes_the_unit(demo: Demo) -> None:
    query = f'up{{juju_unit="{APP}/0"}} == 1'
    wait_for_text(demo, f'"{APP}/0"', PROMETHEUS, "/api/v1/query", query=query)


@pytest.mark.parametrize(
    ("application", "path", "rules"),
    [
        (PROMETHEUS, "/api/v1/rules", "prometheus_alert_rules"),
        (LOKI, "/prometheus/api/v1/rules", "loki_alert_rules"),
    ],
)
def test_the_rules_are_loaded(demo: Demo, application: str, path: str, rules: str) -> None:
    for group in AlertRules.load(ROOT / "src" / rules).groups:
        for rule in group.rules:
            wait_for_text(demo, f'"{rule.alert}"', application, path)


def test_loki_has_what_the_server_logs(demo: Demo) -> None:
    query = f'{{juju_application="{APP}", juju_unit="{APP}/0"}} |= `/version`'
    wait_for_text(demo, "GET /version", LOKI, "/loki/api/v1/query_range", query=query)


def test_grafana_has_the_dashboard(demo: Demo) -> None:
    task = demo.juju.run(f"{GRAFANA}/0", "get-admin-password")
    auth = ("admin", RESULTS.validate_python(task.results)["admin-password"])
    wait_for_text(demo, UID, GRAFANA, "/api/search", auth, type="dash-db")


def test_none_of_them_objects(demo: Demo) -> None:
    components = {row["Component Name"] for row in demo.status_rows("app")}

    assert components == {"config", "database"}
