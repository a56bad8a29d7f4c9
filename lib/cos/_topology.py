"""The labels that identify applications and units in rules, targets and log lines."""

import re
from collections.abc import Mapping
from typing import Annotated, Self

import ops
from pydantic import Field

from databag import WireModel

NOT_IN_A_GROUP_NAME = re.compile(r"[^a-zA-Z0-9_:]")


# The characters of Juju's names, tags and UUIDs. None of them is special in a PromQL or LogQL
# string, in a Grafana variable, or in the label of a Pebble log target, which expands `$NAME`.
JujuName = Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9._+/-]*$")]


class JujuTopology(WireModel):
    """A unit and its application, as Juju names them.

    ``prometheus_scrape`` and ``loki_push_api`` have it as metadata.
    """

    model: JujuName
    model_uuid: JujuName
    """The complete UUID: hooks of remote applications fail on a shortened one."""
    application: JujuName
    unit: JujuName
    charm_name: JujuName

    @classmethod
    def from_charm(cls, charm: ops.CharmBase) -> Self:
        """Return the topology of a charm's unit, without a hook command."""
        return cls(
            model=charm.model.name,
            model_uuid=charm.model.uuid,
            application=charm.app.name,
            unit=charm.unit.name,
            charm_name=charm.meta.name,
        )

    @property
    def identifier(self) -> str:
        """``<model>_<first 8 characters of the UUID>_<application>``, the name in remote charms."""
        return f"{self.model}_{self.model_uuid[:8]}_{self.application}"

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels of the application."""
        return {
            "juju_model": self.model,
            "juju_model_uuid": self.model_uuid,
            "juju_application": self.application,
        }

    @property
    def matchers(self) -> str:
        """The matchers of the application for PromQL and LogQL, without braces."""
        return ", ".join(f'{label}="{value}"' for label, value in self.labels.items())

    def group_name(self, name: str) -> str:
        """Return the name of a rule group: unique among applications, in allowed characters."""
        return NOT_IN_A_GROUP_NAME.sub("_", f"{self.identifier}_{name}_rules")
