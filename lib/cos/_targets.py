"""Pebble's log targets: compares the wanted ones with those in the plan."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import TypeAlias

from ops import pebble

Targets: TypeAlias = Mapping[str, pebble.LogTargetDict]

_DIGITS = 16


def target(
    layer: str, service: str, url: str, labels: Mapping[str, str]
) -> tuple[str, pebble.LogTargetDict]:
    """Return the name and the target that forwards a service's log to a URL.

    The name is a digest of the content, because Pebble ignores a new location of a known name.
    """
    content = json.dumps([url, dict(labels)], sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()[:_DIGITS]
    return f"{layer}-{digest}", {
        "override": "replace",
        "type": "loki",
        "location": url,
        "services": [service],
        "labels": dict(labels),
    }


def changes(layer: str, wanted: Targets, plan: pebble.Plan) -> Targets:
    """Return the targets to add to a plan, so that of ours exactly the wanted ones are on.

    A layer cannot remove a target. A target that is no longer wanted gets no service.
    """
    ours = re.compile(rf"{re.escape(layer)}-[0-9a-f]{{{_DIGITS}}}")
    all_off: dict[str, pebble.LogTargetDict] = {
        name: {"override": "replace", "type": "loki", "location": current.location, "services": []}
        for name, current in plan.log_targets.items()
        if ours.fullmatch(name)
    }
    return {
        name: each
        for name, each in (all_off | dict(wanted)).items()
        if plan.log_targets.get(name) != pebble.LogTarget(name, each)
    }
