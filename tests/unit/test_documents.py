"""The documents can be read in a narrow window, and no link within the repository is dead."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "lib/*/*.md", "terraform/*.md")
    for path in ROOT.glob(pattern)
)
_LINK = re.compile(r"\]\(([^):]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def anchors(document: Path) -> set[str]:
    """Return the anchors that a forge makes of the headings."""
    headings = (
        re.sub(r"[^\w -]", "", text.lower()) for text in _HEADING.findall(document.read_text())
    )
    return {heading.replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_line_has_more_than_119_columns(document: Path) -> None:
    assert [line for line in document.read_text().splitlines() if len(line) > 119] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in _LINK.findall(document.read_text()):
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link
