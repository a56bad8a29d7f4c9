"""What the programs for people have in common: they say what they do, and end in one plain line.

Only the standard library, since the set-up uses it before anything else is there.
"""

import fcntl
import os
import re
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

_INTERRUPTED = 130  # what shells say of a command that ended by Ctrl-C
_HEARTBEAT = 4  # seconds
_NO_NETWORK = re.compile(
    r"dial tcp|connection|dns error|resolve|timed? ?out|unreachable|request failed", re.IGNORECASE
)


def say(text: str) -> None:
    """Show progress, at once."""
    print(text, flush=True)


@contextmanager
def busy(what: str) -> Iterator[None]:
    """Say what begins, and every few seconds that it goes on."""
    say(f"== {what}")
    with heartbeat():
        yield


@contextmanager
def heartbeat() -> Iterator[None]:
    """Say every few seconds that it goes on."""
    is_done = threading.Event()

    def go_on() -> None:
        seconds = 0
        with suppress(BrokenPipeError):
            while not is_done.wait(_HEARTBEAT):
                seconds += _HEARTBEAT
                say(f"   ... {seconds} s")

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        is_done.set()
        thread.join()


def relay(*command: str | Path) -> int:
    """Run a command, pass on what it says, and say while it is silent that it goes on.

    Returns:
        Its exit code.
    """
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        try:
            _pass_on(process.stdout.fileno())
        except KeyboardInterrupt:  # it has got the signal, too, and ends in peace
            _pass_on(process.stdout.fileno())
            raise
        except (SystemExit, BrokenPipeError):  # SIGTERM for us alone, or nobody reads any more
            process.terminate()
            raise
    return process.returncode


def _pass_on(source: int) -> None:
    silence = 0
    last = b"\n"
    while True:
        if not select.select([source], [], [], _HEARTBEAT)[0]:
            silence += _HEARTBEAT
            if last.endswith(b"\n"):
                say(f"   ... {silence} s")
            else:  # it says what it does before it says how that went
                print(f"... {silence} s ", end="", flush=True)
        elif said := os.read(source, 4096):
            silence, last = 0, said
            sys.stdout.buffer.write(said)
            sys.stdout.buffer.flush()
        else:
            return


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


def why_not(output: str, source: str, setting: str) -> str:
    """Say in one line why something could not be had from ``source``, whose tool wrote ``output``."""
    if _NO_NETWORK.search(output):
        return f"{source} cannot be reached: check the network, or {setting} if there is a mirror"
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "its tool did not say why"


def exit_code(name: str, program: Callable[[], None], *expected: type[Exception]) -> int:
    """Run a program; return its exit code.

    What ends it early is told in one line: Ctrl-C, SIGTERM, or an error of an expected type. When
    nobody reads what it says any more, it ends without a word.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.signal(signal.SIGINT, _interrupt)
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


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # what is running is taken down in peace
    raise KeyboardInterrupt
