"""The README's code does what the README says."""

import re
from collections.abc import Mapping
from pathlib import Path

import ops
import pytest
from ops.testing import Context, State

import postgresql_client
from postgresql_client.testing import Response, relation_for_requirer

README = Path(postgresql_client.__file__).with_name("README.md").read_text()
CHARM, REQUESTS, TEST = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
META = {"name": "my-charm", "requires": {"database": {"interface": "postgresql_client"}}}


def run(code: str) -> dict[str, object]:
    names: dict[str, object] = {}
    exec(code, names)
    return names


@pytest.fixture
def ctx() -> Context[ops.CharmBase]:
    charm = run(CHARM)["MyCharm"]
    assert isinstance(charm, type)
    assert issubclass(charm, ops.CharmBase)
    return Context(charm, meta=META)


@pytest.mark.parametrize(
    ("endpoints", "status"),
    [
        (["pg.test:5432"], ops.ActiveStatus()),
        ([], ops.WaitingStatus("Database has not sent endpoints yet")),
        (
            ["pg.test"],
            ops.BlockedStatus("Database sent endpoints, which has an entry that is not host:port"),
        ),
    ],
)
def test_the_charm_reports_each_answer(
    ctx: Context[ops.CharmBase], endpoints: list[str], status: ops.StatusBase
) -> None:
    related = relation_for_requirer("database", response=Response(endpoints))
    state = State(leader=True, relations={related.relation}, secrets=related.secrets)

    out = ctx.run(ctx.on.relation_changed(related.relation), state)

    assert out.unit_status == status
    written: Mapping[str, str] = out.get_relation(related.relation.id).local_app_data
    assert written["database"] == "my_db"


def test_the_charm_needs_the_relation(ctx: Context[ops.CharmBase]) -> None:
    out = ctx.run(ctx.on.start(), State())

    assert out.unit_status == ops.BlockedStatus("Waiting for database relation")


def test_the_requests_can_be_made() -> None:
    run(f"from postgresql_client import *\n{REQUESTS}")


def test_the_test_passes() -> None:
    names = run(CHARM + TEST)
    test = names["test_active"]
    assert callable(test)
    test()
