"""The charm's main job, step by step on real parts: ``make demo``."""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C during the imports shows no traceback

import argparse
import sys
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count

from cos.testing import relation_with_loki, relation_with_prometheus
from environment.log_sink import LogSink, log_sink
from environment.programs import busy, exit_code, say
from environment.real_postgresql import PostgreSQL
from environment.real_prometheus import Prometheus, run_prometheus
from environment.simulated_provider import Provider
from environment.stages import Stage, run_postgresql, run_stage
from environment.steps import CANNOT_USE, restarts, status_after_database_check
from environment.tools import MissingToolError
from environment.waiting import TooLateError, wait_for

WAITING = "Waiting for database relation"
NAMES = ["maksim", "simon"]
PORT, PROMETHEUS_PORT = 8000, 9090
ALERT = "FastAPIDemoDatabaseUnreachable"


class WrongStepError(Exception):
    """A step did not end as it should."""


def check(what: str, *, seen: object, expected: object) -> None:
    """Say what was seen; raise :class:`WrongStepError` if something else was expected."""
    if seen != expected:
        raise WrongStepError(f"{what}: expected {expected!r}, but saw {seen!r}")
    say(f"   {what}: {seen}")


class Story:
    """One unit, from its deployment to the end of its relation."""

    def __init__(self, stage: Stage, cluster: PostgreSQL) -> None:
        self.stage, self.juju, self.server = stage, stage.juju, stage.server
        self.cluster, self.provider = cluster, Provider(cluster)
        self.numbers = count(1)

    def step(self, title: str) -> None:
        """Say what begins."""
        say(f"\n{next(self.numbers)}. {title}")

    def connect(self) -> None:
        """Deploy and integrate, until PostgreSQL keeps names."""
        self.step("juju deploy ./fastapi-demo.charm --resource demo-server-image=...")
        if self.stage.port != PORT:
            say(f"   (port {PORT} is taken here: --config server-port={self.stage.port})")
        self.juju.deploy()
        self.is_up(f"blocked: {WAITING}")

        self.step("juju integrate postgresql-k8s fastapi-demo")
        self.juju.integrate(self.provider)
        self.is_up(f"waiting: {WAITING}")
        say("   PostgreSQL creates the database and a user, and sends both in a secret")
        self.answer()
        self.is_up("active")

        self.step("curl -X POST /addname/ -d name=maksim; the same for simon")
        for name in NAMES:
            check(f"POST {name}", seen=self.server.add_name(name), expected=True)
        self.has_names()

        self.step("Five events come that change nothing")
        before = self.stage.pebble.processes()
        for _ in range(5):
            self.juju.dispatch(self.juju.on.update_status())
        restarted = self.stage.pebble.processes() - before
        check("server restarts", seen=len(restarted), expected=0)

    def observe(self, prometheus: Prometheus | None, loki: LogSink) -> None:
        """Integrate with Prometheus and Loki, and see the database fail there."""
        self.step("juju integrate fastapi-demo prometheus-k8s; the same for loki-k8s")
        written = self.juju.relate(relation_with_prometheus("metrics-endpoint"))
        if prometheus:
            say("   Prometheus runs 60 times as fast here: a minute takes a second")
            unit = f"{self.juju.context.app_name}/0"
            check("Prometheus scrapes", seen=prometheus.follow(written), expected=[unit])
            check(ALERT, seen=prometheus.alert(ALERT), expected="inactive")
        self.juju.relate(relation_with_loki("logging", urls=[loki.url]))
        self.has_names()
        self.is_logged(loki, '"GET /names HTTP/1.1" 200')

        self.step("The database is down for a while")
        self.cluster.stop()
        check("GET /names", seen=self.server.names(), expected=None)
        say("   Pebble checks GET /names twice; by itself it takes a minute for that")
        check("juju status", seen=status_after_database_check(self.stage), expected=CANNOT_USE)
        self.is_logged(loki, "psycopg2.OperationalError")
        self.has_alert(prometheus, "firing")
        self.cluster.start()
        say("   PostgreSQL is back")
        check("juju status", seen=status_after_database_check(self.stage), expected="active")
        self.has_names()
        self.has_alert(prometheus, "inactive")

    def change(self) -> None:
        """Let the provider do what it does in the life of a database."""
        self.step("The primary fails, and a replica at another address takes over")
        self.provider.fail_over("127.0.0.2")
        self.restarts_once(self.juju.relation_changed)

        self.step("The provider rotates the password: the old one is no longer valid")
        secret = self.provider.rotate()
        self.restarts_once(lambda: self.juju.secret_changed(secret))

        self.step("juju remove-relation postgresql-k8s fastapi-demo")
        self.juju.remove_relation()
        self.provider.withdraw()
        self.is_up(f"blocked: {WAITING}")
        environment = self.stage.pebble.environment()
        left = [name for name in environment if "DB" in name or "PG" in name]
        check("variables about the database", seen=left, expected=[])

    def stay(self, *urls: str) -> None:
        """Integrate again, and stay up."""
        self.step("juju integrate postgresql-k8s fastapi-demo: the same database, another user")
        self.juju.integrate(self.provider)
        self.restarts_once(self.answer)
        pages = [f"{self.server.url}/{path}" for path in ("docs", "names", "metrics")]
        say("\n  ".join(["\nAll parts run until Ctrl-C:", *pages, *urls]))

    def answer(self) -> None:
        """The provider creates what was requested, and writes where it is."""
        self.provider.answer(self.juju.relation, self.juju.requested_database)
        self.juju.relation_changed()

    def restarts_once(self, event: Callable[[], None]) -> None:
        """Check that an event restarts the server once, and that it has the names then."""
        check("server restarts", seen=restarts(self.stage, event), expected=1)
        self.is_up("active")
        self.has_names()

    def is_up(self, status: str) -> None:
        """Check that the server answers, and the unit's status."""
        self.server.wait_until_up()
        check("juju status", seen=self.juju.status, expected=status)

    def has_names(self) -> None:
        """Check that the server has all names."""
        check("GET /names", seen=self.server.names(), expected=NAMES)

    def is_logged(self, loki: LogSink, text: str) -> None:
        """Check that Loki gets a line with a text."""
        found = wait_for(f"{text} at Loki", lambda: [line for line in loki.lines if text in line])
        say(f"   Loki has: {found[-1].strip()}")

    def has_alert(self, prometheus: Prometheus | None, state: str) -> None:
        """Send requests until the alert, which counts those that fail, has a state."""
        if prometheus is None:
            return
        say("   A client sends GET /names again and again")

        def is_reached() -> bool:
            self.server.names()
            return prometheus.alert(ALERT) == state

        wait_for(f"the alert to be {state}", is_reached, seconds=60)
        say(f"   {ALERT}: {state}")


