"""What an event asks of Juju and of Pebble, counted."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

import scenario.mocking

# ops.testing has a method in place of each hook command and of each request.
_HOOK_COMMANDS = (
    *("relation_ids", "relation_list", "relation_get", "relation_set", "network_get"),
    *("application_version_set", "config_get", "secret_get", "status_set"),
    *("open_port", "opened_ports", "close_port"),
)
_STARTS = ("replan_services", "restart_services", "start_services")
_OTHER_WRITES = ("add_layer", "make_dir", "push", "remove_path", "stop_checks", "stop_services")


@contextmanager
def counted() -> Iterator[Callable[[], tuple[int, int, int]]]:
    """Count the hook commands without ``juju-log``, the writes to Pebble, and the starts in them."""
    sides = {
        scenario.mocking._MockModelBackend: (*_HOOK_COMMANDS, "is_leader"),
        scenario.mocking._MockPebbleClient: (*_STARTS, *_OTHER_WRITES),
    }
    with ExitStack() as stack:
        mocks = {
            name: stack.enter_context(
                patch.object(side, name, autospec=True, side_effect=getattr(side, name))
            )
            for side, names in sides.items()
            for name in names
        }

        def calls(*names: str) -> int:
            return sum(mocks[name].call_count for name in names)

        def costs() -> tuple[int, int, int]:
            hook_commands = calls(*_HOOK_COMMANDS) + min(calls("is_leader"), 1)  # ops asks once
            return hook_commands, calls(*_STARTS, *_OTHER_WRITES), calls(*_STARTS)

        yield costs
