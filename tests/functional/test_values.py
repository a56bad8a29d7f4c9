"""What a provider, or an image, writes: it reaches the server unchanged, or it is refused by name."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ops import pebble
from pydantic import TypeAdapter, ValidationError

from environment import tools
from environment.certificates import CertificateAuthority
from environment.real_pebble import Pebble
from environment.simulated_provider import Provider
from environment.stages import Stage
from environment.steps import integrate, restarts
from functional.needed import needed
from postgresql_client._checks import Secret

NOBODY = 65534
# The forms of numbers, dates and operators in YAML 1.1, by which ops reads what Pebble writes.
YAML_1_1 = (
    r"[-+]?[0-9][0-9_]*\.[0-9_]*([eE][-+][0-9]+)?",
    r"\.[0-9][0-9_]*([eE][-+][0-9]+)?",
    r"[-+]?0b[0-1_]+",
    r"[-+]?0x[0-9a-fA-F_]+",
    r"[-+]?[0-9][0-9_]*",
    r"[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+",
    r"[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?([Tt]|[ \t]+)[0-9][0-9]?:[0-9][0-9]:[0-9][0-9]",
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    r"[-+]?\.(inf|Inf|INF)|~|null|yes|No|on|OFF|y|n|=|<<|[-?:,\[\]{}#&*!|>'\"%@`]",
)
VALUES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60),
    *(st.from_regex(form, fullmatch=True) for form in YAML_1_1),
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pebble.Client]:
    """A Pebble with nothing in its plan."""
    with needed():
        daemon = Pebble(tools.pebble(), tmp_path_factory.mktemp("pebble"), {})
    daemon.start()
    yield daemon.client
    daemon.stop()


def accepted(value: str) -> bool:
    try:
        TypeAdapter(Secret).validate_python(value)
    except ValidationError:
        return False
    return True


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(VALUES, min_size=20, max_size=60))
def test_what_is_accepted_comes_back_from_the_plan_as_it_was(
    client: pebble.Client, values: list[str]
) -> None:
    wanted = {f"V{number}": value for number, value in enumerate(filter(accepted, values))}
    layer: pebble.LayerDict = {
        "services": {"s": {"override": "replace", "command": "true", "environment": wanted}}
    }

    client.add_layer("values", pebble.Layer(layer), combine=True)

    assert client.get_plan().services["s"].environment == wanted


@pytest.mark.parametrize(
    "value", ["a\u00a0b", "👩\u200d💻", "a\tb", "12345678", "2024-01-01", "yes"]
)
def test_a_password_that_can_be_carried_is(stage: Stage, provider: Provider, value: str) -> None:
    integrate(stage, provider)

    secret = provider.rotate(value)

    assert restarts(stage, lambda: stage.juju.secret_changed(secret)) == 1
    stage.server.wait_until_up()
    assert stage.server.names() is not None
    assert restarts(stage, lambda: stage.juju.dispatch(stage.juju.on.update_status())) == 0


def test_an_image_whose_layer_ops_cannot_parse_gets_its_server(
    stage: Stage, provider: Provider
) -> None:
    stage.pebble.stop()
    layer = """
services:
  other:
    override: replace
    command: sleep 1000
    environment: {A: "="}
"""
    stage.pebble.start({"001-image.yaml": layer})

    integrate(stage, provider)

    assert stage.server.add_name("maksim")
    assert restarts(stage, lambda: stage.juju.dispatch(stage.juju.on.update_status())) == 0


def test_a_plan_that_ops_cannot_parse_is_left_behind_with_the_next_good_answer(
    stage: Stage, provider: Provider
) -> None:
    integrate(stage, provider)
    bend(stage)

    stage.juju.dispatch(stage.juju.on.update_status())

    stage.server.wait_until_up()
    assert stage.juju.status == "active"
    assert stage.server.names() is not None


def test_a_plan_that_ops_cannot_parse_fails_no_hook(stage: Stage, provider: Provider) -> None:
    integrate(stage, provider)
    bend(stage)
    provider.withdraw()
    before = stage.pebble.processes()

    stage.juju.relation_changed()
    stage.juju.dispatch(stage.juju.on.config_changed())
    stage.juju.dispatch(stage.juju.on.start())
    assert stage.juju.status == "waiting: Waiting for database relation"
    assert stage.pebble.processes() == before, "nobody can tell what it has: it is left alone"

    stage.juju.remove_relation()
    assert stage.pebble.environment() == {}


@pytest.mark.parametrize("content", [b"", b"\xff"])
def test_a_ca_that_was_changed_is_restored(
    stage: Stage, tls_provider: Provider, content: bytes
) -> None:
    path = connect_with_tls(stage, tls_provider)
    text = path.read_text()
    path.write_bytes(content)

    stage.juju.dispatch(stage.juju.on.update_status())

    assert path.read_text() == text


def test_what_somebody_else_put_in_place_of_the_ca_directory_is_left_alone(
    stage: Stage, tls_provider: Provider, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "postgresql-ca-mine.pem").write_text("mine")
    stage.ca_directory.symlink_to(mine)

    integrate(stage, tls_provider)
    tls_provider.announce_ca(CertificateAuthority("a CA"))
    stage.juju.relation_changed()
    assert "cannot write the CA" in stage.juju.status
    assert stage.server.names() is not None, "the server keeps what it had"

    stage.juju.remove_relation()
    assert [file.name for file in mine.iterdir()] == ["postgresql-ca-mine.pem"]
    stage.ca_directory.unlink()


def let_others_write(directory: Path) -> None:
    directory.mkdir()
    directory.chmod(0o777)


def give_away(directory: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory to somebody else")
    directory.mkdir()
    os.chown(directory, NOBODY, NOBODY)


@pytest.mark.parametrize("put", [let_others_write, give_away])
def test_a_directory_where_others_can_change_the_ca_is_not_used(
    stage: Stage, tls_provider: Provider, put: Callable[[Path], None]
) -> None:
    put(stage.ca_directory)

    integrate(stage, tls_provider)
    tls_provider.announce_ca(CertificateAuthority("a CA"))
    stage.juju.relation_changed()

    assert "cannot write the CA" in stage.juju.status
    assert list(stage.ca_directory.iterdir()) == []


def bend(stage: Stage) -> None:
    """Have a plan as an earlier revision may have made it, whose password ops cannot parse."""
    service: pebble.ServiceDict = {
        "override": "merge",
        "environment": {"DEMO_SERVER_DB_PASSWORD": "="},
    }
    layer = pebble.Layer({"services": {"fastapi-service": service}})
    stage.pebble.client.add_layer("fastapi_demo", layer, combine=True)


def connect_with_tls(stage: Stage, provider: Provider) -> Path:
    """Return the file of the CA."""
    integrate(stage, provider)
    provider.announce_ca(CertificateAuthority("a CA"))
    stage.juju.relation_changed()
    return Path(stage.pebble.environment()["PGSSLROOTCERT"])
