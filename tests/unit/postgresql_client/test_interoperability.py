"""The published provider libraries answer our request, and we read their answer.

Two charms run in turn: the provider's, built on the other library's classes, and ours. What one
writes is carried over to the other: the databags, and the secrets that are granted.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import ModuleType
from typing import ClassVar

import ops
import pytest
from ops.testing import Context, Secret, State
from pydantic import SecretStr

from databag import NotReady
from postgresql_client import (
    Connected,
    Credentials,
    DatabaseRequest,
    DatabaseRequirer,
    Endpoint,
    ProviderStatus,
    Tls,
)
from postgresql_client.testing import CA
from unit.databag.one_endpoint import only
from unit.postgresql_client.requirer_charm import (
    ENDPOINT,
    INTERFACE,
    charm,
    related,
    shown,
    state,
)

pytestmark = pytest.mark.filterwarnings(  # when a library is imported
    "ignore::pydantic.warnings.UnsupportedFieldAttributeWarning"
)

REQUEST = DatabaseRequest("names", ("createdb", "admin"), external_node_connectivity=True)
PASSWORD = "0123456789"  # decoded as JSON, it would be another one
HOST = "postgresql-k8s-primary.test.svc.cluster.local"


class ProviderCharm(ops.CharmBase):
    """A database charm as its authors would write it, but without a database."""

    library: ClassVar[ModuleType]

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self.provider = self.library.ResourceProviderEventHandler(
            self, ENDPOINT, self.library.RequirerCommonModel
        )
        self.requests: list[Mapping[str, object]] = []
        framework.observe(self.provider.on.resource_requested, self._on_requested)

    def _on_requested(self, event: ops.RelationEvent) -> None:
        (request,) = self.provider.requests(event.relation)
        self.requests.append(request.model_dump(by_alias=True, exclude_none=True))

    def respond(self, relation: ops.Relation, **response: object) -> None:
        """Write an answer: all of it, as fields that are not given are deleted."""
        written = relation.data[self.app]
        # The libraries forget the URIs of secrets that they have made.
        uris = {f"secret_{group}": written.get(f"secret-{group}") for group in ("user", "tls")}
        model = self.library.ResourceProviderModel(
            resource="names", salt="not a random one", **uris, **response
        )
        self.provider.set_response(relation.id, model)


class World:
    """The two charms, and the relation between them."""

    def __init__(self, library: ModuleType) -> None:
        charm_type = type("ProviderCharm", (ProviderCharm,), {"library": library})
        meta = {"name": "postgresql-k8s", "provides": {ENDPOINT: {"interface": INTERFACE}}}
        self._provider: Context[ProviderCharm] = Context(charm_type, meta=meta)
        self._requirer = charm(REQUEST)
        created = self._requirer.on.relation_created(ours := related())
        self._requirer.dispatch(created, State(leader=True, relations={ours}))
        written, _ = self._requirer.written(ours)
        theirs = replace(ours, remote_app_name="application", remote_app_data=written)
        changed = self._provider.on.relation_changed(theirs)
        with self._provider(changed, State(leader=True, relations={theirs})) as manager:
            self._theirs = manager.run()
            (self.request,) = manager.charm.requests
        self._known: dict[str, Mapping[str, str] | None] = {}

    def respond(self, **response: object) -> DatabaseRequirer:
        return self.do(lambda charm, relation: charm.respond(relation, **response))

    def do(self, action: Callable[[ProviderCharm, ops.Relation], None]) -> DatabaseRequirer:
        """Have the provider do something; return what we make of it.

        Juju tells us when a secret has a new revision, and when the databag has changed.
        """
        with self._provider(self._provider.on.update_status(), self._theirs) as manager:
            action(manager.charm, manager.charm.model.relations[ENDPOINT][0])
            self._theirs = manager.run()
        theirs, before, on = only(self._theirs), only(self._requirer.state), self._requirer.on
        after = replace(before, remote_app_data=theirs.local_app_data)
        assert PASSWORD not in repr(after), "the provider has put the password into the databag"
        secrets = [
            Secret({"what": "we track"}, id=secret.id, latest_content=secret.latest_content)
            for secret in self._theirs.secrets
            if "application" in secret.remote_grants.get(theirs.id, ())
        ]
        contents = {secret.id: secret.latest_content for secret in secrets}
        events = [
            on.secret_changed(secret)
            for secret in secrets
            if self._known.get(secret.id, contents[secret.id]) != contents[secret.id]
        ]
        self._known = contents
        if after != before:
            events.append(on.relation_changed(after))
        assert events, "the provider has changed nothing"
        for event in events:
            self._requirer.dispatch(event, state(after, secrets=secrets))
            assert self._requirer.changes == 1
            assert PASSWORD not in shown(self._requirer)
        return self._requirer.endpoint


@pytest.fixture(params=["data_platform_helpers.interfaces", "dpcharmlibs.interfaces"])
def world(request: pytest.FixtureRequest) -> World:
    return World(importlib.import_module(request.param))


RESPONSE = {"endpoints": f"{HOST}:5432", "username": "relation_id_1", "password": PASSWORD}
CONNECTED = Connected(
    endpoints=(Endpoint(host=HOST, port=5432),),
    credentials=Credentials(username="relation_id_1", password=SecretStr(PASSWORD)),
    database="names",
)


def test_a_request_is_understood(world: World) -> None:
    assert world.request["resource"] == "names"
    assert world.request["extra-user-roles"] == "createdb,admin"
    assert world.request["external-node-connectivity"] is True
    assert "entity-type" not in world.request


def test_an_answer_with_all_there_is_is_understood_and_so_is_one_with_less(world: World) -> None:
    uri = f"postgresql://{PASSWORD}"
    more = {
        "read_only_endpoints": "[2001:db8::1]:5432,192.0.2.1:5432",
        "version": "14.15",
        "uris": uri,
        "read_only_uris": f"{uri}?ro",
    }

    database = world.respond(**RESPONSE, **more, tls=True, tls_ca=CA)

    credentials = {"uris": SecretStr(uri), "read_only_uris": SecretStr(f"{uri}?ro")}
    replicas = tuple(Endpoint(host=host, port=5432) for host in ("2001:db8::1", "192.0.2.1"))
    assert database.answer == CONNECTED.model_copy(
        update={
            "credentials": CONNECTED.credentials.model_copy(update=credentials),
            "tls": Tls(enabled=True, ca=CA),
            "version": (14, 15),
            "read_only_endpoints": replicas,
        }
    )
    assert world.respond(**RESPONSE, tls=False, tls_ca="").answer == CONNECTED


def test_rotations_and_a_failover_are_noticed(world: World) -> None:
    assert world.respond(**RESPONSE).answer == CONNECTED

    for password in ("1", "2.0", "true"):
        credentials = Credentials(username="relation_id_1", password=SecretStr(password))
        rotated = world.respond(**RESPONSE | {"password": password})
        assert rotated.answer == CONNECTED.model_copy(update={"credentials": credentials})

    failed_over = world.respond(**RESPONSE | {"endpoints": "192.0.2.2:5432"})
    endpoints = (Endpoint(host="192.0.2.2", port=5432),)
    assert failed_over.answer == CONNECTED.model_copy(update={"endpoints": endpoints})


def test_statuses_are_raised_and_resolved(world: World) -> None:
    status = {"code": 5001, "message": "no space", "resolution": "add storage"}

    raised = world.do(lambda charm, relation: charm.provider.raise_status(relation.id, status))
    assert isinstance(raised.answer, NotReady)
    assert raised.statuses == (ProviderStatus.model_validate(status),)
    assert world.respond(**RESPONSE).statuses == raised.statuses

    resolved = world.do(lambda charm, relation: charm.provider.resolve_status(relation.id, 5001))
    assert (resolved.answer, resolved.statuses) == (CONNECTED, ())
