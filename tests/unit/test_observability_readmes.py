"""The code in the READMEs of the observability packages does what they say."""

import json
import re
from pathlib import Path

import pytest

from alert_rules import Topology

LIB = Path(__file__).parents[2] / "lib"


def code(package: str) -> dict[str, object]:
    """Run the Python of a README, and return the names in it."""
    text = (LIB / package / "README.md").read_text()
    names: dict[str, object] = {}
    exec("".join(re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)), names)
    return names


def test_the_rule_of_the_readme_is_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (LIB / "alert_rules" / "README.md").read_text()
    (rule,) = re.findall(r"^```yaml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    rules = tmp_path / "src" / "prometheus_alert_rules"
    rules.mkdir(parents=True)
    (rules / "down.rules").write_text(rule)
    monkeypatch.chdir(tmp_path)

    rules_of = code("alert_rules")["rules_of"]

    topology = Topology(model="m", model_uuid="u", application="a", unit="a/0", charm_name="c")
    assert callable(rules_of)
    (group,) = json.loads(rules_of(topology))["groups"]
    assert group["name"] == "m_u_a_down_rules"
    assert 'juju_application="a"' in group["rules"][0]["expr"]
