"""Run all checks that need no Juju controller, and show their progress: ``make test``.

The functional tests mostly wait, so the other checks run beside them.
"""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C during the imports shows no traceback

import os
import sys
from pathlib import Path

from environment.programs import exit_code, relay


def check() -> None:
    """Run tox; end with its exit code."""
    if sys.stdout.isatty():  # which the tools cannot see behind us
        os.environ.setdefault("FORCE_COLOR", "1")
    tox = Path(sys.executable).with_name("tox")
    others = "lint,static,unit,packages"
    sys.exit(
        relay(
            {
                "functional": [tox, "run", "-e", "functional"],
                "other     ": [tox, "run", "-e", others],
            }
        )
    )


if __name__ == "__main__":
    sys.exit(exit_code("The checks", check))
