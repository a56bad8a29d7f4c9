"""Steps that many tests begin with, and a question that many end with."""

from collections.abc import Callable

from environment.simulated_provider import Provider
from environment.stages import Stage


def integrate(stage: Stage, provider: Provider) -> None:
    """Deploy and integrate, until the server answers with a database."""
    stage.juju.deploy()
    stage.juju.integrate(provider)
    provider.answer(stage.juju.relation, stage.juju.requested_database)
    stage.juju.relation_changed()
    stage.server.wait_until_up()
    assert stage.juju.status == "active"


def restarts(stage: Stage, happening: Callable[[], None]) -> int:
    """Let something happen; return how often the server was started by it."""
    before = stage.pebble.processes()
    happening()
    return len(stage.pebble.processes() - before)
