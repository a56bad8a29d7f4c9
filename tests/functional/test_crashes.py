"""A hook may end anywhere: two events later all is as if it had not.

One unit goes through every change of its life again and again, by the charm's own ``dispatch``. Each
time one request to Pebble, or one call of a hook tool, goes wrong. A sample of the faults is tried;
``--all-faults`` tries every fault at every request and every call, which takes an hour or more.
"""

import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import ops
import pytest

from environment.charm_directory import from_sources
from environment.dispatched_unit import Container, Dispatch, Unit, run_container
from environment.faulty_pebble import FaultyPebble, RequestFault
from environment.free_ports import free_port
from environment.juju_model import (
    CHECK_RECOVERED,
    PEBBLE_READY,
    UPDATE_STATUS,
    Event,
    JujuModel,
)
from environment.waiting import TooLateError, wait_for
from functional.needed import needed

CHANGES = ("answer", "failover", "rotation", "new CA", "new port", "removal")
TOOL_FAULTS = ("killed-before", "killed-after", "fails")


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong."""

    kind: RequestFault | str
    """At a request to Pebble, or at a call of a hook tool."""
    number: int
    """At which one of the event, from 0."""
    at: str
    """What that is in a run where all goes well."""

    def __str__(self) -> str:
        what = self.kind.value if isinstance(self.kind, RequestFault) else f"a tool {self.kind}"
        return f"{what}: {self.at} (number {self.number})"


class Story:
    """The unit, and what it should look like."""

    def __init__(self, charm: Path, directory: Path, container: Container) -> None:
        self._ports = (free_port(), free_port())
        self._container = container
        self._unit = Unit(charm, directory / "juju", container)
        self._model = JujuModel(self._ports[0])
        self._passwords: set[str] = set()
        self._said: list[str] = []
        self.pebble = FaultyPebble(container.pebble.socket, directory / "proxy.socket")

    def begin(self) -> None:
        """Come to a new container, without a database."""
        self._container.pebble.stop()
        shutil.rmtree(self._container.ca_directory, ignore_errors=True)
        self._container.pebble.start()
        self._container.show_pebble(self.pebble.socket)
        self._model.forget()
        self._run(PEBBLE_READY)
        assert self.wrongs() == []

    def go_through(self, change: str, fault: Fault | None = None) -> Dispatch:
        """Let the unit go through a change and two events after it; return what the change did."""
        self._prepare(change)
        event = self._happen(change)
        self._passwords.add(self._model.password)
        kind, number = (fault.kind, fault.number) if fault else (None, 0)
        if isinstance(kind, RequestFault):
            self.pebble.expect(kind, number)
        else:
            self.pebble.expect()
        done = self._run(event, (kind, number) if isinstance(kind, str) else None)
        self.pebble.expect_nothing()
        if done.exit_code != 0:  # Juju runs a hook that has failed again
            self._run(event)
        if change == "removal":
            self._model.forget()
        self._run(UPDATE_STATUS)
        if done.exit_code == 0:
            self._run(UPDATE_STATUS)
        return done

    def _prepare(self, change: str) -> None:
        """Have, or have not, a database before the change."""
        if change != "answer" and not self._model.databag:
            self._run(self._model.integrate())
            self._run(self._model.answer())
        elif change == "answer":
            if self._model.databag:
                self._run(self._model.remove_relation())
                self._model.forget()
            self._run(self._model.integrate())

    def _happen(self, change: str) -> Event:
        model = self._model
        other_port = next(port for port in self._ports if port != model.port)
        happenings: dict[str, Callable[[], Event]] = {
            "answer": model.answer,
            "failover": model.fail_over,
            "rotation": model.rotate,
            "new CA": model.renew_ca,
            "new port": lambda: model.configure(other_port),
            "removal": model.remove_relation,
        }
        return happenings[change]()

    def _run(self, event: Event, fault: tuple[str, int] | None = None) -> Dispatch:
        done = self._unit.run(event, self._model, fault)
        self._passwords.add(self._model.password)
        self._said += [*done.calls, done.output]
        return done

    def wrongs(self) -> list[str]:
        """Return what is not as it should be, once the processes have settled."""
        if "does not answer GET /version" in self._model.message:
            # The check found the server away three times: it was stopped in each of the last events.
            wait_for("the check to recover", self._is_check_up, seconds=60)
            self._run(CHECK_RECOVERED)
        try:
            wait_for("the right state", lambda: not self._wrongs_now(), seconds=5)
        except TooLateError:
            return self._wrongs_now()
        return []

    def _is_check_up(self) -> bool:
        (check,) = self._container.pebble.client.get_checks()
        return check.status is ops.pebble.CheckStatus.UP

    def _wrongs_now(self) -> list[str]:
        model, pebble = self._model, self._container.pebble
        log = pebble.log.read_text(errors="replace")
        passwords = self._passwords - {""}
        processes = pebble.processes()
        ca_files = {file.name: file.read_text() for file in self._ca_files()}
        wrongs = []
        if len(processes) != 1:
            wrongs.append(f"{len(processes)} servers run")
        for process in processes:
            if f"--port={model.port}\0" not in pebble.command_line(process):
                wrongs.append("the server has the wrong port")
            wrongs += self._wrong_variables(pebble.process_environment(process))
        if sorted(ca_files.values()) != ([model.ca] if model.ca else []):
            wrongs.append(f"{len(ca_files)} CA files are there, and not just the right one")
        if model.opened_ports != [f"{model.port}/tcp"]:
            wrongs.append(f"opened ports are {model.opened_ports}, not {model.port}")
        if model.status != ("active" if model.databag else "blocked"):
            wrongs.append(f"the status is {model.status}: {model.message}")
        if any(password in text for text in (log, *self._said) for password in passwords):
            wrongs.append("a password is in a log")
        return wrongs

    def _wrong_variables(self, environment: str) -> list[str]:
        """Return what is wrong in the environment of the running process, without any value."""
        variables = dict(entry.split("=", 1) for entry in environment.split("\0") if "=" in entry)
        seen = {
            name: value
            for name, value in variables.items()
            if name.startswith(("DEMO_SERVER_", "PGSSL"))
        }
        ca_file = seen.pop("PGSSLROOTCERT", None)
        wrongs = [
            f"the running server has the wrong {name}"
            for name, value in (seen | self._expected_variables()).items()
            if seen.get(name) != value or name not in self._expected_variables()
        ]
        names = {f"/tmp/fastapi-demo/{file.name}" for file in self._ca_files()}
        if (ca_file in names) is not bool(self._model.ca):
            wrongs.append("the running server has the wrong CA file")
        return wrongs

    def _expected_variables(self) -> dict[str, str]:
        if not self._model.databag:
            return {}
        host, _, port = self._model.databag["endpoints"].partition(":")
        return {
            "DEMO_SERVER_DB_HOST": host,
            "DEMO_SERVER_DB_PORT": port,
            "DEMO_SERVER_DB_USER": "relation_id_1",
            "DEMO_SERVER_DB_PASSWORD": self._model.password,
            "DEMO_SERVER_DB_NAME": "names_db",
            "PGSSLMODE": "verify-full",
        }

    def _ca_files(self) -> list[Path]:
        directory = self._container.ca_directory
        return sorted(directory.iterdir()) if directory.is_dir() else []


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A unit without a database, in a running container."""
    directory = tmp_path_factory.mktemp("unit")
    with needed(), run_container(directory) as container:
        from_sources(directory / "charm")
        story = Story(directory / "charm", directory, container)
        with story.pebble.run():
            story.begin()
            yield story


