"""What an event costs, by the charm's own ``dispatch``: ``make bench``.

Calls of hook tools, requests to Pebble that write, and restarts of the server are counted in each
event of a unit's life. CPU is told for the quiet event, as a multiple of what it costs an empty charm:
the median of pairs that run one after the other, since a shared machine is now faster and now slower.
"""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C during the imports shows no traceback

import argparse
import sys
from pathlib import Path
from statistics import median

from environment.charm_directory import NoCharmError, empty, from_file, from_sources, python_version
from environment.dispatched_unit import Dispatch, FailedHookError, Unit, run_container
from environment.free_ports import free_port
from environment.juju_model import INSTALL, UPDATE_STATUS, JujuModel
from environment.programs import busy, exit_code, say
from environment.stages import temporary_directory
from environment.tools import MissingToolError
from environment.unit_life import live


def measure(charm: Path | None, pairs: int) -> None:
    """Go through a life, with as many pairs of quiet events at its end, and print the figures."""
    with temporary_directory() as directory:
        ours, other = directory / "ours", directory / "empty"
        with busy(f"Laying out {charm.name if charm else 'the charm of this clone'}"):
            if charm is None:
                from_sources(ours)
            else:
                from_file(charm, ours)
            empty(ours, other)
        with run_container(directory) as container:
            unit = Unit(ours, directory / "juju", container)
            empty_unit = Unit(other, directory / "other-juju", container)
            model = JujuModel(free_port())
            with busy("Living through the events of a unit"):
                dispatches = live(unit, container, model)
            with busy(f"Running {pairs} pairs of quiet events"):
                empty_unit.run_well(INSTALL, model)
                ratios = [ratio(unit, empty_unit, model) for _ in range(pairs)]
        report(dispatches, median(ratios), python_version(ours))


def ratio(unit: Unit, empty_unit: Unit, model: JujuModel) -> float:
    """Return what a quiet event costs, as a multiple of what it costs the empty charm."""
    cpu = unit.run_well(UPDATE_STATUS, model).cpu
    return cpu / empty_unit.run_well(UPDATE_STATUS, model).cpu


def report(dispatches: dict[str, Dispatch], cpu: float, python: str) -> None:
    """Print the figures."""
    say(f"\n{'event':18}{'hook tool calls':>16}{'Pebble writes':>15}{'restarts':>10}")
    for name, done in dispatches.items():
        say(f"{name:18}{len(done.calls):16}{done.writes:15}{done.starts:10}")
    say(f"\nCPU of a quiet event: {cpu:.2f} times that of an empty charm, with Python {python}")
    say("\nHook tools called in it:")
    for call in dispatches["update-status"].calls:
        say(f"   {call}")


def main() -> int:
    """Measure and print; return 1 when that could not be done."""
    parser = argparse.ArgumentParser(description="What an event costs.")
    parser.add_argument("--charm", type=Path, help="a packed charm instead of this clone's")
    parser.add_argument("--pairs", type=int, default=30, help="of quiet events (default: 30)")
    arguments = parser.parse_args()
    return exit_code(
        "The benchmark",
        lambda: measure(arguments.charm, arguments.pairs),
        FailedHookError,
        MissingToolError,
        NoCharmError,
    )


if __name__ == "__main__":
    sys.exit(main())
