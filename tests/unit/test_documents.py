"""The documents fit into a narrow window, no link in them is dead, and their code works."""

import re
from pathlib import Path
from types import SimpleNamespace

import ops
import pytest
from ops.testing import Context, Relation, State

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "lib/*/*.md", "terraform/*.md")
    for path in ROOT.glob(pattern)
)
_LINK = re.compile(r"\]\(([^):]+)\)|^\[[^\]]+\]: ([^:\s]+)$", re.MULTILINE)
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_CODE = re.compile(r"^(`\S+`:\n\n)?```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def anchors(document: Path) -> set[str]:
    """Return the anchors that a forge makes of the headings."""
    headings = (
        re.sub(r"[^\w -]", "", text.lower()) for text in _HEADING.findall(document.read_text())
    )
    return {heading.replace(" ", "-") for heading in headings}


def code(document: str) -> str:
    """Return the one block of Python in a document that is no excerpt from a file."""
    blocks = _CODE.findall((ROOT / document).read_text())
    (block,) = (str(block) for excerpt_of, block in blocks if not excerpt_of)
    return block


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_line_has_more_than_119_columns(document: Path) -> None:
    assert [line for line in document.read_text().splitlines() if len(line) > 119] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    for links in _LINK.findall(document.read_text()):
        link = "".join(links)
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120


def test_the_match_in_the_readme_sets_a_status_for_each_answer() -> None:
    names: dict[str, object] = {"ops": ops}
    text = code("README.md")
    exec(text[: text.index("match ")], names)
    assert isinstance(invalid := names["Invalid"], type)
    assert isinstance(not_ready := names["NotReady"], type)
    assert isinstance(not_related := names["NotRelated"], type)

    def status(answer: object) -> object:
        charm = SimpleNamespace(database=SimpleNamespace(answer=answer), unit=SimpleNamespace())
        exec(text, {**names, "self": charm})
        return charm.unit.status

    assert status(not_related()) == ops.BlockedStatus("Waiting for database relation")
    assert status(not_ready(("endpoints",))) == ops.WaitingStatus("Waiting for endpoints")
    wrong = ops.BlockedStatus("Invalid `endpoints` from the database: is empty")
    assert status(invalid("endpoints", "is empty")) == wrong


def test_the_endpoint_that_contributing_adds_reads_and_writes() -> None:
    names: dict[str, object] = {"__name__": "recipe"}
    exec(code("CONTRIBUTING.md"), names)
    charm = names["FastAPIDemoCharm"]
    assert isinstance(charm, type)
    assert issubclass(charm, ops.CharmBase)
    ctx = Context(charm, meta={"name": "demo", "requires": {"tracing": {"interface": "tracing"}}})
    offered = {"receivers": '[{"url": "http://tempo:4318"}]'}
    relation = Relation("tracing", remote_app_data=offered)

    with ctx(
        ctx.on.relation_changed(relation), State(leader=True, relations={relation})
    ) as manager:
        out = manager.run()
        answer = vars(manager.charm)["tracing"].answer

    assert out.get_relation(relation.id).local_app_data == {"receivers": '["otlp_http"]'}
    assert [str(each.url) for each in answer.receivers] == ["http://tempo:4318/"]


def test_the_documents_name_the_oldest_juju_that_is_allowed() -> None:
    (oldest,) = re.findall(r"juju >= (\S+)", (ROOT / "charmcraft.yaml").read_text())
    for document in ("README.md", "terraform/README.md"):
        assert f"Juju {oldest} or newer" in " ".join((ROOT / document).read_text().split())
