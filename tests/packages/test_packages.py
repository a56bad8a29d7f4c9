"""Each library installs as a package of its own, and works there as its README says.

A package is a directory in ``lib`` with a ``pyproject.toml``. The package index is needed.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
from uv import find_uv_bin

ROOT = Path(__file__).parents[2]
LIB = ROOT / "lib"
PACKAGES = sorted(path.parent.name for path in LIB.glob("*/pyproject.toml"))
IS_VERSION = """
import sys
from importlib.metadata import version

name, wanted = sys.argv[1:]
found = version(name)
assert found == wanted or found.startswith(f"{wanted}."), f"{name} is {found}, not {wanted}"
"""


def run(*command: str | Path, cwd: Path = ROOT) -> None:
    """Run a program; fail with what it says."""
    # Nothing of this repository, of its environment or of its settings for pytest comes along.
    ours = ("PYTHONPATH", "PYTEST_ADDOPTS", "VIRTUAL_ENV")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def uv(*arguments: str | Path, cwd: Path = ROOT) -> None:
    """Run uv; in this repository, with the versions pinned in its ``pyproject.toml``."""
    run(find_uv_bin(), *arguments, cwd=cwd)


def skip(reason: str) -> None:
    """Skip the test; where nothing should be missing, fail."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@dataclass(frozen=True)
class Wheel:
    """The package as it is built."""

    package: str
    file: Path

    @property
    def requirement(self) -> str:
        """The package, with what its ``testing`` module needs."""
        project = tomllib.loads((LIB / self.package / "pyproject.toml").read_text())["project"]
        extra = "[testing]" if "testing" in project.get("optional-dependencies", {}) else ""
        return f"{project['name']}{extra} @ {self.file.as_uri()}"

    def contents(self) -> dict[str, str]:
        """Return the text of every file, by its path; the version in paths is left out."""
        with zipfile.ZipFile(self.file) as archive:
            return {
                re.sub(r"^[^/]*\.dist-info", "dist-info", name): archive.read(name).decode()
                for name in archive.namelist()
            }


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Wheel]:
    """Return every package, built."""
    directory = tmp_path_factory.mktemp("wheels")
    try:
        uv("venv", directory / "env")
        uv("pip", "install", "--python", directory / "env", "hatchling")
    except AssertionError as error:
        skip(f"the package index gives no hatchling: {error}")
    built = {}
    for package in PACKAGES:
        out = directory / package
        uv("build", LIB / package, "--out-dir", out)
        (file,) = out.glob("*.whl")
        built[package] = Wheel(package, file)
    return built


@pytest.fixture(scope="session", params=PACKAGES)
def wheel(request: pytest.FixtureRequest, wheels: dict[str, Wheel]) -> Wheel:
    package: str = request.param
    return wheels[package]


@pytest.fixture(scope="session")
def python(
    wheel: Wheel, wheels: dict[str, Wheel], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return the Python of an environment that was empty before the package was installed."""
    environment = tmp_path_factory.mktemp(wheel.package) / "env"
    uv("venv", environment)
    siblings = [f"--find-links={other.file.parent}" for other in wheels.values()]
    uv("pip", "install", "--python", environment, *siblings, wheel.requirement)
    return environment / "bin" / "python"


def test_every_library_is_a_package() -> None:
    assert sorted(path.parent.name for path in LIB.glob("*/__init__.py")) == PACKAGES


def test_a_wheel_has_the_whole_package_and_nothing_else(wheel: Wheel) -> None:
    package = LIB / wheel.package
    contents = wheel.contents()
    metadata = contents["dist-info/METADATA"]

    assert {path for path in contents if not path.startswith("dist-info/")} == {
        f"{wheel.package}/{path.relative_to(package)}"
        for path in package.rglob("*")
        if path.suffix == ".py" or path.name == "py.typed"
    }
    assert f"{wheel.package}/py.typed" in contents
    assert contents["dist-info/licenses/LICENSE"] == (ROOT / "LICENSE").read_text()
    assert (package / "README.md").read_text() in metadata
    assert re.search(r"^License-Expression: Apache-2\.0$", metadata, re.MULTILINE)
    assert re.search(r"^Version: \d+\.\d+\.\d+$", metadata, re.MULTILINE)


def test_the_package_is_imported_from_where_it_is_installed(
    wheel: Wheel, python: Path, tmp_path: Path
) -> None:
    """It needs nothing but what it names."""
    site_packages = str(python.parents[1] / "lib")
    code = f"import {wheel.package} as it; assert it.__file__.startswith({site_packages!r})"
    run(python, "-c", code, cwd=tmp_path)


def pyright(python: Path, target: Path, directory: Path) -> None:
    """Check the types of a module or a package strictly."""
    if find_spec("basedpyright") is None:
        skip("basedpyright is not installed")
    settings = directory / "pyrightconfig.json"
    settings.write_text(json.dumps({"typeCheckingMode": "strict", "include": [str(target)]}))
    run(sys.executable, "-m", "basedpyright", "-p", settings, "--pythonpath", python, cwd=directory)


def mypy(python: Path, module: Path, directory: Path) -> None:
    """Check the types of a module strictly."""
    if find_spec("mypy") is None:
        skip("mypy is not installed")
    strict = ("--strict", "--enable-error-code=exhaustive-match", "--config-file=")
    command = (sys.executable, "-m", "mypy", *strict, "--python-executable", python, module)
    run(*command, cwd=directory)


def test_the_types_of_the_package_are_strict(wheel: Wheel, python: Path, tmp_path: Path) -> None:
    pyright(python, LIB / wheel.package, tmp_path)


def test_the_charm_of_the_readme_works_as_it_stands(
    wheel: Wheel, python: Path, tmp_path: Path
) -> None:
    """All of its Python is one module: the types are right, and its own tests pass."""
    uv("pip", "install", "--python", python, "pytest")
    readme = (LIB / wheel.package / "README.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)
    module = tmp_path / "test_readme_charm.py"
    module.write_text("\n\n".join(blocks))

    mypy(python, module, tmp_path)
    pyright(python, module, tmp_path)
    run(python, "-m", "pytest", module, cwd=tmp_path)


def test_the_package_works_with_the_oldest_dependencies_that_it_names(
    wheel: Wheel, tmp_path: Path
) -> None:
    """Its own unit tests pass, without the fixtures that the charm's tests have beside them."""
    environment = tmp_path / "env"
    python = environment / "bin" / "python"
    project = LIB / wheel.package / "pyproject.toml"
    uv("venv", environment)
    into = ("pip", "install", "--python", environment)
    uv(*into, "--group", "unit")
    lowest = ("--resolution=lowest-direct", "--reinstall", "--all-extras", "-r", project)
    uv(*into, *lowest, cwd=tmp_path)
    for dependency in tomllib.loads(project.read_text())["project"]["dependencies"]:
        name, oldest = re.findall(r"^([\w-]+)>=([\d.]+)", dependency)[0]
        run(python, "-c", IS_VERSION, name, oldest)

    run(
        *(python, "-m", "pytest", ROOT / "tests" / "unit" / wheel.package, "--noconftest"),
        *("--hypothesis-profile=ci", "-p", "no:cacheprovider"),
        # What works with another library depends on what that library needs.
        "--ignore-glob=*/test_interoperability.py",
        *("-o", f"pythonpath={LIB} {ROOT / 'tests'}"),
    )
