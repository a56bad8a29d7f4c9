"""Run a program and say what it cost, as JSON in a file.

A small process of its own, since the peak memory of a process counts from that of its parent, and
the bench is larger than the charm.
"""

import json
import os
import sys
import time


def main(report: str, log: str, program: str) -> None:
    """Run ``program`` without arguments, and write what it and its children cost."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    began = time.monotonic()
    process = os.posix_spawn(
        program,
        [program],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, output, 1), (os.POSIX_SPAWN_DUP2, output, 2)],
    )
    _, status, used = os.wait4(process, 0)
    wall = time.monotonic() - began
    with open(report, "w") as file:
        json.dump(
            {
                "code": os.waitstatus_to_exitcode(status),
                "wall_ms": wall * 1000,
                "cpu_ms": (used.ru_utime + used.ru_stime) * 1000,
                "peak_mib": used.ru_maxrss / 1024,
            },
            file,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
