"""The published provider libraries answer our request, and we read their answer.

Two charms are played in turn: the provider's, built on the other library's classes, and ours. What
one writes is carried over to the other: the databags, and the secrets that are granted.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import ModuleType
from typing import ClassVar

import ops
import pytest
from ops.testing import Context, Relation, Secret, State
from pydantic import SecretStr
from scenario.state import _Event

from postgresql_client import (
    Connected,
    Credentials,
    DatabaseRequest,
    Endpoint,
    NotReady,
    NotRelated,
    ProviderStatus,
    Tls,
)
from postgresql_client.testing import CA
from unit.postgresql_client.requirer_charm import (
    ENDPOINT,
    INTERFACE,
    REQUEST,
    Outcome,
    context,
    dispatch,
)

pytestmark = [
    # Of one of the libraries, when it is imported.
    pytest.mark.filterwarnings("ignore::pydantic.warnings.UnsupportedFieldAttributeWarning"),
]

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

    def respond(self, **response: object) -> None:
        """Write an answer: all of it, as fields that are not given are deleted.

        The libraries forget the URIs of secrets that they have made, so the charm must hand them
        in. Their own reading, `provider.responses()`, is of no use: it decodes each value as JSON,
        and then fails on a version that has become a number.
        """
        (relation,) = self.model.relations[ENDPOINT]
        written = relation.data[self.app]
        uris = {f"secret_{group}": written.get(f"secret-{group}") for group in ("user", "tls")}
        model = self.library.ResourceProviderModel(
            resource="names", salt="not a random one", **uris, **response
        )
        self.provider.set_response(relation.id, model)


def provider_context(library: ModuleType) -> Context[ProviderCharm]:
    """Return the provider's charm, built on one of the libraries."""
    charm_type = type("ProviderCharm", (ProviderCharm,), {"library": library})
    meta = {"name": "postgresql-k8s", "provides": {ENDPOINT: {"interface": INTERFACE}}}
    return Context(charm_type, meta=meta, juju_version="3.6.2")


def relation_in(state: State) -> Relation:
    """Return the only relation."""
    (relation,) = state.relations
    assert isinstance(relation, Relation)
    return relation


def carried_over(secret: Secret, known: Secret | None) -> Secret:
    """Return a secret of the provider's as we see it: a revision that we track, and the latest."""
    content: Mapping[str, str] | None = secret.latest_content
    assert content
    return replace(known or Secret(dict(content), id=secret.id), latest_content=dict(content))


def is_rotated(secret: Secret) -> bool:
    """Whether there is a revision later than the one that we track."""
    tracked: Mapping[str, str] = secret.tracked_content
    latest: Mapping[str, str] | None = secret.latest_content
    return latest != tracked


class World:
    """The two charms, and the relation between them."""

    def __init__(self, library: ModuleType, request: DatabaseRequest = REQUEST) -> None:
        self._provider = provider_context(library)
        self._theirs = State(leader=True)
        self._requirer = context(request)
        self._ours = State(leader=True)

    def relate(self) -> Mapping[str, object]:
        """Integrate the two; return what the provider's charm is asked for."""
        ours = Relation(ENDPOINT, interface=INTERFACE, remote_app_name="postgresql-k8s")
        self._ours = replace(self._ours, relations=frozenset({ours}))
        self._tell_us(self._requirer.on.relation_created(ours))
        theirs = Relation(
            ENDPOINT,
            interface=INTERFACE,
            id=ours.id,
            remote_app_name="application",
            remote_app_data=relation_in(self._ours).local_app_data,
        )
        self._theirs = replace(self._theirs, relations=frozenset({theirs}))
        event = self._provider.on.relation_changed(theirs, remote_unit=0)
        with self._provider(event, self._theirs) as manager:
            self._theirs = manager.run()
            requests: list[Mapping[str, object]] = manager.charm.requests
        (request,) = requests
        return request

    def respond(self, **response: object) -> Outcome:
        """Have the provider write an answer; return what we make of it."""
        return self.do(lambda charm: charm.respond(**response))

    def raise_status(self, **status: object) -> Outcome:
        """Have the provider raise a status; return what we make of it."""
        relation_id = relation_in(self._theirs).id
        return self.do(lambda charm: charm.provider.raise_status(relation_id, status))

    def resolve_status(self, code: int) -> Outcome:
        """Have the provider resolve a status; return what we make of it."""
        relation_id = relation_in(self._theirs).id
        return self.do(lambda charm: charm.provider.resolve_status(relation_id, code))

    def do(self, action: Callable[[ProviderCharm], None]) -> Outcome:
        """Have the provider do something; return what we make of it.

        Juju tells us when a secret has a new revision, and when the databag has changed.
        """
        with self._provider(self._provider.on.update_status(), self._theirs) as manager:
            action(manager.charm)
            self._theirs = manager.run()
        theirs, before = relation_in(self._theirs), relation_in(self._ours)
        known = {secret.id: secret for secret in self._ours.secrets}
        secrets = [
            carried_over(secret, known.get(secret.id))
            for secret in self._theirs.secrets
            if "application" in secret.remote_grants.get(theirs.id, ())
        ]
        after = replace(before, remote_app_data=theirs.local_app_data)
        assert PASSWORD not in repr(after), "the provider has put the password into the databag"
        self._ours = replace(self._ours, relations=frozenset({after}), secrets=frozenset(secrets))

        events: list[_Event] = [
            self._requirer.on.secret_changed(secret) for secret in secrets if is_rotated(secret)
        ]
        if after != before:
            events.append(self._requirer.on.relation_changed(after, remote_unit=0))
        assert events, "the provider has changed nothing"
        return [self._tell_us(event) for event in events][-1]

    def remove(self) -> Outcome:
        """Remove the relation. On our side everything can still be read."""
        event = self._provider.on.relation_broken(relation_in(self._theirs))
        self._theirs = self._provider.run(event, self._theirs)
        return self._tell_us(self._requirer.on.relation_broken(relation_in(self._ours)))

    def _tell_us(self, event: _Event) -> Outcome:
        outcome = dispatch(self._requirer, event, self._ours)
        self._ours = outcome.state
        assert PASSWORD not in outcome.everything
        return outcome


