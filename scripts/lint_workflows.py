"""Check the GitHub workflows with actionlint: a part of ``tox run -e lint``."""

import os
import subprocess
import sys
from pathlib import Path

from environment import tools
from environment.programs import exit_code, say
from environment.tools import MissingToolError

ROOT = Path(__file__).parents[1]


def check() -> None:
    """Run actionlint, and end with its exit code. Skip it where it cannot be built, except in CI."""
    try:
        actionlint = tools.actionlint()
    except MissingToolError as error:
        if os.environ.get("CI"):
            raise
        say(f"The workflows are not checked with actionlint: {error}")
        return
    sys.exit(subprocess.run([actionlint], cwd=ROOT, check=False).returncode)


if __name__ == "__main__":
    sys.exit(exit_code("The check", check, MissingToolError))
