"""Pebble's log targets: those that there should be, against those of its plan."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import TypeAlias

from ops import pebble

Targets: TypeAlias = Mapping[str, pebble.LogTargetDict]

_DIGITS = 16


def target(layer: str, service: str, url: str, labels: Mapping[str, str]) -> Targets:
    """Return the target that forwards a service's log to a URL, by its name.

    The name is made of the content: Pebble ignores a new location under a name that it knows.
    """
    content = json.dumps([url, dict(labels)], sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()[:_DIGITS]
    return {
        f"{layer}-{digest}": {
            "override": "replace",
            "type": "loki",
            "location": url,
            "services": [service],
            "labels": dict(labels),
        }
    }


def changes(layer: str, wanted: Targets, plan: pebble.Plan) -> Targets:
    """Return what has to be put on top of a plan, so that just these targets of ours are on.

    A layer cannot take a target away. One that is not wanted any more is replaced by one that no
    service forwards to.
    """
    ours = re.compile(rf"{re.escape(layer)}-[0-9a-f]{{{_DIGITS}}}")
    all_off: dict[str, pebble.LogTargetDict] = {
        name: {
            "override": "replace",
            "type": "loki",
            "location": current.location,
            "services": [],
        }
        for name, current in plan.log_targets.items()
        if ours.fullmatch(name)
    }
    return {
        name: each
        for name, each in (all_off | dict(wanted)).items()
        if plan.log_targets.get(name) != pebble.LogTarget(name, each)
    }
