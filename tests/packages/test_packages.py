"""Each library installs as a package of its own, and works there as its README says.

A package is a directory in ``lib`` with a ``pyproject.toml``. The package index is needed.
"""

import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from uv import find_uv_bin

ROOT = Path(__file__).parents[2]
LIB = ROOT / "lib"
UV = find_uv_bin()  # once: in several threads at once, it can fail
PACKAGES = sorted(path.parent.name for path in LIB.glob("*/pyproject.toml"))
PROJECTS = {
    package: tomllib.loads((LIB / package / "pyproject.toml").read_text())["project"]
    for package in PACKAGES
}

each_package = pytest.mark.parametrize("package", PACKAGES)


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Return what a program prints; fail with it where the program does."""
    # Nothing of this repository, of its environment or of its settings for pytest comes along.
    ours = ("PYTHONPATH", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "VIRTUAL_ENV")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def uv(*arguments: str | Path, cwd: Path = ROOT) -> str:
    """Run uv; in this repository, with the versions pinned in its ``pyproject.toml``."""
    return run(UV, *arguments, cwd=cwd)


def environment_in(directory: Path) -> Path:
    uv("venv", directory / "env")
    return directory / "env" / "bin" / "python"


def readme(package: str) -> str:
    return (LIB / package / "README.md").read_text()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("built")
    with ThreadPoolExecutor() as pool:
        # The wheel is built from the source distribution, which has to be complete for that.
        list(pool.map(lambda package: uv("build", LIB / package, "-o", directory), PACKAGES))
    return directory


@pytest.fixture(scope="session")
def python(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of an environment with every package, its extras, and pytest."""
    python = environment_in(tmp_path_factory.mktemp("all"))
    into = ("pip", "install", "--python", python, "--find-links", built)
    extras = {each["name"]: ",".join(each["optional-dependencies"]) for each in PROJECTS.values()}
    wanted = [f"{name}[{extra}]" for name, extra in extras.items()]
    uv(*into, *wanted, "ops[testing]", "pytest")
    return python


@pytest.fixture(scope="session")
def readmes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with a module for each README: all of its Python."""
    directory = tmp_path_factory.mktemp("readmes")
    for package in PACKAGES:
        blocks = re.findall(r"^```python\n(.*?)^```$", readme(package), re.DOTALL | re.MULTILINE)
        (directory / f"test_readme_of_{package}.py").write_text("\n\n".join(blocks))
    return directory


@each_package
def test_what_is_built_is_the_whole_package_and_nothing_else(package: str, built: Path) -> None:
    name = PROJECTS[package]["name"].replace("-", "_")
    (file,) = built.glob(f"{name}-*.whl")
    (source,) = built.glob(f"{name}-*.tar.gz")
    with zipfile.ZipFile(file) as wheel:
        contents = {path: wheel.read(path).decode() for path in wheel.namelist()}
    information = f"{file.name.removesuffix('-py3-none-any.whl')}.dist-info"
    metadata = contents[f"{information}/METADATA"]

    assert {path for path in contents if not path.startswith(information)} == {
        f"{package}/{path.name}" for path in [*(LIB / package).glob("*.py"), LIB / "py.typed"]
    }
    assert readme(package) in metadata
    assert re.search(r"^License-Expression: Apache-2\.0$", metadata, re.MULTILINE)
    assert re.search(r"^Version: \d+\.\d+\.\d+$", metadata, re.MULTILINE)
    assert contents[f"{information}/licenses/LICENSE"] == (ROOT / "LICENSE").read_text()
    with tarfile.open(source) as archive:
        assert archive.getmember(f"{source.name.removesuffix('.tar.gz')}/LICENSE").isfile()


@each_package
def test_the_line_in_the_readme_installs_the_package_with_all_it_needs(
    package: str, tmp_path: Path
) -> None:
    (line,) = re.findall(r"^```shell\nuv (.*)\n```$", readme(package), re.MULTILINE)
    (tmp_path / "fastapi-demo").symlink_to(ROOT)
    charm = tmp_path / "my-charm"
    charm.mkdir()
    python = environment_in(charm)

    uv(*line.split(), "--python", python, cwd=charm)

    code = f"import {package} as it; print(it.__file__)"
    assert run(python, "-c", code, cwd=charm).startswith(str(charm))


def test_the_readmes_and_the_packages_are_typed_strictly(
    python: Path, readmes: Path, tmp_path: Path
) -> None:
    strict = ("--strict", "--enable-error-code=exhaustive-match", "--config-file=")
    run(sys.executable, "-m", "mypy", *strict, "--python-executable", python, ".", cwd=readmes)

    settings = tmp_path / "pyrightconfig.json"
    include = [str(readmes), *(str(LIB / package) for package in PACKAGES)]
    settings.write_text(json.dumps({"typeCheckingMode": "strict", "include": include}))
    run(sys.executable, "-m", "basedpyright", "-p", settings, "--pythonpath", python, cwd=tmp_path)


def test_the_charms_of_the_readmes_pass_their_tests(python: Path, readmes: Path) -> None:
    run(python, "-m", "pytest", "-p", "no:cacheprovider", ".", cwd=readmes)


def test_the_packages_work_with_the_oldest_dependencies_that_they_name(tmp_path: Path) -> None:
    """Their own unit tests pass, without the fixtures that the charm's tests have beside them."""
    python = environment_in(tmp_path)
    into = ("pip", "install", "--python", python)
    uv(*into, "--group", "unit")
    projects = [f"-r{LIB / package / 'pyproject.toml'}" for package in PACKAGES]
    # Outside of the repository, so that the versions pinned there are no bounds.
    uv(*into, "--resolution=lowest-direct", "--reinstall", "--all-extras", *projects, cwd=tmp_path)
    listed = json.loads(uv("pip", "list", "--python", python, "--format=json"))
    installed = {each["name"]: f"{each['version']}." for each in listed}
    for project in PROJECTS.values():
        for name, oldest in re.findall(r"([\w-]+)(?:\[\w+\])?>=([\d.]+)", str(project)):
            assert name == "python" or installed[name].startswith(f"{oldest}."), name

    run(
        *(python, "-m", "pytest", "--noconftest", "-p", "no:cacheprovider"),
        *("--hypothesis-profile=ci", "-o", f"pythonpath={LIB} {ROOT / 'tests'}"),
        # The oldest ops.testing leaves its directories to the garbage collector.
        "-Wignore::ResourceWarning",
        # What works with another library depends on what that library needs.
        "--ignore-glob=*/test_interoperability.py",
        *(ROOT / "tests" / "unit" / package for package in PACKAGES),
    )
