"""Alert rules as charm authors write them, and as the peers want them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ._topology import Topology

PLACEHOLDER = "%%juju_topology%%"
"""Stands in an expression's braces for the matchers of the application."""

_SUFFIXES = (".rule", ".rules", ".yaml", ".yml")


class AlertRulesError(ValueError):
    """A rule file is not what it should be. The text names the file and what is wrong."""


def _is_not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    return text


_Text = Annotated[str, AfterValidator(_is_not_blank)]
_Duration = Annotated[str, Field(pattern=r"^([0-9]+(ms|[smhdwy]))+$")]


class _Frozen(BaseModel):
    # A key that is not known is a typing error in a file of the author's.
    model_config: ClassVar[ConfigDict] = ConfigDict(
        defer_build=True, extra="forbid", frozen=True, validate_by_name=True
    )


class AlertRule(_Frozen):
    """One alert, in PromQL or LogQL."""

    alert: _Text
    expr: _Text
    duration: _Duration = Field("0m", alias="for")
    """How long the expression has to hold before the alert fires."""
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}


class AlertGroup(_Frozen):
    """Alerts that the peer evaluates together. There is at least one: an empty group fails its hook."""

    name: _Text
    rules: Annotated[tuple[AlertRule, ...], Field(min_length=1)]


class AlertRules(_Frozen):
    """All the alerts of a charm. Without any, it is written as ``{}``."""

    groups: Annotated[tuple[AlertGroup, ...], Field(exclude_if=lambda groups: not groups)] = ()

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Read the rule files of a directory, in the order of their names.

        A file is YAML with either ``groups`` or a single rule, whose group is named after the file;
        other files than ``.rules``, ``.rule``, ``.yaml`` and ``.yml`` are left alone.

        Raises:
            AlertRulesError: when a file is malformed, an expression has no placeholder, or two
                groups have the same name. The files are the author's own, so a test finds it.
        """
        files = sorted(path for path in directory.iterdir() if path.suffix in _SUFFIXES)
        groups = tuple(group for file in files for group in _read(file))
        names = [group.name for group in groups]
        if doubles := {name for name in names if names.count(name) > 1}:
            raise AlertRulesError(f"{directory}: more than one group is named {min(doubles)}")
        return cls(groups=groups)

    def bound_to(self, topology: Topology) -> Self:
        """Return the rules for one application: its matchers, its labels, and group names of its own.

        The labels of an application never include the unit: it is the series that names it.
        """
        labels = {
            "juju_model": topology.model,
            "juju_model_uuid": topology.model_uuid,
            "juju_application": topology.application,
            "juju_charm": topology.charm,
        }
        return type(self)(
            groups=tuple(
                AlertGroup(
                    name=topology.group_name(group.name),
                    rules=tuple(
                        rule.model_copy(
                            update={
                                "expr": rule.expr.replace(PLACEHOLDER, topology.matchers),
                                "labels": {**rule.labels, **labels},
                            }
                        )
                        for rule in group.rules
                    ),
                )
                for group in self.groups
            )
        )


def _read(file: Path) -> Iterator[AlertGroup]:
    try:
        content: object = yaml.safe_load(file.read_text())
        match content:
            case {"groups": _}:
                groups = AlertRules.model_validate(content).groups
            case _:
                groups = (AlertGroup(name=file.stem, rules=(AlertRule.model_validate(content),)),)
    except (yaml.YAMLError, ValidationError) as error:
        raise AlertRulesError(f"{file}: {error}") from error
    for group in groups:
        for rule in group.rules:
            if PLACEHOLDER not in rule.expr:
                raise AlertRulesError(
                    f"{file}: the expression of {rule.alert} has no {PLACEHOLDER}"
                )
        yield group
