"""scripts/release.py, as the workflows run it, with a stub of charmcraft and its Charmhub."""

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from environment import stub_charmcraft
from environment.stub_charmcraft import Charmhub

SCRIPT = Path(__file__).parents[2] / "scripts" / "release.py"
AMD64 = "fastapi-demo_amd64.charm"
ARM64 = "fastapi-demo_arm64.charm"
IMAGE = f"ghcr.io/canonical/api_demo_server@sha256:{'0' * 64}"
EDGE = {"amd64": ["1", "demo-server-image:1"], "arm64": ["2", "demo-server-image:1"]}


@dataclass(frozen=True)
class Workflow:
    """A job of the release workflows: its directory has the packed charms."""

    directory: Path

    def run(self, *arguments: str, auth: str = "secret") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, SCRIPT, *arguments],
            cwd=self.directory,
            env={"CHARMCRAFT_AUTH": auth, "PATH": f"{self.directory}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )

    def publish(self, expected: str = "1 2\n") -> str:
        """Publish both charms, and see the revisions; return the errors."""
        done = self.run("publish", AMD64, ARM64, "--image", IMAGE)
        assert done.stdout == expected, done.stderr
        assert done.returncode == (0 if expected else 1)
        return done.stderr

    @property
    def charmhub(self) -> Charmhub:
        return Charmhub.load(self.directory / "charmhub.json")

    def set_faults(self, **faults: str) -> None:
        """Let commands fail: for Charmhub's reason, or by a timeout if that is empty."""
        replace(self.charmhub, faults=faults).save(self.directory / "charmhub.json")


@pytest.fixture
def workflow(tmp_path: Path) -> Workflow:
    """Two packed charms, and a Charmhub that knows the name of the charm."""
    program = tmp_path / "charmcraft"
    program.write_text(
        f'#!/bin/sh\nexec {sys.executable} {stub_charmcraft.__file__} charmhub.json "$@"\n'
    )
    program.chmod(0o755)
    (tmp_path / AMD64).write_text("for amd64")
    (tmp_path / ARM64).write_text("for arm64")
    Charmhub().save(tmp_path / "charmhub.json")
    return Workflow(tmp_path)


def test_a_release_has_both_architectures_with_the_tested_image(workflow: Workflow) -> None:
    workflow.publish()

    assert workflow.charmhub.releases == {"latest/edge": EDGE}
    assert workflow.charmhub.images == [f"docker://{IMAGE}"]


def test_a_second_run_releases_the_same_revisions(workflow: Workflow) -> None:
    workflow.publish()
    workflow.publish()

    assert len(workflow.charmhub.charms) == 2
    assert set(workflow.charmhub.images) == {f"docker://{IMAGE}"}


@pytest.mark.parametrize(
    ("command", "reason", "words", "released"),
    [
        (f"upload {ARM64}", "no metadata.yaml", "review-error: no metadata.yaml", []),
        (f"upload {ARM64}", "", "Timeout polling Charmhub", []),
        ("upload-resource demo-server-image", "too large", "review-error: too large", []),
        ("release 2", "", "Timeout polling Charmhub", ["amd64"]),
    ],
)
def test_after_a_failure_the_next_run_completes_the_release(
    workflow: Workflow, command: str, reason: str, words: str, released: list[str]
) -> None:
    workflow.set_faults(**{command: reason})
    errors = workflow.publish(expected="")

    assert words in errors
    assert "Traceback" not in errors
    assert list(workflow.charmhub.releases.get("latest/edge", {})) == released

    workflow.set_faults()
    workflow.publish()

    amd64, arm64 = workflow.charmhub.releases["latest/edge"].values()
    assert (amd64[0], arm64[0]) == ("1", "2")
    assert amd64[1:] == arm64[1:]


def test_a_promotion_keeps_the_revisions_and_their_image(workflow: Workflow) -> None:
    workflow.publish()

    done = workflow.run("promote", "beta")

    assert (done.returncode, done.stdout) == (0, "1 2\n"), done.stderr
    assert workflow.charmhub.releases == {"latest/edge": EDGE, "latest/beta": EDGE}
    assert len(workflow.charmhub.images) == 1


def test_a_release_that_failed_half_way_is_not_promoted(workflow: Workflow) -> None:
    workflow.publish()
    for name in (AMD64, ARM64):
        (workflow.directory / name).write_text(f"next commit: {name}")
    workflow.set_faults(**{"release 4": ""})
    workflow.publish(expected="")

    done = workflow.run("promote", "beta")

    assert done.returncode == 1
    assert "latest/edge has another image for each architecture" in done.stderr
    assert "latest/beta" not in workflow.charmhub.releases


@pytest.mark.parametrize(
    ("arguments", "auth", "code", "words"),
    [
        (("promote", "beta"), "secret", 1, "latest/edge has no revision of fastapi-demo"),
        (("promote", "beta"), "", 1, "CHARMCRAFT_AUTH is empty"),
        (("publish", AMD64, "--image=server:1.0.2"), "secret", 2, "server:1.0.2 has no digest"),
    ],
    ids=["an empty channel", "a missing secret", "an image that can change"],
)
def test_what_cannot_be_released_is_named(
    workflow: Workflow, arguments: tuple[str, ...], auth: str, code: int, words: str
) -> None:
    done = workflow.run(*arguments, auth=auth)

    assert done.returncode == code
    assert words in done.stderr
    assert workflow.charmhub == Charmhub()
