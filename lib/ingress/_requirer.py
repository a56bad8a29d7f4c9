"""The requirer's side of a relation: writes the request and the address, reads the answer."""

import json
from collections.abc import Callable

import ops

from ._address import UnitAddress, own_address
from ._answer import Answer, NotRelated, PortRefused, read_answer
from ._request import Request, Scheme, is_accepted


class IngressRequirer(ops.Object):
    """Asks for a route to the application over an ``ingress`` endpoint, and gives the answer.

    It stores nothing: whatever event comes next, it reads the same answer and repairs what it has
    written. Create it in the charm's ``__init__``, once for an endpoint with ``limit: 1``.

    It has no events of its own. Observe the endpoint's ``relation-changed`` and ``relation-broken``
    to learn that the answer may be another.
    """

    def __init__(  # noqa: PLR0913 - the request, by name
        self,
        charm: ops.CharmBase,
        endpoint: str,
        *,
        port: Callable[[], int | None],
        strip_prefix: bool = False,
        redirect_https: bool = False,
        scheme: Scheme = "http",
        address: Callable[[], UnitAddress] = own_address,
    ) -> None:
        """Observe ``endpoint`` of ``charm``, and ask for a route whenever it is related.

        Args:
            charm: The charm that has the endpoint.
            endpoint: The name of the endpoint in the charm's metadata.
            port: Gives the TCP port that the application listens on, or None while there is none:
                then nothing is asked for. Called only when there is a relation.
            strip_prefix: Take the prefix off the path of a request before the application sees it.
            redirect_https: Send clients that come over http to https, where the provider has it.
            scheme: What the application speaks, towards the provider.
            address: Gives the address of this unit.
        """
        super().__init__(charm, endpoint)
        self._app = charm.app
        self._unit = charm.unit
        self._endpoint = endpoint
        self._port = port
        self._strip_prefix = strip_prefix
        self._redirect_https = redirect_https
        self._scheme: Scheme = scheme
        self._address = address
        relation_events = charm.on[endpoint]
        for event in (
            relation_events.relation_created,  # before the provider sees the unit without a host
            relation_events.relation_joined,
            relation_events.relation_changed,
            charm.on.leader_elected,  # what the leader before has not written
            charm.on.config_changed,
            charm.on.upgrade_charm,
            charm.on.start,
            # After a restart the pod has another address.
            *(charm.on[container].pebble_ready for container in charm.meta.containers),
        ):
            self.framework.observe(event, self._on_writing_due)

    @property
    def answer(self) -> Answer:
        """What the provider has answered, in the words of this dispatch."""
        if (relation := self._relation) is None:
            return NotRelated()
        port = self._port()
        if port is not None and not is_accepted(port):
            return PortRefused(port)
        return read_answer(relation)

    @property
    def _relation(self) -> ops.Relation | None:
        """The relation in force. A new one may be there while an old one is still going."""
        relations = [r for r in self.model.relations[self._endpoint] if r.active]
        return max(relations, key=lambda relation: relation.id, default=None)

    def _on_writing_due(self, _: ops.EventBase) -> None:
        """Write what is missing or different: nothing, most of the time."""
        if (relation := self._relation) is None:
            return
        relation.save(self._address(), self._unit, encoder=_encode)
        if not self._unit.is_leader():
            return
        port = self._port()
        if port is not None and is_accepted(port):
            request = Request(
                model=self.model.name,
                name=self._app.name,
                port=port,
                strip_prefix=self._strip_prefix,
                redirect_https=self._redirect_https,
                scheme=self._scheme,
            )
            relation.save(request, self._app, encoder=_encode)


def _encode(value: object) -> str:
    """Return the value as JSON; for None the empty text, which takes the key out of the databag."""
    return "" if value is None else json.dumps(value)
