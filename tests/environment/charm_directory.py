"""Charms as they lie on a unit: unpacked, with a ``dispatch`` and an environment of their own."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from textwrap import dedent

from environment.tools import ROOT

_UV = str(Path(sys.executable).with_name("uv"))
_EMPTY_CHARM = """\
#!/usr/bin/env python3
import ops


class Empty(ops.CharmBase):
    pass


if __name__ == "__main__":
    ops.main(Empty)
"""
_DISPATCH = """\
#!/bin/sh
charm="${0%/*}"
export PYTHONPATH="$charm/lib:$charm/src"
exec "$charm/venv/bin/python" "$charm/src/charm.py"
"""


class NoCharmError(Exception):
    """The charm cannot be laid out. The text says why."""


def from_sources(directory: Path) -> None:
    """Lay out the source tree as a pack does, with what it depends on and no more."""
    for sources in ("src", "lib"):
        shutil.copytree(
            ROOT / sources, directory / sources, ignore=shutil.ignore_patterns("__pycache__")
        )
    sections = re.split(r"^(?=\w)", (ROOT / "charmcraft.yaml").read_text(), flags=re.MULTILINE)
    metadata = ""
    for section in sections:
        name, body = section.split(":", 1) if section else ("", "")
        if name in ("config", "actions"):
            (directory / f"{name}.yaml").write_text(dedent(body.removeprefix("\n")))
        elif name not in ("type", "base", "platforms", "parts"):
            metadata += section
    (directory / "metadata.yaml").write_text(metadata)
    _make_executable(directory / "dispatch", _DISPATCH)
    done = subprocess.run(
        [_UV, "sync", "--quiet", "--frozen", "--no-dev", "--python", sys.executable],
        cwd=ROOT,
        env={**os.environ, "UV_PROJECT_ENVIRONMENT": str(directory / "venv")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise NoCharmError(f"The charm's environment cannot be made: {done.stderr.strip()}")


def from_file(charm: Path, directory: Path) -> None:
    """Unpack a packed charm, and bring it together with a Python of the version it is for."""
    try:
        with zipfile.ZipFile(charm) as archive:
            archive.extractall(directory)
    except (OSError, zipfile.BadZipFile) as error:
        raise NoCharmError(f"{charm} cannot be unpacked: {error}") from None
    (directory / "dispatch").chmod(0o755)
    libraries = next((directory / "venv" / "lib").glob("python3.*"), None)
    if libraries is None:
        raise NoCharmError(f"{charm} has no venv/lib/python3.*: charmcraft.yaml makes it")
    python = _find_python(libraries.name)
    # Where the pack was made, Python may have been somewhere else.
    settings = directory / "venv" / "pyvenv.cfg"
    lines = [line for line in settings.read_text().splitlines() if not line.startswith("home")]
    settings.write_text("\n".join([f"home = {python.parent}", *lines, ""]))
    binaries = directory / "venv" / "bin"
    binaries.mkdir(exist_ok=True)
    (binaries / "python").unlink(missing_ok=True)
    (binaries / "python").symlink_to(python)


def empty(charm: Path, directory: Path) -> None:
    """Lay out a charm that does nothing, otherwise like ``charm``."""
    ours = shutil.ignore_patterns("src", "lib", "venv", ".unit-state.db")
    shutil.copytree(charm, directory, ignore=ours)
    (directory / "venv").symlink_to(charm / "venv")
    (directory / "src").mkdir()
    (directory / "lib").mkdir()
    _make_executable(directory / "src" / "charm.py", _EMPTY_CHARM)


def _find_python(version: str) -> Path:
    """Return a Python such as ``python3.12``, without a launcher in front of it."""
    found = subprocess.run(
        [_UV, "python", "find", "--no-python-downloads", version.removeprefix("python")],
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode != 0:
        raise NoCharmError(f"The charm is for {version}, which is not on this machine")
    return Path(found.stdout.strip()).resolve()


def _make_executable(file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(0o755)


def python_version(charm: Path) -> str:
    """Return the version of the Python that a laid out charm runs with."""
    code = "import platform; print(platform.python_version())"
    return subprocess.check_output(
        [charm / "venv" / "bin" / "python", "-c", code], text=True
    ).strip()
