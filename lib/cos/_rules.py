"""Alert rules, as charm authors write them and as Prometheus and Loki need them."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Self

import yaml
from pydantic import AfterValidator, ConfigDict, Field, ValidationError

from databag import WireModel

from ._topology import NOT_IN_A_GROUP_NAME, JujuTopology

PLACEHOLDER = "%%juju_topology%%"
"""In the braces of an expression, it stands for the matchers of the application."""

_SUFFIXES = (".rule", ".rules", ".yaml", ".yml")
# The form that Prometheus accepts: each unit at most once, the largest first.
_DURATION = re.compile(
    r"0|(?=[0-9])([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?"
)


class AlertRulesError(ValueError):
    """A rule file is malformed. The text names the file and what is wrong."""


def check_duration(text: str) -> str:
    """Accept a duration such as ``5m`` or ``1h30m``."""
    if not _DURATION.fullmatch(text):
        raise ValueError("is not a duration such as 5m or 1h30m")
    return text


Duration = Annotated[str, AfterValidator(check_duration)]
_Text = Annotated[str, Field(pattern=r"\S")]


class _RuleModel(WireModel):
    # An unknown key is a mistake in a rule file of the charm.
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")


class AlertRule(_RuleModel):
    """One alert, in PromQL or LogQL."""

    alert: _Text
    expr: _Text
    duration: Annotated[Duration, Field(alias="for")] = "0m"
    """How long the expression must be true before the alert fires; ``for`` in a file."""
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}


class AlertGroup(_RuleModel):
    """Alerts that are evaluated together; at least one, because hooks fail on an empty group."""

    name: _Text
    rules: Annotated[tuple[AlertRule, ...], Field(min_length=1)]


class AlertRules(_RuleModel):
    """All alerts of a charm. No alerts are written as ``{}``."""

    groups: Annotated[tuple[AlertGroup, ...], Field(exclude_if=lambda groups: not groups)] = ()

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Read the rule files of a directory, in the order of their names.

        A file is YAML with either ``groups`` or a single rule, whose group is named after the file.
        Only files that end in ``.rules``, ``.rule``, ``.yaml`` or ``.yml`` are read.

        Raises:
            AlertRulesError: if a file is malformed, an expression has no placeholder, or two groups
                have the same name. The charm has the files, so a test can find it.
        """
        files = sorted(path for path in directory.iterdir() if path.suffix in _SUFFIXES)
        groups = tuple(group for file in files for group in _read(file))
        names = [NOT_IN_A_GROUP_NAME.sub("_", group.name) for group in groups]
        if doubles := {name for name in names if names.count(name) > 1}:
            raise AlertRulesError(f"{directory}: more than one group is named {min(doubles)}")
        return cls(groups=groups)

    def bound_to(self, topology: JujuTopology) -> Self:
        """Return the rules for one application, with its matchers, labels and names of groups.

        No rule has the label of a unit, because each series has it.
        """

        def bind(rule: AlertRule) -> AlertRule:
            expr = rule.expr.replace(PLACEHOLDER, topology.matchers)
            labels = {**rule.labels, **topology.labels, "juju_charm": topology.charm_name}
            return rule.model_copy(update={"expr": expr, "labels": labels})

        groups = (
            AlertGroup(name=topology.group_name(group.name), rules=tuple(map(bind, group.rules)))
            for group in self.groups
        )
        return type(self)(groups=tuple(groups))


def _read(file: Path) -> tuple[AlertGroup, ...]:
    try:
        content: object = yaml.safe_load(file.read_text(encoding="utf-8"))
        match content:
            case {"groups": object()}:
                groups = AlertRules.model_validate(content, by_alias=True, by_name=False).groups
            case _:
                rule = AlertRule.model_validate(content, by_alias=True, by_name=False)
                groups = (AlertGroup(name=file.stem, rules=(rule,)),)
    except (UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise AlertRulesError(f"{file}: {error}") from error
    rules = [rule for group in groups for rule in group.rules]
    if unbound := [rule.alert for rule in rules if PLACEHOLDER not in rule.expr]:
        raise AlertRulesError(f"{file}: the expression of {unbound[0]} has no {PLACEHOLDER}")
    return groups
