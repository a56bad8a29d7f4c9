"""The requirer's side of ``loki_push_api`` (v1): Pebble forwards a service's log to Loki."""

import http.client
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

import ops
import yaml
from ops import pebble

from databag import Invalid, Json, WireModel, parse
from databag.checks import HttpUrl

from . import _targets
from ._remote import CosEndpoint, RemoteApplication
from ._rules import AlertRules
from ._topology import JujuTopology

logger = logging.getLogger(__name__)


class PushEndpoint(WireModel):
    """The address at which a unit of Loki accepts log lines."""

    url: HttpUrl


class LokiUnit(WireModel):
    """What each unit of Loki writes."""

    endpoint: Json[PushEndpoint]


class LoggingApplication(WireModel):
    """What the leader writes."""

    alert_rules: Json[AlertRules]
    metadata: Json[JujuTopology]


class LogForwarder(CosEndpoint):
    """Makes Pebble forward the log of a service to every Loki at an endpoint.

    It stores nothing: in each event that can change the targets, it compares Pebble's plan with the
    relations, and adds a layer of its own if they differ. No service restarts for that. Create it
    in the charm's ``__init__``, after the charm has observed its own events: Pebble can forward a
    log only after the service is in its plan.
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
            charm: The charm of the service.
            endpoint: The name of the endpoint in the charm's metadata.
            container: The name of the container that the service runs in.
            service: The name of the service in Pebble's plan.
            alert_rules: The directory of the rule files, see :meth:`AlertRules.load`.
        """

        def application() -> LoggingApplication | None:
            if alert_rules is None:
                return None
            topology = JujuTopology.from_charm(charm)
            rules = AlertRules.load(alert_rules).bound_to(topology)
            return LoggingApplication(alert_rules=rules, metadata=topology)

        super().__init__(
            charm,
            endpoint,
            RemoteApplication,
            application=application,
            also_in=(charm.on[container].pebble_ready,),
        )
        self._charm = charm
        self._container = charm.unit.get_container(container)
        self._service = service
        self._layer = f"{charm.meta.name}_{endpoint}".replace("-", "_")
        self.framework.observe(charm.on[endpoint].relation_changed, self._on_relation_changed)

    def update(self) -> None:
        """Write and forward what differs. Call it where the charm adds its service in another event."""
        super().update()
        wanted = dict(self._wanted())
        try:
            plan = self._container.get_plan()
            if self._service not in plan.services:
                return
            if changes := _targets.changes(self._layer, wanted, plan):
                logger.info("forwarding the log of %s to %d Loki", self._service, len(wanted))
                layer = pebble.Layer({"log-targets": dict(changes)})
                self._container.add_layer(self._layer, layer, combine=True)
        except (yaml.YAMLError, ValueError):  # its text may hold a secret of the plan
            logger.warning("cannot parse Pebble's plan: the log targets stay as they are")
        except pebble.APIError as error:
            logger.warning("Pebble refuses the log targets: %s", error.message)
        except (pebble.Error, http.client.HTTPException, OSError):
            if wanted:  # pebble-ready will add them
                logger.info("cannot reach Pebble: the log targets stay as they are")

    def _wanted(self) -> Iterator[tuple[str, pebble.LogTargetDict]]:
        """Return one target for each URL, also if several units send the same."""
        for relation in self._relations:
            for unit in relation.units:
                answer = parse(LokiUnit, relation.data[unit]).answer
                if isinstance(answer, LokiUnit):
                    url, labels = str(answer.endpoint.url), _labels(self._charm)
                    yield _targets.target(self._layer, self._service, url, labels)

    def _on_relation_changed(self, event: ops.RelationChangedEvent) -> None:
        """Log what is wrong with a unit's endpoint: no status shows it."""
        source = event.unit or event.app
        said = parse(LokiUnit, event.relation.data[source]).answer
        if isinstance(said, Invalid):
            logger.warning("cannot use `%s` from %s: it %s", said.field, source.name, said.reason)


def _labels(charm: ops.CharmBase) -> Mapping[str, str]:
    """Return the labels of a unit's log lines, which dashboards select.

    Pebble expands ``$NAME`` in a label to a variable of the service, and has no escape for it. No
    name in a topology has a dollar sign.
    """
    topology = JujuTopology.from_charm(charm)
    return {
        "product": "Juju",
        "job": f"juju_{topology.identifier}",
        "charm": topology.charm_name,
        "juju_charm": topology.charm_name,
        **topology.labels,
        "juju_unit": topology.unit,
    }
