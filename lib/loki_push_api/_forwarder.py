"""The requirer's side: Pebble forwards a service's log to Loki, which gets alert rules for it.

The databags and their models are imported where an event concerns a relation: most events do not.
"""

import http.client
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import ops
import yaml
from ops import pebble

from . import _targets

if TYPE_CHECKING:
    from alert_rules import Objection

logger = logging.getLogger(__name__)


class LogForwarder(ops.Object):
    """Makes Pebble forward what a service writes to every Loki at an endpoint.

    It stores nothing: in each event after which the targets may differ, it compares Pebble's plan
    with the relations, and adds a layer of its own where they differ. No service is restarted for
    that. Create it in the charm's ``__init__``, after the charm has observed its own events: the
    service has to be in Pebble's plan before its log can be forwarded.
    """

    def __init__(
        self,
        charm: ops.CharmBase,
        endpoint: str,
        *,
        container: str,
        service: str,
        alert_rules: Path | None = None,
    ) -> None:
        """Observe ``endpoint`` of ``charm``.

        Args:
            charm: The charm whose service it is.
            endpoint: The name of the endpoint in the charm's metadata.
            container: The name of the container that the service runs in.
            service: The name of the service in Pebble's plan.
            alert_rules: The directory of the rule files, see :meth:`alert_rules.AlertRules.load`.
        """
        super().__init__(charm, endpoint)
        self._charm = charm
        self._endpoint = endpoint
        self._container = charm.unit.get_container(container)
        self._service = service
        self._layer = f"{charm.meta.name}_{endpoint}".replace("-", "_")
        self._alert_rules = alert_rules
        on_relation = charm.on[endpoint]
        for event in (
            on_relation.relation_created,
            on_relation.relation_joined,
            on_relation.relation_changed,
            on_relation.relation_departed,
            on_relation.relation_broken,
            charm.on[container].pebble_ready,
            charm.on.leader_elected,
            charm.on.config_changed,
            charm.on.upgrade_charm,
            charm.on.start,
        ):
            self.framework.observe(event, self._on_update_due)
        self.framework.observe(on_relation.relation_changed, self._on_peer_wrote)

    @property
    def objections(self) -> "tuple[Objection, ...]":
        """What the related applications say is wrong with the rules, read when asked for."""
        from ._exchange import objections  # noqa: PLC0415 - see above

        return tuple(each for relation in self._relations for each in objections(relation))

    def update(self) -> None:
        """Forward and write what differs. For a charm that adds its service in other events."""
        if self._alert_rules is not None and self._charm.unit.is_leader():
            self._write(self._alert_rules)
        self._forward(self._wanted())

    @property
    def _relations(self) -> Sequence[ops.Relation]:
        """The relations in force: ops leaves out one that is going."""
        return self.model.relations[self._endpoint]

    def _write(self, alert_rules: Path) -> None:
        for relation in self._relations:
            from ._exchange import write_application  # noqa: PLC0415 - see above

            write_application(relation, self._charm, alert_rules)

    def _wanted(self) -> _targets.Targets:
        """Return one target for each URL, however many units name it."""
        wanted: dict[str, pebble.LogTargetDict] = {}
        for relation in self._relations:
            from ._exchange import labels, read_url  # noqa: PLC0415 - see above

            for unit in relation.units:
                if url := read_url(relation, unit):
                    of_unit = labels(self._charm)
                    wanted |= _targets.target(self._layer, self._service, url, of_unit)
        return wanted

    def _forward(self, wanted: _targets.Targets) -> None:
        """Make our targets in the plan those wanted. What Pebble cannot do now, a later event does."""
        try:
            plan = self._container.get_plan()
            if self._service not in plan.services:
                return
            if changes := _targets.changes(self._layer, wanted, plan):
                logger.info("the log of %s goes to %d Loki", self._service, len(wanted))
                layer = pebble.Layer({"log-targets": dict(changes)})
                self._container.add_layer(self._layer, layer, combine=True)
        except (yaml.YAMLError, ValueError):  # the text may hold what is secret: it is not logged
            logger.warning("Pebble's plan cannot be parsed: the log targets stay as they are")
        except pebble.APIError as error:
            logger.warning("Pebble does not take the log targets: %s", error.message)
        except (pebble.Error, http.client.HTTPException, OSError):
            logger.info("Pebble cannot be reached: the log targets stay as they are")

    def _on_update_due(self, _: ops.EventBase) -> None:
        self.update()

    def _on_peer_wrote(self, event: ops.RelationChangedEvent) -> None:
        """Log what is malformed, once in an event."""
        from ._exchange import objections, read_url  # noqa: PLC0415 - see above

        objections(event.relation, log=True)
        if event.unit is not None:
            read_url(event.relation, event.unit, log=True)
