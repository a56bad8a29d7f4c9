"""The hook commands, Pebble writes and restarts of an event: the table in CONTRIBUTING."""

from dataclasses import replace
from pathlib import Path

import pytest
from ops.testing import Container, Mount, Relation, Secret
from scenario.state import _Event

import charm
from environment.hook_commands import counted
from postgresql_client.testing import CA
from unit.charm_unit import CONTAINER, Ctx, at, new_unit

# Hook commands without juju-log, writes to Pebble, starts of the server.
COSTS = {
    "answer": (15, 6, 1),
    "update-status": (13, 0, 0),
    "failover": (15, 3, 1),
    "rotation": (14, 3, 1),
}
USER = Secret({"username": "me", "password": "one"}, id="secret:user")
TLS = Secret({"tls": "True", "tls-ca": CA}, id="secret:tls")


def test_an_event_costs_what_the_table_says(
    ctx: Ctx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charm, "ask_version", lambda _port: "1.0.2")
    files = {"tmp": Mount(location="/tmp", source=tmp_path)}
    state = replace(
        new_unit(container=Container(CONTAINER, can_connect=True, mounts=files)),
        relations=frozenset({Relation("database")}),
    )

    def answer(host: str, user: Secret, tls: Secret) -> None:
        nonlocal state
        databag = {"database": "names_db", "endpoints": f"{host}:5432"}
        databag |= {"secret-user": user.id, "secret-tls": tls.id}
        relation = replace(at(state, "database"), remote_app_data=databag)
        secrets = frozenset({user, tls})
        state = replace(state, relations=frozenset({relation}), secrets=secrets)

    def cost(event: _Event) -> tuple[int, int, int]:
        nonlocal state
        with counted() as costs_of_event:
            state = ctx.run(event, state)
        return costs_of_event()

    cost(ctx.on.pebble_ready(state.get_container(CONTAINER)))
    cost(ctx.on.relation_created(at(state, "database")))
    answer("one", USER, TLS)
    costs = {"answer": cost(ctx.on.relation_changed(at(state, "database"), remote_unit=0))}
    costs["update-status"] = cost(ctx.on.update_status())
    user, tls = (state.get_secret(id=secret.id) for secret in (USER, TLS))
    answer("other", user, tls)
    costs["failover"] = cost(ctx.on.relation_changed(at(state, "database"), remote_unit=0))
    user = replace(user, latest_content={"username": "me", "password": "another"})
    answer("other", user, tls)
    costs["rotation"] = cost(ctx.on.secret_changed(user))

    assert costs == COSTS
