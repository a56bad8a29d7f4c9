"""The README's code is one module that does what the README says."""

import re
from pathlib import Path

import ops
import pytest
from ops.testing import Context, State

import postgresql_client
from postgresql_client import Connected
from postgresql_client.testing import Response, relation_for_requirer

README = Path(postgresql_client.__file__).with_name("README.md").read_text()
META = {"name": "my-charm", "requires": {"database": {"interface": "postgresql_client"}}}


@pytest.fixture(scope="module")
def module() -> dict[str, object]:
    names: dict[str, object] = {}
    exec("\n".join(re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)), names)
    return names


@pytest.fixture
def ctx(module: dict[str, object]) -> Context[ops.CharmBase]:
    charm = module["MyCharm"]
    assert isinstance(charm, type)
    assert issubclass(charm, ops.CharmBase)
    return Context(charm, meta=META)


@pytest.mark.parametrize(
    ("endpoints", "status"),
    [
        (["pg.test:5432"], ops.ActiveStatus()),
        ([], ops.WaitingStatus("Waiting for the database's endpoints")),
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
    written: dict[str, str] = out.get_relation(related.relation.id).local_app_data
    assert written["database"] == "my_db"


def test_the_charm_waits_for_a_secret(ctx: Context[ops.CharmBase]) -> None:
    related = relation_for_requirer("database")

    out = ctx.run(ctx.on.start(), State(relations={related.relation}))

    assert out.unit_status == ops.WaitingStatus(
        "Waiting for the database's secret-user, secret-tls"
    )


def test_the_charm_needs_the_relation(ctx: Context[ops.CharmBase]) -> None:
    out = ctx.run(ctx.on.start(), State())

    assert out.unit_status == ops.BlockedStatus("Waiting for database relation")


def test_the_test_passes(module: dict[str, object]) -> None:
    test = module["test_active"]
    assert callable(test)
    test()


def test_the_table_of_fields_is_complete() -> None:
    for name in Connected.model_fields:
        assert re.search(rf"^\| `{name}[.`]", README, re.MULTILINE), name
