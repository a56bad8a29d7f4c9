"""A file system of a run's own, where a charm and its workload find the paths of a real unit.

A charm looks for Pebble below ``/charm``, and puts a CA below ``/tmp``. In a sandbox both are
directories of the run: several runs do not meet there, and nothing is left on the machine.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from environment.tools import ROOT, MissingToolError

_SCRIPT = Path(__file__).with_name("sandbox.sh")


@dataclass(frozen=True)
class Sandbox:
    """A mount namespace, which programs can be run in."""

    process: int
    """The process that keeps the namespace."""
    charm: Path
    """What is ``/charm`` inside."""
    tmp: Path
    """What is ``/tmp`` inside."""

    def command(self, *command: str | Path) -> list[str | Path]:
        """Return the command that runs ``command`` inside. It stays the same process."""
        enter: list[str | Path] = ["nsenter", f"--target={self.process}", "--mount", "--root"]
        if os.geteuid() != 0:
            enter += ["--user", "--preserve-credentials"]
        return [*enter, "--", *command]


@contextmanager
def sandbox(directory: Path, *visible: Path) -> Iterator[Sandbox]:
    """Keep a sandbox, whose directories are made in ``directory``.

    Args:
        directory: An absolute path. What is in it is visible inside.
        visible: More paths that are to be visible inside, even if they are below ``/tmp``.

    Raises:
        MissingToolError: where this machine allows no such thing.
    """
    if shutil.which("unshare") is None or shutil.which("nsenter") is None:
        raise MissingToolError("unshare and nsenter are missing: install util-linux")
    for name in ("charm", "root", "tmp"):
        (directory / name).mkdir()
    (directory / "tmp").chmod(0o1777)
    unshare = ["unshare", "--mount"]
    if os.geteuid() != 0:  # whoever is not root becomes it, inside only
        unshare.append("--map-root-user")
    shown = [directory, ROOT, Path(sys.base_prefix), *visible]
    with subprocess.Popen(
        [*unshare, _SCRIPT, directory, *(path.resolve() for path in shown)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for us, who then end it
    ) as keeper:
        assert keeper.stdin is not None
        assert keeper.stdout is not None
        assert keeper.stderr is not None
        try:
            if keeper.stdout.readline() != "ready\n":
                reason = " ".join(keeper.stderr.read().split())
                raise MissingToolError(
                    "a mount namespace is needed, and cannot be had here: run this as root, or let "
                    f"users have namespaces of their own (unshare says: {reason})"
                )
            yield Sandbox(keeper.pid, directory / "charm", directory / "tmp")
        finally:
            keeper.stdin.close()