def run(*, keep: bool) -> None:
    """Start the parts, tell the story, stop the parts."""
    with ExitStack() as parts:
        with busy("Starting PostgreSQL, Pebble and Prometheus"):
            cluster = parts.enter_context(run_postgresql())
            stage = parts.enter_context(run_stage(preferred_port=PORT))
            prometheus, urls = None, []
            try:
                prometheus = parts.enter_context(run_prometheus(preferred_port=PROMETHEUS_PORT))
                urls.append(f"{prometheus.http.url}/alerts")
            except MissingToolError as error:
                say(f"   No alert is shown: {error}")
            loki = parts.enter_context(log_sink())
            demo = Story(stage, cluster)
            try:
                demo.connect()
                demo.observe(prometheus, loki)
                demo.change()
                if keep:
                    demo.stay(*urls)
            except (WrongStepError, TooLateError):
                log = stage.pebble.server_log(10)
                say("\n   ".join([f"\njuju status: {stage.juju.status}; the server's log:", *log]))
                raise
        if keep:
            signal.pause()
    say("\nAll steps went as they should. Nothing is left running.")


def main() -> int:
    """Run the demo; return 1 when a step did not end as it should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="keep all parts up until Ctrl-C")
    keep: bool = parser.parse_args().keep
    errors = (WrongStepError, TooLateError, MissingToolError)
    return exit_code("The demo", lambda: run(keep=keep), *errors)


if __name__ == "__main__":
    sys.exit(main())
