"""What a provider, or an image, writes: it reaches the server unchanged, or it is refused by name."""

from collections.abc import Iterator
from functools import partial

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ops import pebble
from pydantic import TypeAdapter, ValidationError

from databag.checks import SecretText
from environment.simulated_provider import Provider
from environment.stages import Stage, run_stage
from environment.steps import integrate, restarts, status_after_event
from functional.needed import needed

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
PASSWORDS = ("a\u00a0b 👩\u200d💻\tpässwörd $HOME `id` \"' %s\\n#:{}[]&*!|>", "2024-01-01")
VALUES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60),
    *(st.from_regex(form, fullmatch=True) for form in YAML_1_1),
)


@pytest.fixture(scope="module")
def client() -> Iterator[pebble.Client]:
    """A Pebble with nothing in its plan."""
    with needed(), run_stage() as stage:
        yield stage.pebble.client


def accepted(value: str) -> bool:
    try:
        TypeAdapter(SecretText).validate_python(value)
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


def test_a_password_that_can_be_carried_is(stage: Stage, provider: Provider) -> None:
    integrate(stage, provider)
    for value in PASSWORDS:
        secret = provider.rotate(value)
        assert restarts(stage, partial(stage.juju.secret_changed, secret)) == 1, value
        stage.server.wait_until_up()
        assert stage.server.names() is not None, value
        assert restarts(stage, partial(status_after_event, stage)) == 0


def test_a_plan_that_ops_cannot_parse_fails_no_hook_and_goes_with_the_next_good_answer(
    stage: Stage, provider: Provider
) -> None:
    def bend() -> None:
        """Have a plan as an earlier revision may have made it."""
        bad = {"override": "merge", "environment": {"DEMO_SERVER_DB_PASSWORD": "="}}
        layer = yaml.safe_dump({"services": {"fastapi-service": bad}})
        stage.pebble.client.add_layer("fastapi_demo", layer, combine=True)

    integrate(stage, provider)
    bend()
    assert restarts(stage, partial(status_after_event, stage)) == 1
    stage.server.wait_until_up()
    assert stage.juju.status == "active"
    assert stage.server.names() is not None

    bend()
    provider.withdraw()
    assert restarts(stage, stage.juju.relation_changed) == 0, "nobody can tell what it has"
    assert stage.juju.status == "waiting: Waiting for database relation"
    stage.juju.remove_relation()
    assert stage.pebble.environment() == {}
