"""The charm's main job, told step by step on real parts: ``make demo``."""

import argparse
import signal
import sys
from collections.abc import Callable

from realparts.postgres import PostgreSQL
from realparts.provider import Provider
from realparts.stage import PREFERRED_PORT, Stage, postgresql, stage
from realparts.tools import MissingToolError, say
from realparts.wait import TooLateError

_WAITING = "Waiting for database relation"
_NAMES = ["maksim", "simon"]


class WrongStepError(Exception):
    """A step did not end as it should."""


def check(what: str, *, seen: object, expected: object) -> None:
    """Say what was seen; raise :class:`WrongStepError` if something else was expected."""
    if seen != expected:
        raise WrongStepError(f"{what}: expected {expected!r}, but saw {seen!r}")
    say(f"   {what}: {seen}")


class Demo:
    """The story."""

    def __init__(self, parts: Stage, cluster: PostgreSQL) -> None:
        self._juju, self._server, self._pebble = parts.juju, parts.server, parts.pebble
        self._provider = Provider(cluster)

    def deploy(self) -> None:
        """juju deploy ./fastapi-demo.charm --resource demo-server-image=..."""
        if self._server.port != PREFERRED_PORT:
            say(
                f"   (port {PREFERRED_PORT} is taken here: --config server-port={self._server.port})"
            )
        self._juju.deploy()
        self._server.wait_until_up()
        check("juju status", seen=self._juju.status, expected=f"blocked: {_WAITING}")

    def integrate(self) -> None:
        """juju integrate postgresql-k8s fastapi-demo"""
        self._juju.integrate(self._provider)
        check("juju status", seen=self._juju.status, expected=f"waiting: {_WAITING}")
        say("   PostgreSQL creates the database and a user, and sends both in a secret")
        self._provider.answer(self._juju.relation, self._juju.requested_database)
        self._juju.relation_changed()
        self._server.wait_until_up()
        check("juju status", seen=self._juju.status, expected="active")

    def post(self) -> None:
        """curl -X POST /addname/ -d name=maksim; the same for simon"""
        for name in _NAMES:
            check(f"POST {name}", seen=self._server.add_name(name), expected=True)
        self._names_are_there()

    def be_quiet(self) -> None:
        """Nothing happens, five times"""
        before = self._pebble.processes()
        for _ in range(5):
            self._juju.dispatch(self._juju.on.update_status())
        restarts = self._pebble.processes() - before
        check("server restarts", seen=len(restarts), expected=0)

    def fail_over(self) -> None:
        """The primary fails, and another one takes over at another address"""
        self._provider.fail_over("127.0.0.2")
        self._restarts_once(self._juju.relation_changed)

    def rotate(self) -> None:
        """juju run postgresql-k8s/leader set-password: the old one is dead"""
        secret = self._provider.rotate()
        self._restarts_once(lambda: self._juju.secret_changed(secret))

    def remove(self) -> None:
        """juju remove-relation postgresql-k8s fastapi-demo"""
        self._juju.remove_relation()
        self._provider.withdraw()
        self._server.wait_until_up()
        check("juju status", seen=self._juju.status, expected=f"blocked: {_WAITING}")
        environment = self._pebble.environment()
        check("variables about the database", seen=sorted(environment), expected=[])

    def integrate_again(self) -> None:
        """juju integrate postgresql-k8s fastapi-demo: the same database, another user"""
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


def tell(demo: Demo, *, keep: bool, url: str) -> None:
    """Go through the steps; with ``keep``, end with a database and stay there."""
    steps = [
        demo.deploy,
        demo.integrate,
        demo.post,
        demo.be_quiet,
        demo.fail_over,
        demo.rotate,
        demo.remove,
    ]
    if keep:
        steps.append(demo.integrate_again)
    for number, step in enumerate(steps, start=1):
        say(f"\n{number}. {(step.__doc__ or '').strip()}")
        step()
    if keep:
        say(f"\nAll is up, until Ctrl-C:\n  {url}/docs\n  {url}/names\n  {url}/metrics")
        signal.pause()


def main() -> int:
    """Run the demo; return 1 when a step did not end as it should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="stay up until Ctrl-C")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    say("== Starting PostgreSQL and Pebble")
    try:
        with postgresql() as cluster, stage() as parts:
            tell(Demo(parts, cluster), keep=arguments.keep, url=parts.server.url)
    except (WrongStepError, TooLateError, MissingToolError) as error:
        say(f"\nThe demo ends here: {error}")
        return 1
    except KeyboardInterrupt:
        say("\nStopped.")
        return 0 if arguments.keep else 130
    say("\nAll steps went as they should. Nothing is left running.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
