"""Pebble's log targets: those that there should be, against those of its plan."""

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from typing import TypeAlias

from ops import pebble

from alert_rules import Topology

Targets: TypeAlias = Mapping[str, pebble.LogTargetDict]

_DIGITS = 16


def labels(topology: Topology) -> Mapping[str, str]:
    """Return the labels of a unit's log lines, as dashboards look for them.

    Pebble expands ``$NAME`` in a label to a variable of the service, and has no escape for it.
    No name in a topology has a dollar sign.
    """
    return {
        "product": "Juju",
        "job": f"juju_{topology.identifier}",
        "charm": topology.charm,
        "juju_charm": topology.charm,
        "juju_model": topology.model,
        "juju_model_uuid": topology.model_uuid,
        "juju_application": topology.application,
        "juju_unit": topology.unit,
    }


def wanted(layer: str, service: str, urls: Collection[str], topology: Topology) -> Targets:
    """Return the target of each URL. The same URL twice is one target."""
    return {
        _name(layer, url, labels(topology)): {
            "override": "replace",
            "type": "loki",
            "location": url,
            "services": [service],
            "labels": dict(labels(topology)),
        }
        for url in urls
    }


def _name(layer: str, url: str, of_lines: Mapping[str, str]) -> str:
    """Return a name made of the content: Pebble ignores a new location under a name it knows."""
    content = json.dumps([url, dict(of_lines)], sort_keys=True)
    return f"{layer}-{hashlib.sha256(content.encode()).hexdigest()[:_DIGITS]}"


def changes(layer: str, targets: Targets, plan: pebble.Plan) -> Targets:
    """Return what has to be put on top of a plan, so that just these targets of ours are on.

    A layer cannot take a target away. One that is not wanted any more is replaced by one that no
    service forwards to.
    """
    ours = re.compile(rf"{re.escape(layer)}-[0-9a-f]{{{_DIGITS}}}")
    off: dict[str, pebble.LogTargetDict] = {
        name: {
            "override": "replace",
            "type": "loki",
            "location": target.location,
            "services": [],
        }
        for name, target in plan.log_targets.items()
        if ours.fullmatch(name) and name not in targets
    }
    return {
        name: target
        for name, target in (off | dict(targets)).items()
        if plan.log_targets.get(name) != pebble.LogTarget(name, target)
    }
