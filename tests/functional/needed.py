"""What becomes of a test that needs what is not there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from environment.tools import MissingToolError


@contextmanager
def needed() -> Iterator[None]:
    """Skip what needs a missing tool; where nothing should be missing, fail."""
    try:
        yield
    except MissingToolError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
