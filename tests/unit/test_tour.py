"""The code that the documents show is in the files that they name."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOUR = (ROOT / "docs" / "tour.md").read_text()
README = (ROOT / "README.md").read_text()
_EXCERPT = re.compile(r"^`([\w/.]+)`:\n\n```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
EXCERPTS = _EXCERPT.findall(TOUR)


def contains(source: str, excerpt: str) -> bool:
    """Whether the source has these lines, one after the other, indented by any number of steps."""
    lines = excerpt.splitlines()
    patterns = ("".join(pattern(line, " " * indent) for line in lines) for indent in (0, 4, 8, 12))
    return any(re.search(f"^{each}", source, re.MULTILINE) for each in patterns)


def pattern(line: str, indent: str) -> str:
    if line.strip(" ,") == "...":  # lines that are left out
        return r"(?:.*\n)+?"
    return re.escape(f"{indent}{line}" if line else "") + r"\n"


def test_every_block_of_code_in_the_tour_names_its_file() -> None:
    assert len(EXCERPTS) == TOUR.count("```python") > 0


@pytest.mark.parametrize(("file", "excerpt"), [*EXCERPTS, *_EXCERPT.findall(README)])
def test_the_excerpt_is_in_the_file(file: str, excerpt: str) -> None:
    assert contains((ROOT / file).read_text(), excerpt)
