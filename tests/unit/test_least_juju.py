"""The least Juju is one whose Pebble takes our layer, and the documents name it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
(LEAST,) = re.findall(
    r"^ +- juju >= (\S+)$", (ROOT / "charmcraft.yaml").read_text(), flags=re.MULTILINE
)


def test_its_pebble_knows_the_startup_of_a_check() -> None:
    assert tuple(map(int, LEAST.split("."))) >= (3, 6, 4)


@pytest.mark.parametrize("document", ["README.md", "terraform/README.md"])
def test_the_documents_name_it(document: str) -> None:
    text = " ".join((ROOT / document).read_text().split())

    assert f"Juju {LEAST} or newer" in text
