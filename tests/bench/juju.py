"""Juju, played: a model of one unit, its hook tools, and the environment of an event."""

import json
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ENDPOINT = "database"
APP, UNIT = "fastapi-demo", "fastapi-demo/0"
REMOTE_APP, REMOTE_UNIT = "postgresql-k8s", "postgresql-k8s/0"
_RELATION_ID = f"{ENDPOINT}:1"
_MODEL_UUID = "01234567-89ab-4cde-8f01-23456789abcd"
_STUB = Path(__file__).with_name("hook_tool.sh")
_TOOLS = (
    "application-version-set",
    "close-port",
    "config-get",
    "is-leader",
    "juju-log",
    "open-port",
    "opened-ports",
    "relation-get",
    "relation-ids",
    "relation-list",
    "relation-set",
    "secret-get",
    "status-set",
)


@dataclass
class Model:
    """What the hook tools answer from."""

    config: dict[str, str | int]
    is_related: bool = False
    request: dict[str, str] = field(default_factory=dict)
    """What the charm has written into its application's databag."""
    answer: dict[str, str] = field(default_factory=dict)
    """The provider's databag."""
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    """The latest content of secrets by URI."""
    ports: list[str] = field(default_factory=list)
    status: str = ""

    def answers(self) -> Mapping[str, object]:
        """Return what each call of a hook tool answers, with the arguments as ops writes them."""
        relation = f"relation-get --format=json -r {_RELATION_ID}"
        related: dict[str, object] = {
            f"relation-list --format=json -r {_RELATION_ID}": [REMOTE_UNIT],
            f"relation-list --format=json --app -r {_RELATION_ID}": REMOTE_APP,
            f"{relation} --app - {APP}": self.request,
            f"{relation} --app - {REMOTE_APP}": self.answer,
            f"{relation} - {UNIT}": {},
            f"{relation} - {REMOTE_UNIT}": {},
        }
        secrets = {
            f"secret-get --format=json {uri}{refresh}": content
            for uri, content in self.secrets.items()
            for refresh in ("", " --refresh")
        }
        return {
            "config-get --format=json": self.config,
            "is-leader --format=json": True,
            "opened-ports --format=json": self.ports,
            f"relation-ids {ENDPOINT} --format=json": [_RELATION_ID] if self.is_related else [],
            **(related if self.is_related else {}),
            **secrets,
        }

    def take(self, call: str, written: str) -> None:
        """Bring what a call changes into the model."""
        match call.split(maxsplit=3):
            case ["relation-set", *_]:
                changes: dict[str, str] = json.loads(written)
                merged = self.request | changes
                self.request = {key: value for key, value in merged.items() if value}
            case ["open-port", port]:
                self.ports.append(port)
            case ["close-port", port]:
                self.ports.remove(port)
            case ["status-set", "--application=False", status, *_]:
                self.status = status
            case _:
                pass  # it asked


class HookTools:
    """The hook tools of one unit, in a directory that goes on its ``PATH``."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "tools"
        self._answers = directory / "answers"
        self._calls = directory / "calls"
        self.path.mkdir(parents=True)
        shutil.copy(_STUB, self.path / "stub")
        (self.path / "stub").chmod(0o755)
        for tool in _TOOLS:
            (self.path / tool).symlink_to("stub")

    def prepare(self, model: Model) -> None:
        """Answer from the model as it is now, and forget the calls so far."""
        shutil.rmtree(self._answers, ignore_errors=True)
        for call, answer in model.answers().items():
            file = self._answers / call  # a unit's name and a secret's URI have slashes in them
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"printf '%s' {shlex.quote(json.dumps(answer))}\n")
        self._calls.write_text("")

    def calls(self, model: Model) -> tuple[str, ...]:
        """Return the calls since then, and let the model take what they change."""
        fields = self._calls.read_text().split("\0")
        calls = tuple(zip(fields[0::2], fields[1::2], strict=False))
        for call, written in calls:
            model.take(call, written)
        return tuple(call for call, _ in calls)


def environment(hook: str, charm: Path, tools: Path) -> dict[str, str]:
    """Return the environment in which Juju runs ``dispatch`` for any event."""
    return {
        "HOME": "/root",
        "LANG": "C.UTF-8",
        "PATH": f"{tools}:/usr/bin:/bin",
        "JUJU_CHARM_DIR": str(charm),
        "JUJU_DISPATCH_PATH": f"hooks/{hook}",
        "JUJU_HOOK_NAME": hook,
        "JUJU_MODEL_NAME": "bench",
        "JUJU_MODEL_UUID": _MODEL_UUID,
        "JUJU_UNIT_NAME": UNIT,
        "JUJU_VERSION": "3.6.9",
    }


RELATION_CREATED = {
    "JUJU_RELATION": ENDPOINT,
    "JUJU_RELATION_ID": _RELATION_ID,
    "JUJU_REMOTE_APP": REMOTE_APP,
}
RELATION_CHANGED = {**RELATION_CREATED, "JUJU_REMOTE_UNIT": REMOTE_UNIT}
