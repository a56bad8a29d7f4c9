"""Steps that many tests begin with, and questions that many end with."""

from collections.abc import Callable

from environment.simulated_provider import Provider
from environment.stages import Stage

ANSWER = {
    "database": "names_db",
    "endpoints": "127.0.0.1:9",
    "username": "me",
    "password": "secret",
}
"""A provider's answer, for a server that need not reach its database."""
CANNOT_USE = "waiting: Server cannot use the database: GET /names fails, see its log"


def integrate(stage: Stage, provider: Provider) -> None:
    """Deploy and integrate, until the server answers with a database."""
    stage.juju.deploy(provider)
    stage.server.wait_until_up()
    assert stage.juju.status == "active"


def restarts(stage: Stage, happening: Callable[[], object]) -> int:
    """Let something happen; return how often the server was started by it."""
    before = stage.pebble.processes()
    happening()
    return len(stage.pebble.processes() - before)


def run_check(stage: Stage, name: str) -> None:
    """Have Pebble run a check as often as it takes to see a failure, and tell the charm."""
    (check,) = stage.pebble.client.get_checks(names=[name])
    for _ in range(check.threshold):
        stage.pebble.run_check(name)
    stage.juju.check_changed(name)


def status_after_database_check(stage: Stage) -> str:
    """Have Pebble check the database as often as it takes; return the unit's status then."""
    run_check(stage, "fastapi-database")
    return stage.juju.status


def status_after_event(stage: Stage) -> str:
    """Let an ordinary event come; return the unit's status then."""
    stage.juju.dispatch(stage.juju.on.update_status())
    return stage.juju.status
