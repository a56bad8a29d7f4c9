"""Rule files in, rules of one application out."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alert_rules import AlertRules, AlertRulesError, Topology

TOPOLOGY = Topology(
    model="my-model",
    model_uuid="2f8d4f2e-6a0a-4b3e-9f63-0d7f1c3b5a10",
    application="my.app",
    unit="my.app/0",
    charm="my-charm",
)
MATCHERS = (
    'juju_model="my-model", '
    'juju_model_uuid="2f8d4f2e-6a0a-4b3e-9f63-0d7f1c3b5a10", '
    'juju_application="my.app"'
)
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


def test_groups_and_single_rules_are_bound_to_the_application(tmp_path: Path) -> None:
    bound = rules(tmp_path, b_many=GROUPS, a_single=SINGLE).bound_to(TOPOLOGY)

    ours = {
        "juju_model": "my-model",
        "juju_model_uuid": "2f8d4f2e-6a0a-4b3e-9f63-0d7f1c3b5a10",
        "juju_application": "my.app",
        "juju_charm": "my-charm",
    }
    assert bound.model_dump(by_alias=True, mode="json") == {
        "groups": [
            {
                "name": "my_model_2f8d4f2e_my_app_a_single_rules",
                "rules": [
                    {
                        "alert": "Down",
                        "expr": f"up{{{MATCHERS}}} == 0",
                        "for": "0m",
                        "labels": ours,
                        "annotations": {},
                    }
                ],
            },
            {
                "name": "my_model_2f8d4f2e_my_app_one_rules",
                "rules": [
                    {
                        "alert": "A",
                        "expr": f'a{{{MATCHERS}, x="y"}} / b{{{MATCHERS}}}',
                        "for": "5m",
                        "labels": {"severity": "critical", **ours},
                        "annotations": {},
                    },
                    {
                        "alert": "B",
                        "expr": f"b{{{MATCHERS}}}",
                        "for": "0m",
                        "labels": ours,
                        "annotations": {"summary": "{{ $labels.juju_unit }}"},
                    },
                ],
            },
            {
                "name": "my_model_2f8d4f2e_my_app_two_2_rules",
                "rules": [
                    {
                        "alert": "C",
                        "expr": f'rate({{{MATCHERS}}} |= "x" [5m])',
                        "for": "0m",
                        "labels": ours,
                        "annotations": {},
                    }
                ],
            },
        ]
    }


def test_no_files_are_no_groups(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("not a rule")

    assert rules(tmp_path).bound_to(TOPOLOGY).model_dump() == {}


@pytest.mark.parametrize("suffix", ["rule", "rules", "yaml", "yml"])
def test_the_usual_suffixes_are_read(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"x.{suffix}").write_text(SINGLE)

    assert [group.name for group in AlertRules.load(tmp_path).groups] == ["x"]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "",
        "[]",
        "groups: []\nextra: 1",
        "groups: [{name: empty, rules: []}]",
        "groups: [{name: '', rules: [{alert: A, expr: '%%juju_topology%%'}]}]",
        "alert: A",
        "{alert: A, expr: ' '}",
        "{alert: A, expr: 'up == 0'}",
        "{alert: A, expr: 'up{%%juju_topology%%}', for: soon}",
        "{alert: A, expr: 'up{%%juju_topology%%}', severity: critical}",
        "{alert: A, expr: 'up{%%juju_topology%%}', labels: {severity: 1}}",
    ],
)
def test_a_malformed_file_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(AlertRulesError, match=r"broken\.rules"):
        rules(tmp_path, broken=text)


def test_two_groups_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AlertRulesError, match="more than one group is named one"):
        rules(tmp_path, a=GROUPS, one=SINGLE)


@given(st.text() | st.text('aZ0_.-/+$"{}\\\n '))
def test_nothing_but_a_name_of_juju_gets_into_a_matcher_or_a_label(text: str) -> None:
    names = TOPOLOGY.model_dump() | {"application": text}
    with suppress(ValidationError):
        topology = Topology.model_validate(names)
        assert topology.application
        assert set(topology.application).isdisjoint('"\\$`{}\n ')


@pytest.mark.parametrize("text", ["", "$HOME", 'a"', "a\n", "-a", "a b", "é"])
def test_what_juju_never_names_anything_is_refused(text: str) -> None:
    names = TOPOLOGY.model_dump() | {"unit": text}
    with pytest.raises(ValidationError, match="is not a name that Juju gives"):
        Topology.model_validate(names)


def test_the_metadata_of_the_peers() -> None:
    assert TOPOLOGY.model_dump(by_alias=True) == {
        "model": "my-model",
        "model_uuid": "2f8d4f2e-6a0a-4b3e-9f63-0d7f1c3b5a10",
        "application": "my.app",
        "unit": "my.app/0",
        "charm_name": "my-charm",
    }
    assert TOPOLOGY.identifier == "my-model_2f8d4f2e_my.app"
