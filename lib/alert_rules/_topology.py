"""Which application of which model: what rules, targets and log lines are told apart by."""

import re
from typing import Annotated, ClassVar, Self

import ops
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

# The characters of Juju's names, tags and uuids. None of them means anything in a PromQL or LogQL
# string, in a Grafana variable, or in the label of a Pebble log target, which expands `$NAME`.
_JUJU_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+/-]*")
_NOT_IN_A_GROUP_NAME = re.compile(r"[^a-zA-Z0-9_:]")


def _is_juju_name(text: str) -> str:
    if not _JUJU_NAME.fullmatch(text):
        raise ValueError("is not a name that Juju gives")
    return text


JujuName = Annotated[str, AfterValidator(_is_juju_name)]


class Topology(BaseModel):
    """The unit and its application, as Juju names them.

    Dumped by alias, it is the metadata that peers of ``prometheus_scrape`` and ``loki_push_api`` read.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        defer_build=True, frozen=True, hide_input_in_errors=True, validate_by_name=True
    )

    model: JujuName
    model_uuid: JujuName
    """The complete uuid: the peers' hooks fail on a shortened one."""
    application: JujuName
    unit: JujuName
    charm: JujuName = Field(alias="charm_name")

    @classmethod
    def from_charm(cls, charm: ops.CharmBase) -> Self:
        """Return the topology of a charm's unit. This asks Juju nothing: the environment has it."""
        return cls(
            model=charm.model.name,
            model_uuid=charm.model.uuid,
            application=charm.app.name,
            unit=charm.unit.name,
            charm=charm.meta.name,
        )

    @property
    def identifier(self) -> str:
        """``<model>_<first 8 of the uuid>_<application>``, as the peers name the application."""
        return f"{self.model}_{self.model_uuid[:8]}_{self.application}"

    @property
    def matchers(self) -> str:
        """The matchers of the application for PromQL and LogQL, without braces, never the unit."""
        return (
            f'juju_model="{self.model}", '
            f'juju_model_uuid="{self.model_uuid}", '
            f'juju_application="{self.application}"'
        )

    def group_name(self, name: str) -> str:
        """Return the name of a rule group: unique over applications, in the characters allowed."""
        return _NOT_IN_A_GROUP_NAME.sub("_", f"{self.identifier}_{name}_rules")
