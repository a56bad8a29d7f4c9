"""A Juju that ``ops.testing`` simulates, around a container with a real Pebble.

It sends the events of a real Juju in their real order.
"""

import shutil
import socket
from collections.abc import Mapping
from dataclasses import replace
from unittest.mock import patch

import ops
import scenario.mocking
from ops.testing import CharmEvents, CheckInfo, Container, Context, Relation, Secret, State
from scenario.state import _Event

import pebble_layer
from charm import FastAPIDemoCharm
from environment.real_pebble import Pebble
from environment.simulated_provider import WritingProvider

CONTAINER = "demo-server"
_ENDPOINT = "database"
_UNIT_ADDRESS = "localhost"  # instead of the pod's name in the cluster


class Juju:
    """Juju, and what it knows about one unit. Each method dispatches the events that Juju sends."""

    def __init__(self, pebble: Pebble, **config: int | str) -> None:
        self._pebble = pebble
        self._provider: WritingProvider | None = None
        self._is_agent_restarted = False
        self.context = Context(FastAPIDemoCharm, juju_version="3.6.4")
        container = Container(CONTAINER, can_connect=True)
        self.state = State(leader=True, containers={container}, config=_options(config))

    @property
    def on(self) -> CharmEvents:
        return self.context.on

    @property
    def status(self) -> str:
        """The unit's status, as ``juju status`` shows it."""
        shown = self.state.unit_status
        return f"{shown.name}: {shown.message}" if shown.message else shown.name

    @property
    def relation(self) -> Relation:
        return self.relation_at(_ENDPOINT)

    def relation_at(self, endpoint: str) -> Relation:
        (relation,) = self.state.get_relations(endpoint)
        assert isinstance(relation, Relation)
        return relation

    @property
    def requested_database(self) -> str:
        """What the leader has asked for over the relation."""
        databag: Mapping[str, str] = self.relation.local_app_data
        return databag["database"]

    @property
    def pebble_client(self) -> ops.pebble.Client:
        """The client with which the charm reaches Pebble in its next event."""
        return self._pebble.client

    def dispatch(self, event: _Event) -> None:
        """Run the charm for one event. It reaches the real Pebble, not the mock of ``ops.testing``."""
        with (
            patch.object(
                scenario.mocking._MockModelBackend, "get_pebble", lambda *_: self.pebble_client
            ),
            patch.object(socket, "getfqdn", lambda: _UNIT_ADDRESS),
        ):
            self.state = self.context.run(event, self.state)

    def run_action(self, name: str) -> Mapping[str, object]:
        self.dispatch(self.on.action(name))
        return self.context.action_results or {}

    def deploy(self, provider: WritingProvider | None = None) -> None:
        """``juju deploy``, and with a provider ``juju integrate`` at once.

        The provider answers the request of the leader before the container is there.
        """
        self.state = replace(self.state, leader=False)
        self.dispatch(self.on.install())
        if provider is not None:
            self._provider = provider
            self._create(Relation(_ENDPOINT, remote_app_name=provider.name))
        self.state = replace(self.state, leader=True)
        self.dispatch(self.on.leader_elected())
        if provider is not None:
            provider.answer(self.relation, self.requested_database)
            self._deliver()
        self.pebble_ready()
        self.dispatch(self.on.config_changed())
        self.dispatch(self.on.start())
        if provider is not None:
            self._join(_ENDPOINT)

    def replace_pod(self, *, is_refresh: bool) -> None:
        """``juju refresh``, or a lost pod: the unit gets an empty container and loses its files."""
        self.dispatch(self.on.stop())
        self._pebble.kill()
        shutil.rmtree(pebble_layer.CA_DIRECTORY, ignore_errors=True)
        self.state = replace(self.state, stored_states=frozenset())
        self._is_agent_restarted = True
        if is_refresh:
            self.dispatch(self.on.upgrade_charm())
        self.dispatch(self.on.config_changed())
        self._pebble.start()
        self.dispatch(self.on.start())
        self.pebble_ready()

    def pebble_ready(self) -> None:
        """The container's Pebble has started."""
        self.dispatch(self.on.pebble_ready(self.state.get_container(CONTAINER)))

    def check_changed(self, name: str) -> None:
        """Pebble reports that a check has failed or recovered."""
        client = self._pebble.client
        (known,) = client.get_checks(names=[name])
        is_up = known.status is ops.pebble.CheckStatus.UP
        info = CheckInfo(
            name,
            level=known.level,
            startup=known.startup,
            threshold=known.threshold,
            status=ops.pebble.CheckStatus.UP if is_up else ops.pebble.CheckStatus.DOWN,
            failures=known.failures,
        )
        layers = {"plan": ops.pebble.Layer(client.get_plan().to_yaml())}
        container = self.state.get_container(CONTAINER)
        container = replace(container, check_infos=frozenset({info}), layers=layers)
        self.state = replace(self.state, containers=frozenset({container}))
        event = self.on.pebble_check_recovered if is_up else self.on.pebble_check_failed
        self.dispatch(event(container, info))

    def configure(self, **config: int | str) -> None:
        """``juju config``, for which Juju 4.0.15 sends the event twice."""
        options = {**self.state.config, **_options(config)}
        self.state = replace(self.state, config=options)
        self.dispatch(self.on.config_changed())
        self.dispatch(self.on.config_changed())

    def integrate(self, provider: WritingProvider) -> None:
        """``juju integrate``. The leader has written its request; the provider answers later."""
        self._provider = provider
        self.relate(Relation(_ENDPOINT, remote_app_name=provider.name))

    def relate(self, relation: Relation) -> Relation:
        """``juju integrate`` with a remote application that has written all it ever writes.

        Returns:
            The relation with what the charm has written.
        """
        self._create(relation)
        self._join(relation.endpoint)
        return self.relation_at(relation.endpoint)

    def _create(self, relation: Relation) -> None:
        self.state = replace(self.state, relations=self.state.relations | {relation})
        self.dispatch(self.on.relation_created(relation))

    def _join(self, endpoint: str) -> None:
        """Send relation-changed for the remote application, then relation-joined for its unit."""
        self.dispatch(self.on.relation_changed(self.relation_at(endpoint), remote_unit=0))
        self.dispatch(self.on.relation_joined(self.relation_at(endpoint), remote_unit=0))

    def relation_changed(self) -> None:
        """The provider has written its databag and its secrets."""
        self._deliver()
        self.dispatch(self.on.relation_changed(self.relation, remote_unit=0))

    def secret_changed(self, secret: Secret) -> None:
        """A secret has a new revision; the databag is the same."""
        self._deliver()
        self.dispatch(self.on.secret_changed(self.state.get_secret(id=secret.id)))

    def remove_relation(self) -> None:
        """``juju remove-relation``. The databag and the secrets can be read until its end."""
        self.remove_relation_at(_ENDPOINT)
        self.state = replace(self.state, secrets=frozenset())
        self._provider = None

    def remove_relation_at(self, endpoint: str) -> None:
        relation = self._put(replace(self.relation_at(endpoint), remote_units_data={}))
        self.dispatch(self.on.relation_departed(relation, remote_unit=0))
        relation = self.relation_at(endpoint)
        if self._is_agent_restarted:
            relation = self._put(replace(relation, remote_app_name=""))
        self.dispatch(self.on.relation_broken(relation))
        gone = self.relation_at(endpoint)
        self.state = replace(self.state, relations=self.state.relations - {gone})

    def _deliver(self) -> None:
        """Bring what the provider has written into the state; the unit tracks the same revisions."""
        assert self._provider is not None
        known = {secret.id: secret for secret in self.state.secrets}
        secrets = self._provider.secrets
        delivered = {
            replace(known.get(secret.id, secret), latest_content=secret.latest_content)
            for secret in secrets
        }
        uris = {secret.id: f"secret://{self.state.model.uuid}/{secret.id}" for secret in secrets}
        databag = {key: uris.get(value, value) for key, value in self._provider.databag.items()}
        self._put(replace(self.relation, remote_app_data=databag))
        self.state = replace(self.state, secrets=frozenset(delivered))

    def _put(self, relation: Relation) -> Relation:
        others = self.state.relations - {self.relation_at(relation.endpoint)}
        self.state = replace(self.state, relations=others | {relation})
        return relation


def _options(config: Mapping[str, int | str]) -> dict[str, int | str]:
    return {name.replace("_", "-"): value for name, value in config.items()}
