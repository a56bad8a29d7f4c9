"""The life of a unit, from its first event to a rotated password."""

from collections.abc import Callable

from environment.dispatched_unit import Container, Dispatch, FailedHookError, Unit
from environment.juju_model import (
    CONFIG_CHANGED,
    INSTALL,
    PEBBLE_READY,
    START,
    UPDATE_STATUS,
    Event,
    JujuModel,
)


def live(unit: Unit, container: Container, model: JujuModel) -> dict[str, Dispatch]:
    """Run the charm for the events of a unit's life; return what each did, by its name.

    Raises:
        FailedHookError: when a hook fails, or ends with a status that is not the right one: what the
            events did says nothing then.
    """
    life: list[tuple[str, Callable[[], Event], str]] = [
        ("install", lambda: INSTALL, "blocked"),
        ("config-changed", lambda: CONFIG_CHANGED, "blocked"),
        ("start", lambda: START, "blocked"),
        ("pebble-ready", lambda: PEBBLE_READY, "blocked"),
        ("relation-created", model.integrate, "waiting"),
        ("answer", model.answer, "active"),
        ("update-status", lambda: UPDATE_STATUS, "active"),
        ("failover", model.fail_over, "active"),
        ("rotation", model.rotate, "active"),
    ]
    dispatches: dict[str, Dispatch] = {}
    for name, happen, status in life:
        event = happen()
        if event is PEBBLE_READY:
            container.show_pebble()
        dispatches[name] = unit.run_well(event, model)
        if model.status != status:
            raise FailedHookError(f"after {name} the unit is {model.status!r}, not {status!r}")
    return dispatches
