"""Wait for what real processes do in their own time."""

import time
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


class TooLateError(AssertionError):
    """What was waited for did not come."""


def wait_for(what: str, look: Callable[[], _T], *, seconds: float = 30.0) -> _T:
    """Return the first true value of ``look``; raise :class:`TooLateError` if there is none."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TooLateError(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(0.05)
    return found
