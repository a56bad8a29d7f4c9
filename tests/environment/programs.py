"""What the programs for people have in common: they show progress, and end in one plain line.

Only the standard library, since the set-up uses it before anything else is there.
"""

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

_INTERRUPTED = 130  # what shells say of a command that ended by Ctrl-C
_HEARTBEAT = 4  # seconds


class _Output:
    last_line = 0.0
    """When something was said."""


def say(text: str) -> None:
    """Show progress, at once."""
    print(f"{text}\n", end="", flush=True)  # in one write, as threads may do the same
    _Output.last_line = time.monotonic()


@contextmanager
def busy(what: str) -> Iterator[None]:
    """Say what begins. When there is nothing to say for some seconds, say that it goes on."""
    start = time.monotonic()
    is_done = threading.Event()

    def go_on() -> None:
        with suppress(BrokenPipeError):  # the main thread meets it, too
            while not is_done.wait(_Output.last_line + _HEARTBEAT - time.monotonic()):
                if time.monotonic() >= _Output.last_line + _HEARTBEAT:
                    say(f"   ... {time.monotonic() - start:.0f} s")

    say(f"== {what}")
    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        is_done.set()
        thread.join()


def relay(commands: Mapping[str, Sequence[str | Path]]) -> int:
    """Run commands side by side, and pass on their lines, each with the command's name before it.

    Returns:
        The first exit code that is not 0.
    """
    processes = {
        name: subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for name, command in commands.items()
    }

    def pass_on(name: str, process: subprocess.Popen[bytes]) -> None:
        try:
            for line in process.stdout or ():
                say(f"{name} | {line.decode(errors='replace').rstrip()}")
        except BrokenPipeError:  # nobody reads any more
            process.terminate()

    threads = [threading.Thread(target=pass_on, args=named) for named in processes.items()]
    for thread in threads:
        thread.start()
    try:
        with busy("Running " + ", ".join(name.strip() for name in commands)):
            for thread in threads:
                thread.join()
    except KeyboardInterrupt:  # they have got the signal, too, and clean up
        for thread in threads:
            thread.join()
        raise
    except SystemExit:  # SIGTERM for us alone
        for process in processes.values():
            process.terminate()
        raise
    return next((code for process in processes.values() if (code := process.wait())), 0)


@contextmanager
def alone(file: Path, doing: str) -> Iterator[None]:
    """Keep other runs in this clone out, by a lock on a file of it; say so when we have to wait."""
    with file.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with busy(f"Waiting for another run that is {doing}"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def exit_code(name: str, program: Callable[[], None], *expected: type[Exception]) -> int:
    """Run a program; return its exit code.

    What ends it early is told in one line: Ctrl-C, SIGTERM, or an error of an expected type. When
    nobody reads what it says any more, it ends without a word.
    """

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # what is running is taken down in peace
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.signal(signal.SIGINT, interrupt)
    try:
        try:
            program()
        except BrokenPipeError:
            raise
        except expected as error:
            say(f"\n{name} ends here: {error}")
            return 1
        except KeyboardInterrupt:
            say("\nStopped.")
            return _INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0
