"""Make ``.venv``, with all that the commands of the Makefile need: ``make .venv/ready``.

Runs on a bare Python. An environment is complete when it has the file ``ready``, which names its
Python. One that an interrupted run has left is made anew.
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

from environment.programs import alone, busy, exit_code, say
from environment.tools import PYPI, MissingToolError, apt_get, get_from

VENV = Path(".venv")
READY = VENV / "ready"
PROJECT = Path("pyproject.toml")
PYTHON = f"{sys.base_prefix} {sys.version}"
FAILURE = ".venv cannot be completed"


def set_up(*, is_python_named: bool) -> None:
    """Make the environment, or bring it up to date.

    Args:
        is_python_named: Whether it has to be of the Python that runs this.
    """
    with alone(Path(__file__), "setting up .venv"):
        python = READY.read_text() if READY.exists() else ""
        if is_python_named and python != PYTHON:
            python = ""
        newest = max(file.stat().st_mtime for file in (PROJECT, Path(__file__)))
        if python and READY.stat().st_mtime >= newest:
            return
        READY.unlink(missing_ok=True)
        try:
            if not python:
                make_environment()
            with busy("Installing what pyproject.toml asks for into .venv"):
                get_from(PYPI, FAILURE, VENV / "bin/uv", "sync", "--quiet", "--group", "dev")
            READY.write_text(python or PYTHON)
        except BaseException:  # Ctrl-C, too
            shutil.rmtree(VENV, ignore_errors=True)
            raise


def make_environment() -> None:
    """Make an environment that has uv in it, and nothing else."""
    if VENV.exists():
        say("== Removing .venv: it is unfinished, or of another Python")
        shutil.rmtree(VENV)
    with busy(f"Making .venv with Python {sys.version.split()[0]}"):
        is_made = is_venv_made()
    if not is_made and os.geteuid() == 0 and shutil.which("apt-get"):
        with busy("Installing Debian's package python3-venv on this machine"):
            apt_get("update", "-qq")
            apt_get("install", "-y", "-qq", "python3-venv")
            is_made = is_venv_made()
    if not is_made:
        raise MissingToolError(
            "Python's module venv is missing: install it (apt-get install python3-venv)"
        )
    (uv,) = re.findall(r'^ *"(uv==.*)",$', PROJECT.read_text(), re.MULTILINE)
    with busy("Installing uv into .venv"):
        pip = (VENV / "bin/python", "-m", "pip", "install", "--quiet", "--no-cache-dir")
        get_from(PYPI, FAILURE, *pip, "--disable-pip-version-check", "--retries=1", uv)


def is_venv_made() -> bool:
    """Make a bare environment; return whether that worked."""
    venv = (sys.executable, "-m", "venv", "--clear", str(VENV))
    return subprocess.run(venv, capture_output=True, check=False).returncode == 0


def main() -> int:
    """Set up; return 1 when that cannot be done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--this-python", action="store_true", help="remake .venv if it is of another Python"
    )
    named: bool = parser.parse_args().this_python
    return exit_code("The set-up", lambda: set_up(is_python_named=named), MissingToolError, OSError)


if __name__ == "__main__":
    sys.exit(main())
