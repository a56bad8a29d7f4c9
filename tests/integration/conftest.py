"""What the tests on a real Juju controller get: a charm, an image, a model, and parameters."""

import os
import re
import shutil
from pathlib import Path

import jubilant
import pytest

from integration.demo import ROOT, Demo


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("fastapi-demo")
    group.addoption(
        "--postgresql-channel",
        default="14/stable",
        help="channel of postgresql-k8s to integrate with",
    )
    group.addoption(
        "--juju-version",
        default="",
        help="major and minor version that the model must have, such as 3.6 (default: any)",
    )


@pytest.fixture(scope="session", autouse=True)
def _juju_is_installed() -> None:
    """Skip everything where there is no Juju; in CI, fail."""
    if shutil.which("juju") is None:
        reason = "there is no juju on PATH"
        pytest.fail(reason, pytrace=False) if os.environ.get("CI") else pytest.skip(reason)


@pytest.fixture(scope="session")
def postgresql_channel(pytestconfig: pytest.Config) -> str:
    return str(pytestconfig.getoption("--postgresql-channel"))


@pytest.fixture(scope="session")
def charm() -> Path:
    """The packed charm: the file that CHARM_PATH names, or the only one in the project's directory."""
    if named := os.environ.get("CHARM_PATH"):
        return Path(named).resolve(strict=True)
    packed = list(ROOT.glob("*.charm"))
    assert len(packed) == 1, f"{len(packed)} packed charms in {ROOT}: pack one, or set CHARM_PATH"
    return packed[0]


@pytest.fixture(scope="session")
def resources() -> dict[str, str]:
    """The workload's image: the one that IMAGE names, or the one of charmcraft.yaml."""
    declared = re.search(r"upstream-source: (\S+)", (ROOT / "charmcraft.yaml").read_text())
    assert declared is not None
    return {"demo-server-image": os.environ.get("IMAGE") or declared[1]}


@pytest.fixture(scope="module")
def demo(juju: jubilant.Juju, pytestconfig: pytest.Config) -> Demo:
    """The application, in a model that is empty when the module's first test begins."""
    wanted = str(pytestconfig.getoption("--juju-version"))
    version = juju.status().model.version
    assert not wanted or version.startswith(f"{wanted}."), f"the model has Juju {version}"
    return Demo(juju)
