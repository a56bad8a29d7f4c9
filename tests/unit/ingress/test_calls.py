"""What the ingress costs: calls of hook tools, each a process that asks Juju's controller.

The charm runs in a process of its own, with hook tools that note their calls.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from unit.ingress.requirer_charm import JUJUS_OWN, META, REQUEST, UNIT

TOOL = """#!/bin/sh
case "${0##*/} $*" in
    is-leader*) echo "$LEADER" ;;
    relation-ids*) echo "$RELATIONS" ;;
    relation-list*) echo '["traefik-k8s/0"]' ;;
    "relation-get"*my-app/0*) echo "$UNIT" ;;
    "relation-get"*my-app*) echo "$REQUEST" ;;
    "relation-get"*traefik-k8s*) echo "$ANSWER" ;;
    relation-set*) cat > /dev/null ;;
    juju-log*) echo "$*" >> "$LOG"; exit ;;
    *) echo "unexpected: $0 $*" >&2; exit 1 ;;
esac
echo "${0##*/}" >> "$CALLS"
"""
TOOLS = ["is-leader", "juju-log", "relation-get", "relation-ids", "relation-list", "relation-set"]
CODE = "import ops; from unit.ingress.requirer_charm import ReadingCharm; ops.main(ReadingCharm)"


class Unit:
    """A unit of the charm, as far as one event needs it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._log = directory / "log"
        self._calls = directory / "calls"
        tools = directory / "tools"
        tools.mkdir()
        for name in TOOLS:
            (tools / name).write_text(TOOL)
            (tools / name).chmod(0o755)
        (directory / "metadata.yaml").write_text(json.dumps(META))
        self._environment = {
            "CALLS": str(self._calls),
            "JUJU_CHARM_DIR": str(directory),
            "JUJU_MODEL_NAME": "m",
            "JUJU_UNIT_NAME": "my-app/0",
            "JUJU_VERSION": "3.6.4",
            "LOG": str(self._log),
            "PATH": f"{tools}:/usr/bin:/bin",
            "PYTHONPATH": ":".join(sys.path),
        }

    def dispatch(self, event: str, *, leader: bool, relation: Mapping[str, str]) -> list[str]:
        """Return the calls of one event, in order; the databags are empty where not given."""
        self._calls.write_text("")
        done = subprocess.run(
            [sys.executable, "-c", CODE],
            cwd=self._directory,
            env={
                **self._environment,
                "JUJU_DISPATCH_PATH": f"hooks/{event}",
                "LEADER": json.dumps(leader),
                "RELATIONS": '["ingress:1"]' if relation else "[]",
                **relation,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, self._log.read_text()
        return self._calls.read_text().split()


SETTLED = {
    "ANSWER": json.dumps({"ingress": '{"url": "http://h/m-my-app"}'}),
    "REQUEST": json.dumps(REQUEST),
    "UNIT": json.dumps({**JUJUS_OWN, **UNIT}),
}


@pytest.fixture
def unit(tmp_path: Path) -> Unit:
    return Unit(tmp_path)


@pytest.mark.parametrize("leader", [True, False])
@pytest.mark.parametrize("event", ["update-status", "config-changed", "start", "upgrade-charm"])
def test_without_the_relation_an_event_has_one_call_more(
    unit: Unit, event: str, *, leader: bool
) -> None:
    calls = unit.dispatch(event, leader=leader, relation={})

    assert sorted(calls) == ["is-leader", "relation-ids"]  # each charm asks whether it leads


@pytest.mark.parametrize("leader", [True, False])
def test_to_read_the_answer_takes_three_calls(unit: Unit, *, leader: bool) -> None:
    calls = unit.dispatch("update-status", leader=leader, relation=SETTLED)

    assert sorted(calls) == ["is-leader", "relation-get", "relation-ids", "relation-list"]


@pytest.mark.parametrize("leader", [True, False])
@pytest.mark.parametrize("event", ["config-changed", "start", "upgrade-charm"])
def test_when_nothing_differs_nothing_is_written(unit: Unit, event: str, *, leader: bool) -> None:
    calls = unit.dispatch(event, leader=leader, relation=SETTLED)

    assert "relation-set" not in calls
    assert calls.count("relation-get") == (3 if leader else 2)


def test_what_differs_is_written_in_one_call_a_databag(unit: Unit) -> None:
    nothing = {"ANSWER": "{}", "REQUEST": "{}", "UNIT": json.dumps(JUJUS_OWN)}

    calls = unit.dispatch("config-changed", leader=True, relation=nothing)

    assert calls.count("relation-set") == 2