def every_fault(done: Dispatch, requests: list[str]) -> list[Fault]:
    """Return all that can go wrong in an event that did this and made these requests."""
    return [
        *(Fault(kind, n, at) for n, at in enumerate(requests) for kind in RequestFault),
        *(
            Fault(kind, n, call.split()[0])
            for n, call in enumerate(done.calls)
            for kind in TOOL_FAULTS
        ),
    ]


def some_faults(done: Dispatch, requests: list[str], change: str) -> list[Fault]:
    """Return a sample: each request that writes, and one hook tool, each with another fault."""
    first = CHANGES.index(change)
    kinds = itertools.islice(itertools.cycle(RequestFault), first, None)
    writes = [(n, at) for n, at in enumerate(requests) if not at.startswith("GET ")]
    number = first % len(done.calls)
    tool = done.calls[number].split()[0]
    return [
        *(Fault(kind, n, at) for (n, at), kind in zip(writes, kinds, strict=False)),
        Fault(TOOL_FAULTS[first % len(TOOL_FAULTS)], number, tool),
    ]


@pytest.mark.parametrize("change", CHANGES)
def test_two_events_after_a_fault_all_is_as_if_it_had_not_been(
    story: Story, change: str, request: pytest.FixtureRequest, subtests: pytest.Subtests
) -> None:
    done = story.go_through(change)
    assert (done.exit_code, story.wrongs()) == (0, [])
    requests = list(story.pebble.requests)
    is_complete = request.config.getoption("--all-faults")
    faults = every_fault(done, requests) if is_complete else some_faults(done, requests, change)

    for fault in faults:
        with subtests.test(str(fault)):
            story.go_through(change, fault)
            if wrongs := story.wrongs():
                story.begin()
            assert wrongs == []
