"""The requirer's side of a relation: writes the request and the address, reads the answer.

The databags and their models are imported where there is a relation: many units have none.
"""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from typing import Literal, TypeAlias

import ops

from ._address import own_host, own_ip
from ._answer import Answer, NotRelated, PortRefused

Scheme: TypeAlias = Literal["http", "https", "h2c"]
"""What the application speaks, towards the provider."""


class IngressRequirer(ops.Object):
    """Asks for a route to the application over an ``ingress`` endpoint, and gives the answer.

    It stores nothing: whatever event comes next, it reads the same answer and repairs what it has
    written. Create it in the charm's ``__init__``, once for an endpoint with ``limit: 1``.

    It has no events of its own. Observe the endpoint's ``relation-changed`` and ``relation-broken``
    to learn that the answer may be another.
    """

    def __init__(  # noqa: PLR0913 - all of it by name, and most of it optional
        self,
        charm: ops.CharmBase,
        endpoint: str,
        *,
        port: Callable[[], int | None],
        strip_prefix: bool = False,
        redirect_https: bool = False,
        scheme: Scheme = "http",
        host: Callable[[], str] = own_host,
        ip: Callable[[], IPv4Address | IPv6Address | None] = own_ip,
    ) -> None:
        """Observe ``endpoint`` of ``charm``, and ask for a route whenever it is related.

        The callables are called only when there is a relation.

        Args:
            charm: The charm that has the endpoint.
            endpoint: The name of the endpoint in the charm's metadata.
            port: Returns the TCP port that the application listens on, or None while there is
                none: then nothing is asked for.
            strip_prefix: Take the prefix off the path of a request before the application sees it.
            redirect_https: Send clients that come over http to https, where the provider has it.
            scheme: What the application speaks, towards the provider.
            host: Returns the name of this unit. The default, the pod's, outlives the pod.
            ip: Returns the address of this unit, or None where it is not known.
        """
        super().__init__(charm, endpoint)
        self._app = charm.app
        self._unit = charm.unit
        self._endpoint = endpoint
        self._port = port
        self._strip_prefix = strip_prefix
        self._redirect_https = redirect_https
        self._scheme: Scheme = scheme
        self._host = host
        self._ip = ip
        relation_events = charm.on[endpoint]
        for event in (
            relation_events.relation_created,  # before the provider sees a unit without a host
            relation_events.relation_joined,
            relation_events.relation_changed,
            charm.on.leader_elected,  # what the leader before has not written
            charm.on.config_changed,
            charm.on.upgrade_charm,
            # After a restart the pod has another address.
            charm.on.start,
            *(charm.on[container].pebble_ready for container in charm.meta.containers),
        ):
            self.framework.observe(event, self._on_writing_due)

    @property
    def answer(self) -> Answer:
        """What the provider has answered."""
        if (relation := self._relation) is None:
            return NotRelated()
        from ._exchange import is_accepted, read_answer  # noqa: PLC0415 - see above

        port = self._port()
        if port is not None and not is_accepted(port):
            return PortRefused(port)
        return read_answer(relation)

    @property
    def _relation(self) -> ops.Relation | None:
        """The relation in force: the new one, while an old one is still going."""
        relations = self.model.relations[self._endpoint]
        return max(relations, key=lambda relation: relation.id, default=None)

    def _on_writing_due(self, _: ops.EventBase) -> None:
        if (relation := self._relation) is None:
            return
        from ._bags import RequirerApplicationBag, RequirerUnitBag  # noqa: PLC0415 - see above
        from ._exchange import is_accepted, write  # noqa: PLC0415 - see above

        write(relation, RequirerUnitBag(host=self._host(), ip=self._ip()), self._unit)
        if not self._unit.is_leader():
            return
        port = self._port()
        if port is not None and is_accepted(port):
            request = RequirerApplicationBag(
                model=self.model.name,
                name=self._app.name,
                port=port,
                strip_prefix=self._strip_prefix,
                redirect_https=self._redirect_https,
                scheme=self._scheme,
            )
            write(relation, request, self._app)
