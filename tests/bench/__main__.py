"""What each event in the life of a unit costs: ``make bench``."""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from pydantic import ValidationError

from bench.charm_directory import NoCharmError
from bench.lives import Lives
from bench.report import Report, differences, table
from bench.unit import WrongLifeError
from realparts.tools import CACHE, MissingToolError, say
from realparts.wait import TooLateError


def measure(charm: Path | None, lives: int) -> Report:
    """Run the bench, and leave nothing behind."""
    with tempfile.TemporaryDirectory(prefix="fastapi-demo-bench-") as directory:
        return Lives(charm, Path(directory)).live(lives)


def main() -> int:
    """Measure, print, compare and save; return 1 when the bench could not be run to its end."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--charm", type=Path, help="a packed charm instead of the source tree")
    parser.add_argument("--runs", type=int, default=5, help="how many lives (default: 5)")
    parser.add_argument("--out", type=Path, default=CACHE / "bench.json", help="where to save")
    parser.add_argument("--compare", type=Path, metavar="EARLIER", help="what was saved earlier")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        text = arguments.compare.read_text() if arguments.compare else None
        earlier = Report.model_validate_json(text) if text else None
        report = measure(arguments.charm, arguments.runs)
    except (
        MissingToolError,
        NoCharmError,
        OSError,
        TooLateError,
        ValidationError,
        WrongLifeError,
    ) as error:
        say(f"\nThe bench ends here: {error}")
        return 1
    except KeyboardInterrupt:
        say("\nStopped.")
        return 130
    say("")
    for line in table(report):
        say(line)
    if earlier is not None:
        say(f"\nAgainst {arguments.compare}:")
        for line in differences(earlier, report):
            say(f"  {line}")
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(report.model_dump_json(indent=2))
    say(f"\nSaved in {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
