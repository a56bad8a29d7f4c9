"""Certificates whose keys nobody has."""

from pathlib import Path

_NAMES = ("root", "other-root", "intermediate", "server", "odd-name")
ROOT, OTHER_ROOT, INTERMEDIATE, SERVER, ODD_NAME = (
    (Path(__file__).with_name("pem") / f"{name}.pem").read_text() for name in _NAMES
)
"""``ROOT`` has signed the intermediate one. The server's is no CA's, and signed by itself. The last
one is a CA's with a name that is no UTF-8."""
