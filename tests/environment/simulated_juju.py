"""Juju, simulated by ``ops.testing``, while the container's Pebble is a real one."""

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import ParamSpec, TypeVar
from unittest.mock import patch

import ops
import scenario.mocking
from ops.testing import (
    CharmEvents,
    CheckInfo,
    Container,
    Context,
    Relation,
    Secret,
    State,
)
from scenario.state import _Event

from charm import FastAPIDemoCharm
from environment.real_pebble import Pebble
from environment.simulated_provider import Provider

CONTAINER = "demo-server"
_ENDPOINT = "database"
_UNIT_ADDRESS = "localhost"  # in the place of the pod's name in the cluster


class Juju:
    """One unit: what happens is dispatched to the charm as Juju does, and the state is kept."""

    def __init__(self, pebble: Pebble, **config: int | str) -> None:
        self._pebble = pebble
        self._provider: Provider | None = None
        self._before: dict[str, Callable[[], None]] = {}
        self.context = Context(FastAPIDemoCharm, juju_version="3.6.4")
        container = Container(CONTAINER, can_connect=True)
        self.state = State(leader=True, containers={container}, config=_options(config))

    @property
    def on(self) -> CharmEvents:
        """The events there are."""
        return self.context.on

    @property
    def status(self) -> str:
        """The unit's status, as ``juju status`` shows it."""
        shown = self.state.unit_status
        return f"{shown.name}: {shown.message}" if shown.message else shown.name

    @property
    def relation(self) -> Relation:
        """The database relation."""
        return self.relation_at(_ENDPOINT)

    def relation_at(self, endpoint: str) -> Relation:
        """Return the relation at an endpoint."""
        (relation,) = self.state.get_relations(endpoint)
        assert isinstance(relation, Relation)
        return relation

    @property
    def requested_database(self) -> str:
        """What the leader has asked for over the relation."""
        databag: Mapping[str, str] = self.relation.local_app_data
        return databag["database"]

    def dispatch(self, event: _Event) -> None:
        """Run the charm for one event."""
        with self._real_pebble(), patch.object(socket, "getfqdn", lambda: _UNIT_ADDRESS):
            self.state = self.context.run(event, self.state)

    def run_action(self, name: str, **params: bool) -> Mapping[str, object]:
        """Run an action and return its results."""
        parameters = {key.replace("_", "-"): value for key, value in params.items()}
        self.dispatch(self.on.action(name, params=parameters))
        return self.context.action_results or {}

    def deploy(self) -> None:
        """What Juju sends for a new unit."""
        for event in (self.on.install, self.on.leader_elected, self.on.config_changed):
            self.dispatch(event())
        self.dispatch(self.on.start())
        self.pebble_ready()

    def pebble_ready(self) -> None:
        """The container is there, for the first time or again."""
        self.dispatch(self.on.pebble_ready(self.state.get_container(CONTAINER)))

    def check_changed(self, name: str, *, is_up: bool) -> None:
        """Pebble says that a check has failed or recovered."""
        status = ops.pebble.CheckStatus.UP if is_up else ops.pebble.CheckStatus.DOWN
        info = CheckInfo(
            name,
            level=ops.pebble.CheckLevel.READY,
            startup=ops.pebble.CheckStartup.ENABLED,
            status=status,
            failures=0 if is_up else 3,
        )
        layers = {"plan": ops.pebble.Layer(self._pebble.client.get_plan().to_yaml())}
        container = replace(
            self.state.get_container(CONTAINER), check_infos=frozenset({info}), layers=layers
        )
        self.state = replace(self.state, containers=frozenset({container}))
        event = self.on.pebble_check_recovered if is_up else self.on.pebble_check_failed
        self.dispatch(event(container, info))

    def configure(self, **config: int | str) -> None:
        """``juju config``."""
        options = {**self.state.config, **_options(config)}
        self.state = replace(self.state, config=options)
        self.dispatch(self.on.config_changed())

    def integrate(self, provider: Provider) -> None:
        """``juju integrate``, until the request is written. The provider answers later."""
        self._provider = provider
        self.integrate_at(_ENDPOINT, provider.name)

    def integrate_at(self, endpoint: str, remote_app: str) -> None:
        """``juju integrate`` at any endpoint, until a unit of the other application has joined."""
        self._join(Relation(endpoint, remote_app_name=remote_app, remote_units_data={0: {}}))

    def relate(self, relation: Relation) -> Relation:
        """``juju integrate`` with an application that has written all it has to write.

        Returns:
            The relation with what the charm has written.
        """
        self._join(relation)
        joined = self.relation_at(relation.endpoint)
        self.dispatch(self.on.relation_changed(joined, remote_unit=0))
        return self.relation_at(relation.endpoint)

    def _join(self, relation: Relation) -> None:
        self.state = replace(self.state, relations=self.state.relations | {relation})
        self.dispatch(self.on.relation_created(relation))
        self.dispatch(self.on.relation_joined(self.relation_at(relation.endpoint), remote_unit=0))

    def relation_changed(self) -> None:
        """The provider has written: its databag and its secrets are as it says now."""
        self._deliver()
        self.dispatch(self.on.relation_changed(self.relation, remote_unit=0))

    def answer_at(self, endpoint: str, databag: Mapping[str, str]) -> None:
        """The other application has written: its databag is now this."""
        self._write(endpoint, databag)
        self.dispatch(self.on.relation_changed(self.relation_at(endpoint), remote_unit=0))

    def secret_changed(self, secret: Secret) -> None:
        """A secret has a new revision; the databag is as it was."""
        self._deliver()
        self.dispatch(self.on.secret_changed(self.state.get_secret(id=secret.id)))

    def remove_relation(self) -> None:
        """``juju remove-relation``. The databag and the secrets can be read until the end."""
        self.remove_relation_at(_ENDPOINT)
        self.state = replace(self.state, secrets=frozenset())
        self._provider = None

    def remove_relation_at(self, endpoint: str) -> None:
        """``juju remove-relation`` at any endpoint."""
        self.dispatch(self.on.relation_departed(self.relation_at(endpoint), remote_unit=0))
        self.dispatch(self.on.relation_broken(self.relation_at(endpoint)))
        gone = self.relation_at(endpoint)
        self.state = replace(self.state, relations=self.state.relations - {gone})

    def _deliver(self) -> None:
        """Bring what the provider has written into the state; what the unit tracks stays."""
        assert self._provider is not None
        known = {secret.id: secret for secret in self.state.secrets}
        delivered = frozenset(
            replace(known.get(secret.id, secret), latest_content=secret.latest_content)
            for secret in self._provider.secrets
        )
        self._write(_ENDPOINT, self._provider.databag)
        self.state = replace(self.state, secrets=delivered)

    def _write(self, endpoint: str, databag: Mapping[str, str]) -> None:
        before = self.relation_at(endpoint)
        after = replace(before, remote_app_data=dict(databag))
        self.state = replace(self.state, relations=(self.state.relations - {before}) | {after})

    def before(self, request: str, happening: Callable[[], None]) -> None:
        """Let something happen once, just before the charm makes a request of Pebble's client."""
        self._before[request] = happening

    @contextmanager
    def _real_pebble(self) -> Iterator[None]:
        """Have the charm's own calls reach the real Pebble, where a mock would answer them."""

        def get_pebble(_backend: object, _socket_path: str) -> ops.pebble.Client:
            client = self._pebble.client
            while self._before:
                request, happening = self._before.popitem()
                setattr(client, request, _after(happening, getattr(client, request)))
            return client

        with patch.object(scenario.mocking._MockModelBackend, "get_pebble", get_pebble):
            yield


_Result = TypeVar("_Result")
_Parameters = ParamSpec("_Parameters")


def _after(
    happening: Callable[[], None], request: Callable[_Parameters, _Result]
) -> Callable[_Parameters, _Result]:
    def call(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        happening()
        return request(*args, **kwargs)

    return call


def _options(config: Mapping[str, int | str]) -> dict[str, int | str]:
    return {name.replace("_", "-"): value for name, value in config.items()}
