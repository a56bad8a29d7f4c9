"""The images that a workload container can have: the program is the same in all of them."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from environment.tools import MissingToolError

_PROGRAM = Path(__file__).with_name("image")


@dataclass(frozen=True)
class Image:
    """What Pebble finds when the container starts."""

    layer: str = ""
    """The image's own layer; ``PORT`` in it is the port of the test."""
    is_rock: bool = False
    """Whether Pebble runs without rights, in ``/``."""
    env: Mapping[str, str] | None = None
    """What all that runs there has in its environment; None for the server's program."""


_ROCK = """
services:
  fastapi:
    override: replace
    summary: the image's own server
    command: uvicorn api_demo_server.app:app --host 0.0.0.0 --port PORT
    startup: enabled
    environment:
      DEMO_SERVER_LOGFILE: /dev/null
"""
PLAIN = Image()
_STUB = f"{Path(__file__).with_name('stub_image')}{os.pathsep}{Path(sys.executable).parent}"
STUB_PATH = f"{_STUB}{os.pathsep}{os.environ['PATH']}"
STUB_IMAGE = Image(env={"PATH": STUB_PATH})
"""An image with a stub of the server, which starts at once."""
ROCK_2_0 = Image(
    f"""{_ROCK}
    on-check-failure:
      server-up: restart
checks:
  server-up:
    override: replace
    period: 1s
    timeout: 5s
    threshold: 5
    http:
      url: http://127.0.0.1:PORT/version
""",
    is_rock=True,
)
ROCK_2_1 = Image(
    f"""{_ROCK}
    on-success: shutdown
    on-failure: shutdown
""",
    is_rock=True,
)


def environment() -> Mapping[str, str]:
    """Return what an image brings: the program, and a Python to run it with.

    Raises:
        MissingToolError: when the program is not there.
    """
    checkout = Path(os.environ.get("DEMO_SERVER") or _PROGRAM).resolve()
    candidates = (checkout, checkout / "src")
    program = next((each for each in candidates if (each / "api_demo_server").is_dir()), None)
    if program is None:
        raise MissingToolError(f"there is no api_demo_server in {checkout}: see DEMO_SERVER")
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(program),
        "PYTHONUNBUFFERED": "1",
    }
