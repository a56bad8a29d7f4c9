"""The ``status-detail`` action, in the data platform's own format.

Imported by the action alone: data-platform-helpers takes longer to import than most events take.
"""

import json
from collections.abc import Iterable
from typing import Literal, TypeAlias

import ops
from data_platform_helpers.advanced_statuses.handler import StatusHandler
from data_platform_helpers.advanced_statuses.models import StatusObject

from status import Kind, Status

_Kind: TypeAlias = Literal["active", "waiting", "maintenance", "blocked"]
_KINDS: dict[Kind, _Kind] = {
    Kind.ACTIVE: "active",
    Kind.WAITING: "waiting",
    Kind.MAINTENANCE: "maintenance",
    Kind.BLOCKED: "blocked",
}


def report(event: ops.ActionEvent, application: Iterable[Status], unit: Iterable[Status]) -> None:
    """Log the statuses as tables, and set them as JSON for programs, worst first."""
    rows = {"app": _rows(application), "unit": _rows(unit)}
    event.log(StatusHandler.format_statuses("app", rows["app"]))
    event.log(StatusHandler.format_statuses("unit", rows["unit"]))
    event.set_results(
        {
            "json-output": {
                scope: json.dumps(StatusHandler.json_output(scope_rows))
                for scope, scope_rows in rows.items()
            }
        }
    )


def _rows(statuses: Iterable[Status]) -> list[tuple[str, StatusObject]]:
    return [
        (
            status.component,
            StatusObject(
                status=_KINDS[status.kind],
                message=status.message,
                check=status.check,
                action=status.remedy,
            ),
        )
        for status in sorted(statuses, key=lambda status: -status.kind)
    ]