@pytest.fixture(params=["data_platform_helpers.interfaces", "dpcharmlibs.interfaces"])
def library(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(request.param)


RESPONSE = {"endpoints": f"{HOST}:5432", "username": "relation_id_1", "password": PASSWORD}
CONNECTED = Connected(
    endpoints=(Endpoint(host=HOST, port=5432),),
    credentials=Credentials(username="relation_id_1", password=SecretStr(PASSWORD)),
    database="names",
)


def test_a_request_is_understood(library: ModuleType) -> None:
    request = DatabaseRequest(
        "names", extra_user_roles=("createdb", "admin"), external_node_connectivity=True
    )

    asked = World(library, request).relate()

    assert asked["resource"] == "names"
    assert asked["extra-user-roles"] == "createdb,admin"
    assert asked["external-node-connectivity"] is True
    assert "entity-type" not in asked


def test_an_answer_is_understood(library: ModuleType) -> None:
    world = World(library)
    world.relate()

    outcome = world.respond(**RESPONSE)

    assert outcome.answer == CONNECTED
    assert outcome.events == ["database_changed"]


def test_an_answer_with_all_there_is_is_understood(library: ModuleType) -> None:
    world = World(library)
    world.relate()

    outcome = world.respond(
        **RESPONSE,
        read_only_endpoints="[2001:db8::1]:5432,192.0.2.1:5432",
        version="14.15",
        uris=f"postgresql://{PASSWORD}",
        read_only_uris=f"postgresql://{PASSWORD}?ro",
        tls=True,
        tls_ca=CA,
    )

    assert outcome.answer == Connected(
        endpoints=CONNECTED.endpoints,
        credentials=Credentials(
            username="relation_id_1",
            password=SecretStr(PASSWORD),
            uris=SecretStr(f"postgresql://{PASSWORD}"),
            read_only_uris=SecretStr(f"postgresql://{PASSWORD}?ro"),
        ),
        tls=Tls(enabled=True, ca=CA),
        database="names",
        version=(14, 15),
        read_only_endpoints=(
            Endpoint(host="2001:db8::1", port=5432),
            Endpoint(host="192.0.2.1", port=5432),
        ),
    )


def test_a_rotation_is_noticed(library: ModuleType) -> None:
    world = World(library)
    world.relate()
    world.respond(**RESPONSE)

    for password in ("1", "2.0", "true"):
        outcome = world.respond(**RESPONSE | {"password": password})

        assert outcome.events == ["database_changed"]
        credentials = Credentials(username="relation_id_1", password=SecretStr(password))
        assert outcome.answer == CONNECTED.model_copy(update={"credentials": credentials})


def test_a_failover_is_noticed(library: ModuleType) -> None:
    world = World(library)
    world.relate()
    world.respond(**RESPONSE)

    outcome = world.respond(**RESPONSE | {"endpoints": "192.0.2.2:5432"})

    endpoints = (Endpoint(host="192.0.2.2", port=5432),)
    assert outcome.answer == CONNECTED.model_copy(update={"endpoints": endpoints})
    assert outcome.events == ["database_changed"]


def test_tls_is_switched_on_and_off(library: ModuleType) -> None:
    world = World(library)
    world.relate()
    world.respond(**RESPONSE)

    switched_on = world.respond(**RESPONSE, tls=True, tls_ca=CA)
    tls = Tls(enabled=True, ca=CA)
    assert switched_on.answer == CONNECTED.model_copy(update={"tls": tls})

    switched_off = world.respond(**RESPONSE, tls=False, tls_ca="")
    assert switched_off.answer == CONNECTED


def test_statuses_are_raised_and_resolved(library: ModuleType) -> None:
    world = World(library)
    world.relate()

    early = world.raise_status(code=5001, message="no space", resolution="add storage")
    assert isinstance(early.answer, NotReady)
    assert early.answer.statuses == (
        ProviderStatus(code=5001, message="no space", resolution="add storage"),
    )

    raised = world.respond(**RESPONSE)
    assert raised.answer == CONNECTED.model_copy(update={"statuses": early.answer.statuses})

    assert world.resolve_status(5001).answer == CONNECTED


def test_a_relation_is_removed_and_made_again(library: ModuleType) -> None:
    world = World(library)
    world.relate()
    world.respond(**RESPONSE)

    outcome = world.remove()
    assert outcome.answer == NotRelated()
    assert outcome.events == ["database_removed"]

    assert world.relate()
    assert world.respond(**RESPONSE).answer == CONNECTED
