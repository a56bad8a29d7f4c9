"""Make ``.venv``, with all that the commands of the Makefile need: ``make .venv/ready``.

Runs on a bare Python. An environment is complete when the file ``ready`` is in it, which says what
Python it is of; one that an interrupted run has left is made anew.
"""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C during the imports shows no traceback

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from environment.programs import alone, busy, exit_code, say, why_not

VENV = Path(".venv")
READY = VENV / "ready"
PROJECT = Path("pyproject.toml")
PYTHON = f"{sys.base_prefix} {sys.version}"


class SetUpError(Exception):
    """The environment cannot be made. The text says why, in one line."""


def set_up(*, is_python_named: bool) -> None:
    """Make the environment, or bring it up to date.

    Args:
        is_python_named: Whether it has to be of the Python that runs this.
    """
    with alone(Path(__file__), "setting up .venv"):
        made_by = READY.read_text() if READY.exists() else None
        is_kept = made_by is not None and (made_by == PYTHON or not is_python_named)
        if is_kept and READY.stat().st_mtime >= newest_source():
            return
        READY.unlink(missing_ok=True)
        if made_by is not None and is_kept:
            sync()
            READY.write_text(made_by)
            return
        try:
            make_environment()
            sync()
            READY.write_text(PYTHON)
        except BaseException:  # Ctrl-C, too
            shutil.rmtree(VENV, ignore_errors=True)
            raise


def newest_source() -> float:
    """Return when what an environment is made from was changed last."""
    return max(file.stat().st_mtime for file in (PROJECT, Path(__file__)))


def make_environment() -> None:
    """Make an environment that has uv in it, and nothing else."""
    if VENV.exists():
        say("== Removing .venv: it is unfinished, or of another Python")
        shutil.rmtree(VENV)
    with busy(f"Making .venv with Python {sys.version.split()[0]}"):
        is_made = is_venv_made()
    if not is_made and os.geteuid() == 0 and shutil.which("apt-get"):
        with busy("Installing Debian's package python3-venv on this machine"):
            apt = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            for command in (["update", "-qq"], ["install", "-y", "-qq", "python3-venv"]):
                subprocess.run(["apt-get", *command], capture_output=True, check=False, env=apt)
            is_made = is_venv_made()
    if not is_made:
        raise SetUpError(
            "Python's module venv is missing: install it (apt-get install python3-venv)"
        )
    found = re.search(r'^ *"(uv==.*)",$', PROJECT.read_text(), re.MULTILINE)
    assert found is not None
    with busy("Installing uv into .venv"):
        pip = (VENV / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-cache-dir")
        run(*pip, "--disable-pip-version-check", "--retries=1", found[1])


def sync() -> None:
    """Install what the project asks for."""
    with busy("Installing what pyproject.toml asks for into .venv"):
        run(VENV / "bin" / "uv", "sync", "--quiet", "--group", "dev")


def is_venv_made() -> bool:
    """Make a bare environment; return whether that worked."""
    venv: list[str | Path] = [sys.executable, "-m", "venv", "--clear", VENV]
    return subprocess.run(venv, capture_output=True, check=False).returncode == 0


def run(*command: str | Path) -> None:
    """Run a command that gets something from the package index."""
    environment = {**os.environ, "UV_HTTP_RETRIES": "1"}
    environment.pop("VIRTUAL_ENV", None)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        settings = "PIP_INDEX_URL and UV_DEFAULT_INDEX"
        why = why_not(done.stderr, "the Python package index", settings)
        raise SetUpError(f".venv cannot be completed, as {why}")


def main() -> int:
    """Set up; return 1 when that cannot be done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--this-python", action="store_true", help="remake .venv if it is of another Python"
    )
    named: bool = parser.parse_args().this_python
    return exit_code("The set-up", lambda: set_up(is_python_named=named), SetUpError, OSError)


if __name__ == "__main__":
    sys.exit(main())
