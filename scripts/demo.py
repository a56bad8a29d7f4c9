"""The charm's main job, told step by step on real parts: ``make demo``."""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C during the imports shows no traceback

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import loki_push_api.testing
import prometheus_scrape.testing
from environment import tools
from environment.log_sink import LogSink, log_sink
from environment.programs import exit_code, heartbeat, say
from environment.prometheus_charm import configuration
from environment.real_postgresql import PostgreSQL
from environment.real_prometheus import Prometheus
from environment.simulated_provider import Provider
from environment.stages import Stage, run_postgresql, run_prometheus, run_stage
from environment.tools import MissingToolError
from environment.waiting import TooLateError, wait_for

_WAITING = "Waiting for database relation"
_NAMES = ["maksim", "simon"]
_PREFERRED_PORT = 8000
_PROMETHEUS_PORT = 9090
_ALERT = "FastAPIDemoDatabaseUnreachable"
_LOG_LINES = 10


class WrongStepError(Exception):
    """A step did not end as it should."""


def check(what: str, *, seen: object, expected: object) -> None:
    """Say what was seen; raise :class:`WrongStepError` if something else was expected."""
    if seen != expected:
        raise WrongStepError(f"{what}: expected {expected!r}, but saw {seen!r}")
    say(f"   {what}: {seen}")


class Demo:
    """The story, step by step."""

    def __init__(
        self, stage: Stage, cluster: PostgreSQL, prometheus: Prometheus | None, loki: LogSink
    ) -> None:
        self._juju, self._server, self._pebble = stage.juju, stage.server, stage.pebble
        self._cluster, self._provider = cluster, Provider(cluster)
        self._prometheus, self._loki = prometheus, loki

    def deploy(self) -> None:
        """Without a database the server runs, and the unit says what it waits for."""
        if self._server.port != _PREFERRED_PORT:
            say(
                f"   (port {_PREFERRED_PORT} is taken here: --config server-port={self._server.port})"
            )
        self._juju.deploy()
        self._server.wait_until_up()
        check("juju status", seen=self._juju.status, expected=f"blocked: {_WAITING}")

    def integrate(self) -> None:
        """The provider answers, and the server gets its database."""
        self._juju.integrate(self._provider)
        check("juju status", seen=self._juju.status, expected=f"waiting: {_WAITING}")
        say("   PostgreSQL creates the database and a user, and sends both in a secret")
        self._provider.answer(self._juju.relation, self._juju.requested_database)
        self._juju.relation_changed()
        self._server.wait_until_up()
        check("juju status", seen=self._juju.status, expected="active")

    def post(self) -> None:
        """The names are kept in PostgreSQL."""
        for name in _NAMES:
            check(f"POST {name}", seen=self._server.add_name(name), expected=True)
        self._names_are_there()

    def be_quiet(self) -> None:
        """An event that changes nothing leaves the server alone."""
        before = self._pebble.processes()
        for _ in range(5):
            self._juju.dispatch(self._juju.on.update_status())
        restarts = self._pebble.processes() - before
        check("server restarts", seen=len(restarts), expected=0)

    def observe(self) -> None:
        """Prometheus scrapes the server, and its log goes to Loki."""
        asked = prometheus_scrape.testing.relation_for_provider("metrics-endpoint")
        written = self._juju.relate(asked)
        if self._prometheus:
            say("   Prometheus follows the databag, but with a second for each minute in it")
            scraped = self._prometheus.follow(configuration(written))
            check("it scrapes", seen=scraped, expected=[f"{self._server.url}/metrics"])
            check(_ALERT, seen=self._prometheus.alert(_ALERT), expected="inactive")
        self._juju.relate(
            loki_push_api.testing.relation_for_requirer("logging", urls=[self._loki.url])
        )
        self._names_are_there()
        self._is_logged('"GET /names HTTP/1.1" 200')

    def lose_database(self) -> None:
        """An alert fires while the database is away, and goes out when it is back."""
        self._cluster.stop()
        check("GET /names", seen=self._server.names(), expected=None)
        self._is_logged("psycopg2.OperationalError")
        self._ask_until("firing")
        self._cluster.start()
        say("   PostgreSQL is back")
        self._names_are_there()
        self._ask_until("inactive")

    def _is_logged(self, text: str) -> None:
        def find() -> list[str]:
            return [line for line in self._loki.lines if text in line]

        say(f"   Loki has: {wait_for(f'{text} at Loki', find)[-1].strip()}")

    def _ask_until(self, state: str) -> None:
        """Ask for the names until the alert has a state: it needs somebody who asks."""
        prometheus = self._prometheus
        if prometheus is None:
            return

        def is_reached() -> bool:
            self._server.names()
            return prometheus.alert(_ALERT) == state

        say("   Somebody asks for the names again and again")
        wait_for(f"the alert to be {state}", is_reached, seconds=60)
        say(f"   {_ALERT}: {state}")

    def fail_over(self) -> None:
        """The server follows the primary."""
        self._provider.fail_over("127.0.0.2")
        self._restarts_once(self._juju.relation_changed)

    def rotate(self) -> None:
        """The server gets the new password."""
        secret = self._provider.rotate()
        self._restarts_once(lambda: self._juju.secret_changed(secret))

    def remove(self) -> None:
        """The credentials go with the relation."""
        self._juju.remove_relation()
        self._provider.withdraw()
        self._server.wait_until_up()
        check("juju status", seen=self._juju.status, expected=f"blocked: {_WAITING}")
        environment = self._pebble.environment()
        check("variables about the database", seen=sorted(environment), expected=[])

    def integrate_again(self) -> None:
        """The names are still there for another user of the same database."""
        self._juju.integrate(self._provider)
        self._provider.answer(self._juju.relation, self._juju.requested_database)
        self._restarts_once(self._juju.relation_changed)

    def _restarts_once(self, event: Callable[[], None]) -> None:
        before = self._pebble.processes()
        event()
        restarts = self._pebble.processes() - before
        check("server restarts", seen=len(restarts), expected=1)
        self._server.wait_until_up()
        check("juju status", seen=self._juju.status, expected="active")
        self._names_are_there()

    def _names_are_there(self) -> None:
        check("GET /names", seen=self._server.names(), expected=_NAMES)


