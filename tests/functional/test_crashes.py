"""A hook may end anywhere: two hooks later everything is as if it had not.

A unit goes through the changes of its life again and again. Each time one request to Pebble goes wrong.
"""

import http.client
import io
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from typing import Literal, TypeAlias, get_args

import ops
import pytest
from ops.testing import Secret
from scenario.state import _Event

from environment.certificates import CertificateAuthority
from environment.free_ports import free_port
from environment.images import STUB_IMAGE
from environment.real_pebble import Pebble
from environment.simulated_juju import Juju
from environment.simulated_provider import WritingProvider
from environment.stages import Stage, run_stage
from environment.steps import run_check
from environment.waiting import TooLateError, wait_for
from functional.needed import needed
from pebble_layer import DATABASE_CHECK, READY_CHECK

ENDPOINTS = ("db-0:5432", "db-1:5432")
PASSWORDS = ("pa55word-0", "pa55word-1")
CAS = (CertificateAuthority("one").pem, CertificateAuthority("other").pem)
Change: TypeAlias = Literal["answer", "failover", "rotation", "new CA", "new port", "removal"]
Harm: TypeAlias = Literal["killed", "failed", "reset"]


class HookKilled(BaseException):
    """The charm's process ends here: nothing in the charm may catch this."""


@dataclass(frozen=True)
class Fault:
    """One request that goes wrong: which one of a change, and before or after Pebble does it."""

    harm: Harm
    number: int
    is_after: bool


class Wire(urllib.request.BaseHandler):
    """Sees the charm's requests to Pebble, and lets one go wrong."""

    def __init__(self) -> None:
        self.fault: Fault | None = None
        self.requests: list[str] = []

    def http_request(self, request: urllib.request.Request) -> urllib.request.Request:
        self.requests.append(f"{request.get_method()} {request.selector.partition('?')[0]}")
        self._harm(request.full_url, is_after=False)
        return request

    def http_response(
        self, request: urllib.request.Request, response: http.client.HTTPResponse
    ) -> http.client.HTTPResponse:
        try:
            self._harm(request.full_url, is_after=True)
        except BaseException:
            response.close()
            raise
        return response

    def _harm(self, url: str, *, is_after: bool) -> None:
        fault = self.fault
        if fault is None or (fault.number, fault.is_after) != (len(self.requests) - 1, is_after):
            return
        self.fault = None
        if fault.harm == "killed":
            raise HookKilled
        if fault.harm == "reset":
            raise ConnectionResetError("a fault of the test")
        reply = io.BytesIO(b'{"result": {"message": "a fault of the test"}}')
        raise urllib.error.HTTPError(url, 500, "Error", Message(), reply)


class CrashingUnit(Juju):
    """A unit that goes through changes. As in a real Juju, a hook that is killed runs again."""

    def __init__(self, pebble: Pebble, port: int, provider: WritingProvider) -> None:
        super().__init__(pebble, server_port=port)
        self.wire = Wire()
        self.hooks_since_fault = 0
        self.deploy(provider)

    @property
    def pebble_client(self) -> ops.pebble.Client:
        client = super().pebble_client
        client.opener.add_handler(self.wire)
        return client

    def dispatch(self, event: _Event) -> None:
        """Run the charm for one event, and again if the hook is killed."""
        is_fault_ahead = self.wire.fault is not None
        self.hooks_since_fault += 1
        try:
            super().dispatch(event)
        except HookKilled:
            super().dispatch(event)
            self.hooks_since_fault = 1
        else:
            if is_fault_ahead and self.wire.fault is None:
                self.hooks_since_fault = 0


@dataclass(frozen=True)
class Look:
    """What there is to see of a unit, without what differs in every process."""

    servers: tuple[frozenset[str], ...]
    """The words of the command and the environment of every server that runs."""
    ca_files: frozenset[tuple[str, str]]
    ports: frozenset[int | None]
    status: str


