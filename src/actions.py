"""The results of the actions ``get-db-info`` and ``status-detail``."""

import json
from collections.abc import Iterable, Mapping
from typing import Literal

import ops
from pydantic import BaseModel, ConfigDict

from postgresql_client import Connected, Tls
from statuses import Kind, Status

_WORST_FIRST: tuple[Kind, ...] = ("blocked", "maintenance", "waiting", "active")


class GetDbInfoParams(BaseModel):
    """The parameters of ``get-db-info``."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    show_password: bool = False


def describe_database(
    database: Connected, requested_name: str, *, show_password: bool
) -> Mapping[str, str]:
    """Return where the database is and, with ``show_password``, its credentials."""
    version = ".".join(map(str, database.version or ()))
    results = {
        "db-host": ",".join(endpoint.host for endpoint in database.endpoints),
        "db-port": ",".join(str(endpoint.port) for endpoint in database.endpoints),
        "db-name": database.database or requested_name,
        "db-tls": _describe_tls(database.tls),
        "db-version": version or "unknown",
    }
    if show_password:
        results["db-username"] = database.credentials.username
        results["db-password"] = database.credentials.password.get_secret_value()
    return results


def _describe_tls(tls: Tls) -> str:
    if not tls.enabled:
        return "off"
    return "on, verified" if tls.ca else "on, not verified: the provider sent no CA"


def report_statuses(
    event: ops.ActionEvent, application: Iterable[Status], unit: Iterable[Status]
) -> None:
    """Log the statuses as tables, and set them as JSON for programs; the most severe come first."""
    # Only this action imports them: the imports take longer than most events.
    from data_platform_helpers.advanced_statuses.handler import StatusHandler  # noqa: PLC0415
    from data_platform_helpers.advanced_statuses.models import StatusObject  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415

    def rows(statuses: Iterable[Status]) -> list[tuple[str, StatusObject]]:
        return [
            (
                status.component,
                StatusObject(
                    status=status.kind,
                    message=status.message,
                    check=status.check,
                    action=status.remedy,
                ),
            )
            for status in sorted(statuses, key=lambda each: _WORST_FIRST.index(each.kind))
        ]

    def table(scope: Literal["app", "unit"], rows: Iterable[tuple[str, StatusObject]]) -> str:
        # Other applications write some of the messages, and rich would take brackets for markup.
        escaped = [
            (component, row.model_copy(update={"message": escape(row.message)}))
            for component, row in rows
        ]
        return StatusHandler.format_statuses(scope, escaped)

    app_rows, unit_rows = rows(application), rows(unit)
    event.log(table("app", app_rows))
    event.log(table("unit", unit_rows))
    event.set_results(
        {
            "json-output": {
                "app": json.dumps(StatusHandler.json_output(app_rows)),
                "unit": json.dumps(StatusHandler.json_output(unit_rows)),
            }
        }
    )
