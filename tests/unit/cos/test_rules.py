"""Rule files in, the rules of one application out."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from cos import PLACEHOLDER, AlertGroup, AlertRule, AlertRules, AlertRulesError, JujuTopology
from unit.cos.topology import IDENTIFIER, LABELS, MATCHERS, METADATA, TOPOLOGY

SINGLE = "alert: Down\nexpr: up{%%juju_topology%%} == 0\n"
GROUPS = """
groups:
  - name: one
    rules:
      - {alert: A, expr: 'a{%%juju_topology%%, x="y"} / b{%%juju_topology%%}', for: 5m, labels: {severity: critical}}
      - {alert: B, expr: 'b{%%juju_topology%%}', annotations: {summary: "{{ $labels.juju_unit }}"}}
  - name: two-2
    rules:
      - {alert: C, expr: 'rate({%%juju_topology%%} |= "x" [5m])', labels: {juju_model: wrong}}
"""


def rules(directory: Path, **files: str) -> AlertRules:
    """Write rule files, and load them."""
    for name, text in files.items():
        (directory / f"{name}.rules").write_text(text)
    return AlertRules.load(directory)


def rule(alert: str, expr: str) -> dict[str, object]:
    """Return a rule as it is on the wire."""
    return {"alert": alert, "expr": expr, "for": "0m", "labels": LABELS, "annotations": {}}


def test_groups_and_single_rules_are_bound_to_the_application(tmp_path: Path) -> None:
    bound = rules(tmp_path, b_many=GROUPS, a_single=SINGLE).bound_to(TOPOLOGY)

    labels = {"severity": "critical", **LABELS}
    one = [
        rule("A", f'a{{{MATCHERS}, x="y"}} / b{{{MATCHERS}}}') | {"for": "5m", "labels": labels},
        rule("B", f"b{{{MATCHERS}}}") | {"annotations": {"summary": "{{ $labels.juju_unit }}"}},
    ]
    assert bound.model_dump(by_alias=True, mode="json")["groups"] == [
        {"name": f"{IDENTIFIER}_a_single_rules", "rules": [rule("Down", f"up{{{MATCHERS}}} == 0")]},
        {"name": f"{IDENTIFIER}_one_rules", "rules": one},
        {
            "name": f"{IDENTIFIER}_two_2_rules",
            "rules": [rule("C", f'rate({{{MATCHERS}}} |= "x" [5m])')],
        },
    ]


def test_a_rule_written_in_code_is_the_rule_of_a_file(tmp_path: Path) -> None:
    down = AlertRule(alert="Down", expr=f"up{{{PLACEHOLDER}}} == 0", duration="5m")
    group = AlertGroup(name="down", rules=(down,))

    assert rules(tmp_path, down=f"{SINGLE}for: 5m\n") == AlertRules(groups=(group,))


def test_the_usual_suffixes_are_read(tmp_path: Path) -> None:
    for name in ("a.rule", "b.rules", "c.yaml", "d.yml", "e.md"):
        (tmp_path / name).write_text(SINGLE)

    assert [group.name for group in AlertRules.load(tmp_path).groups] == ["a", "b", "c", "d"]


MALFORMED = """
{
[]
{groups: [{name: empty, rules: []}]}
{groups: [{name: '', rules: [{alert: A, expr: '%%juju_topology%%'}]}]}
{groups: [{name: x, rules: [{alert: A, expr: '%%juju_topology%%', duration: 3m}]}]}
{groups: [], extra: 1}
alert: A
{alert: A, expr: ' '}
{alert: A, expr: 'up == 0'}
{alert: A, expr: 'up{%%juju_topology%%}', duration: 3m}
{alert: A, expr: 'up{%%juju_topology%%}', severity: critical}
{alert: A, expr: 'up{%%juju_topology%%}', labels: {severity: 1}}
"""


@pytest.mark.parametrize("text", MALFORMED.removesuffix("\n").split("\n"))
def test_a_malformed_file_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(AlertRulesError, match=r"broken\.rules"):
        rules(tmp_path, broken=text)


def test_two_groups_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AlertRulesError, match="more than one group is named a_b"):
        rules(tmp_path, **{"a-b": SINGLE, "a_b": SINGLE})


@pytest.mark.parametrize("text", ["", "5", "soon", "1s1h", "5m5m", "1.5h", "-1m", "5m ", "1M"])
def test_what_prometheus_takes_for_no_duration_is_none(text: str) -> None:
    with pytest.raises(ValidationError, match="is not a duration such as 5m or 1h30m"):
        AlertRule(alert="A", expr="x", duration=text)
    for duration in ("0", "5m", "1h30m", "1y2w3d4h5m6s7ms", "100ms"):
        assert AlertRule(alert="A", expr="x", duration=duration).duration == duration


@pytest.mark.parametrize("text", ["", "$HOME", 'a"', "a\n", "-a", "a b", "é", "a`", "a\\", "a{}"])
@pytest.mark.parametrize("key", METADATA)
def test_what_juju_never_names_anything_is_refused(key: str, text: str) -> None:
    """None of it may get into a matcher or a label."""
    with pytest.raises(ValidationError):
        JujuTopology.model_validate(METADATA | {key: text})