class Story:
    """The changes in the life of a unit. What a change changes has two versions."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._ports = stage.port, free_port()
        self._provider = WritingProvider()
        self.version = dict.fromkeys(get_args(Change), 0)
        self.begin()

    def begin(self) -> None:
        """Deploy the unit in a new container, integrated with the database."""
        self._stage.begin()
        self._write()
        port = self._ports[self.version["new port"]]
        self._stage.juju = self.unit = CrashingUnit(self._stage.pebble, port, self._provider)

    def _write(self) -> tuple[Secret, Secret]:
        """Let the provider write the versions of now; return its secrets."""
        self._provider.endpoints = (ENDPOINTS[self.version["failover"]],)
        user = self._provider.write_user("me", PASSWORDS[self.version["rotation"]])
        return user, self._provider.write_tls(CAS[self.version["new CA"]])

    def prepare(self, change: Change) -> None:
        """Integrate the unit where it is not, and let the provider answer unless that is the change."""
        if change == "answer" and self.unit.state.get_relations("database"):
            self.unit.remove_relation()
        if not self.unit.state.get_relations("database"):
            self.unit.integrate(self._provider)
            if change != "answer":
                self.unit.relation_changed()

    def go_through(self, change: Change, fault: Fault | None = None) -> list[str]:
        """Let the unit go through a change and two hooks after the fault; return its requests."""
        unit = self.unit
        unit.wire.fault, unit.wire.requests, unit.hooks_since_fault = fault, [], 0
        self.version[change] ^= 1
        user, tls = self._write()
        match change:
            case "answer" | "failover":
                unit.relation_changed()
            case "rotation":
                unit.secret_changed(user)
            case "new CA":
                unit.secret_changed(tls)
            case "new port":
                unit.configure(server_port=self._ports[self.version[change]])
            case "removal":
                unit.remove_relation()
        requests = list(unit.wire.requests)
        while unit.hooks_since_fault < 2:
            unit.dispatch(unit.on.update_status())
        return requests

    def look(self) -> Look:
        pebble, directory = self._stage.pebble, self._stage.ca_directory
        files = directory.iterdir() if directory.is_dir() else ()
        return Look(
            servers=tuple(map(pebble.words, pebble.processes())),
            ca_files=frozenset((file.name, file.read_text()) for file in files),
            ports=frozenset(opened.port for opened in self.unit.state.opened_ports),
            status=self.unit.status,
        )

    def settle(self, expected: Look) -> Look:
        """Return what the unit looks like as soon as that is as expected, or after 5 seconds."""
        if "GET /" in self.unit.status:  # a check has found the server stopped again and again
            for check in (READY_CHECK, DATABASE_CHECK):
                run_check(self._stage, check)
        with suppress(TooLateError):
            wait_for("the right state", lambda: self.look() == expected, seconds=5)
        return self.look()

    def logs(self) -> str:
        lines = [line.message for line in self.unit.context.juju_log]
        return "\n".join([self._stage.pebble.log.read_text(errors="replace"), *lines])


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """A unit with a database, in a container with a stub of the server."""
    with needed(), run_stage(STUB_IMAGE) as stage:
        yield Story(stage)


def faults(harm: Harm, requests: list[str]) -> Iterator[Fault]:
    """Yield what can go wrong at each write, and at each question after the first write.

    Before the first write nothing has been done. To be killed at a question is to be killed after
    the last write.
    """
    has_written = False
    for number, request in enumerate(requests):
        is_write = not request.startswith("GET ")
        has_written |= is_write
        if is_write or (has_written and harm != "killed"):
            yield Fault(harm, number, is_after=False)
        if is_write:
            yield Fault(harm, number, is_after=True)


@pytest.mark.parametrize("harm", get_args(Harm))
@pytest.mark.parametrize("change", get_args(Change))
def test_two_hooks_after_a_fault_everything_is_as_if_it_had_not_been(
    story: Story, change: Change, harm: Harm, subtests: pytest.Subtests
) -> None:
    story.prepare(change)
    expected: dict[int, Look] = {}
    requests: list[str] = []
    for _ in range(2):
        before = story.look()
        requests = story.go_through(change)
        expected[story.version[change]] = after = story.look()
        assert len(after.servers) == 1
        assert after != before
        story.prepare(change)

    for fault in faults(harm, requests):
        when = "after" if fault.is_after else "before"
        with subtests.test(f"{harm} {when} {requests[fault.number]} ({fault.number})"):
            story.go_through(change, fault)
            right = expected[story.version[change]]
            if (seen := story.settle(right)) != right:
                story.begin()
            assert seen == right
            assert story.unit.wire.fault is None, "the fault has not happened"
        story.prepare(change)

    assert not any(password in story.logs() for password in PASSWORDS)