def tell(demo: Demo, *, keep: bool, urls: list[str]) -> None:
    """Go through the steps; with ``keep``, end with a database and stay there."""
    steps = [
        ("juju deploy ./fastapi-demo.charm --resource demo-server-image=...", demo.deploy),
        ("juju integrate postgresql-k8s fastapi-demo", demo.integrate),
        ("curl -X POST /addname/ -d name=maksim; the same for simon", demo.post),
        ("Nothing happens, five times", demo.be_quiet),
        (
            "juju integrate fastapi-demo prometheus-k8s; juju integrate fastapi-demo loki-k8s",
            demo.observe,
        ),
        ("The database is away for a while", demo.lose_database),
        ("The primary fails, and another one takes over at another address", demo.fail_over),
        ("juju run postgresql-k8s/leader set-password: the old one is dead", demo.rotate),
        ("juju remove-relation postgresql-k8s fastapi-demo", demo.remove),
    ]
    if keep:
        again = "juju integrate postgresql-k8s fastapi-demo: the same database, another user"
        steps.append((again, demo.integrate_again))
    for number, (title, step) in enumerate(steps, start=1):
        say(f"\n{number}. {title}")
        with heartbeat():
            step()
    if keep:
        say("\n  ".join(["\nAll is up, until Ctrl-C:", *urls]))
        signal.pause()


@contextmanager
def run_prometheus_if_there() -> Iterator[Prometheus | None]:
    """Run a Prometheus; where there is none, say so and go without."""
    try:
        tools.prometheus()
    except MissingToolError as error:
        say(f"   No alert is shown: {error}")
        yield None
        return
    with run_prometheus(preferred_port=_PROMETHEUS_PORT) as prometheus:
        yield prometheus


def run(*, keep: bool) -> None:
    """Set the parts up, tell the story, take the parts down; when a step fails, say how they are."""
    say("== Starting PostgreSQL, Pebble and Prometheus")
    with (
        run_postgresql() as cluster,
        run_stage(preferred_port=_PREFERRED_PORT) as stage,
        run_prometheus_if_there() as prometheus,
        log_sink() as loki,
    ):
        urls = [f"{stage.server.url}/{path}" for path in ("docs", "names", "metrics")]
        urls += [f"{prometheus.url}/alerts"] if prometheus else []
        try:
            tell(Demo(stage, cluster, prometheus, loki), keep=keep, urls=urls)
        except (WrongStepError, TooLateError):
            say(f"\njuju status: {stage.juju.status}")
            say("The end of the server's log:")
            for line in stage.pebble.server_log(_LOG_LINES):
                say(f"   {line}")
            raise
    say("\nAll steps went as they should. Nothing is left running.")


def main() -> int:
    """Run the demo; return 1 when a step did not end as it should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="stay up until Ctrl-C")
    keep: bool = parser.parse_args().keep
    return exit_code(
        "The demo", lambda: run(keep=keep), WrongStepError, TooLateError, MissingToolError
    )


if __name__ == "__main__":
    sys.exit(main())
