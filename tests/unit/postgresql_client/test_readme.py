"""The README's code is one module that does what the README says."""

import re
from pathlib import Path

import ops
import pytest
from ops.testing import Container, Context, State

import postgresql_client
from postgresql_client.testing import CA, Response, relation_for_requirer
from unit.postgresql_client.fields import FIELDS

README = Path(postgresql_client.__file__).with_name("README.md").read_text()
META: dict[str, object] = {
    "name": "my-charm",
    "requires": {"database": {"interface": "postgresql_client"}},
    "containers": {"server": {}},
}


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
    state = State(
        leader=True,
        relations={related.relation},
        secrets=related.secrets,
        containers={Container("server")},
    )

    out = ctx.run(ctx.on.relation_changed(related.relation), state)

    assert out.unit_status == status
    written: dict[str, str] = out.get_relation(related.relation.id).local_app_data
    assert written["database"] == "my_db"


def test_the_server_gets_the_database_and_stops_with_it(ctx: Context[ops.CharmBase]) -> None:
    related = relation_for_requirer("database", response=Response(["pg.test:5432"], tls_ca=CA))
    state = State(
        relations={related.relation},
        secrets=related.secrets,
        containers={Container("server", can_connect=True)},
    )

    running = ctx.run(ctx.on.relation_changed(related.relation), state)
    stopped = ctx.run(ctx.on.relation_broken(related.relation), running)

    server = running.get_container("server")
    assert server.service_statuses["my-server"] is ops.pebble.ServiceStatus.ACTIVE
    assert server.plan.services["my-server"].environment == {
        "PGHOST": "pg.test",
        "PGPORT": "5432",
        "PGTARGETSESSIONATTRS": "read-write",
        "PGDATABASE": "my_db",
        "PGUSER": "relation_id_1",
        "PGPASSWORD": "test-password",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/etc/my-server/database-ca.pem",
    }
    service = stopped.get_container("server").service_statuses["my-server"]
    assert service is ops.pebble.ServiceStatus.INACTIVE


def test_the_charm_waits_for_a_secret(ctx: Context[ops.CharmBase]) -> None:
    related = relation_for_requirer("database")

    out = ctx.run(
        ctx.on.start(), State(relations={related.relation}, containers={Container("server")})
    )

    assert out.unit_status == ops.WaitingStatus(
        "Waiting for the database's secret-user, secret-tls"
    )


def test_the_charm_needs_the_relation(ctx: Context[ops.CharmBase]) -> None:
    out = ctx.run(ctx.on.start(), State(containers={Container("server")}))

    assert out.unit_status == ops.BlockedStatus("Waiting for database relation")


def test_the_test_passes(module: dict[str, object]) -> None:
    test = module["test_the_server_gets_the_database"]
    assert callable(test)
    test()


def test_the_table_of_fields_is_that_of_the_models() -> None:
    row = re.compile(
        r"^\| `([a-z_.]+)` \| `([a-z-]+)` \| [^|]+ \| `([^`]+)` \| `?(\w+)`? \|$", re.MULTILINE
    )

    assert sorted(row.findall(README)) == sorted(
        (
            ".".join(field.path),
            field.key,
            "NotReady" if field.is_required else field.default,
            "ignored" if field.is_lenient else "Invalid",
        )
        for field in FIELDS
        if not field.names_secret
    )
