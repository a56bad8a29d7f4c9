"""The code in the READMEs of the observability packages does what they say."""

import json
import re
from pathlib import Path

import pytest

from alert_rules import Topology

LIB = Path(__file__).parents[2] / "lib"
UID = "0123456789abcdef0123456789abcdef01234567"


def code(package: str) -> dict[str, object]:
    """Run the Python of a README, and return the names in it."""
    text = (LIB / package / "README.md").read_text()
    names: dict[str, object] = {}
    exec("".join(re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)), names)
    return names


@pytest.mark.parametrize(
    ("package", "test"),
    [
        ("prometheus_scrape", "test_the_port_is_scraped"),
        ("grafana_dashboard", "test_the_dashboard_is_there"),
        ("loki_push_api", "test_the_log_goes_to_loki"),
    ],
)
def test_the_test_of_the_charm_passes(
    package: str, test: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashboards = tmp_path / "src" / "grafana_dashboards"
    dashboards.mkdir(parents=True)
    dashboard = {"uid": UID, "version": 1, "title": "Mine"}
    (dashboards / "my-charm.json").write_text(json.dumps(dashboard))
    monkeypatch.chdir(tmp_path)

    run = code(package)[test]

    assert callable(run)
    run()


def test_the_rule_of_the_readme_is_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (LIB / "alert_rules" / "README.md").read_text()
    (rule,) = re.findall(r"^```yaml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    rules = tmp_path / "src" / "prometheus_alert_rules"
    rules.mkdir(parents=True)
    (rules / "down.rules").write_text(rule)
    monkeypatch.chdir(tmp_path)

    rules_of = code("alert_rules")["rules_of"]

    topology = Topology(model="m", model_uuid="u", application="a", unit="a/0", charm="c")
    assert callable(rules_of)
    (group,) = json.loads(rules_of(topology))["groups"]
    assert group["name"] == "m_u_a_down_rules"
    assert 'juju_application="a"' in group["rules"][0]["expr"]
