"""Stubs of Juju's hook tools, which note their calls and answer from a model."""

import json
import shlex
import shutil
from pathlib import Path

from environment.juju_model import JujuModel

_STUB = Path(__file__).with_name("hook_tool.sh")
_TOOLS = (
    "application-version-set",
    "close-port",
    "config-get",
    "is-leader",
    "juju-log",
    "network-get",
    "open-port",
    "opened-ports",
    "relation-get",
    "relation-ids",
    "relation-list",
    "relation-set",
    "secret-get",
    "status-set",
)


class HookTools:
    """The hook tools of one unit, in a directory that goes on its ``PATH``."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "tools"
        self._answers = directory / "answers"
        self._calls = directory / "calls"
        self._fault = directory / "fault"
        self.path.mkdir(parents=True)
        shutil.copy(_STUB, self.path / "stub")
        (self.path / "stub").chmod(0o755)
        for tool in _TOOLS:
            (self.path / tool).symlink_to("stub")

    def prepare(self, model: JujuModel, fault: tuple[str, int] | None = None) -> None:
        """Answer from the model as it is now, and forget the calls so far.

        Args:
            model: What to answer from.
            fault: What goes wrong at which call, counted from 0: ``fails`` for a tool that fails,
                ``killed-before`` and ``killed-after`` for a hook that is killed at that point.
        """
        shutil.rmtree(self._answers, ignore_errors=True)
        for call, answer in model.answers().items():
            file = self._answers / call  # a unit's name and a secret's URI have slashes in them
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"printf '%s' {shlex.quote(json.dumps(answer))}\n")
        self._calls.write_text("")
        self._fault.unlink(missing_ok=True)
        if fault is not None:
            kind, number = fault
            self._fault.write_text(f"fault={kind} left={number}\n")

    def calls(self) -> tuple[tuple[str, str], ...]:
        """Return the calls since then, each with what it was given to write."""
        fields = self._calls.read_text(errors="replace").split("\0")
        return tuple(zip(fields[0::2], fields[1::2], strict=False))
