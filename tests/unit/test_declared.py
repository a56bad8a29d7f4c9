"""All that ``charmcraft.yaml`` declares is in the code and in the README, too, and says the same there."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pytest
import yaml
from ops.testing import State
from pydantic import BaseModel, Field

from actions import GetDbInfoParams
from charm_state import FastAPIConfig
from postgresql_client.testing import CA, Response, relation_for_requirer
from unit.charm_unit import CONTAINER, Ctx, changed, status, unit

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()

Value = bool | int | float | str


class Option(BaseModel):
    type: Literal["boolean", "int", "float", "string"]
    default: Value


class Config(BaseModel):
    options: dict[str, Option]


class Action(BaseModel):
    params: dict[str, Option] = Field(default_factory=dict)


class Declared(BaseModel):
    """What an operator meets of ``charmcraft.yaml``."""

    config: Config
    actions: dict[str, Action]
    requires: dict[str, object]
    provides: dict[str, object]


DECLARED = Declared.model_validate(yaml.safe_load((ROOT / "charmcraft.yaml").read_text()))
OPTIONS = DECLARED.config.options
ENDPOINTS = [*DECLARED.requires, *DECLARED.provides]
PARAMS: dict[str, type[BaseModel]] = {"get-db-info": GetDbInfoParams}
TYPES: dict[str, type[Value]] = {"boolean": bool, "int": int, "float": float, "string": str}


@dataclass(frozen=True)
class Values:
    """Values of one option to try."""

    right: Value
    """Allowed, and not the default."""
    wrong: tuple[Value, ...]
    allowed: str
    """What a status says that is allowed."""


# Each option has a line here.
VALUES = {
    "server-port": Values(8080, (0, 65536, -(10**30)), "1 to 65535, but not 22"),
    "tls-verification": Values("verify-ca", ("none", "x" * 500), "verify-full or verify-ca"),
}
WRONG = [(option, value) for option, values in VALUES.items() for value in values.wrong]


def shown(value: Value) -> str:
    """Return a value as Juju writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def row(name: str) -> str:
    """Return the row of a table in the README."""
    (found,) = re.findall(rf"^\| `{name}` \|.*$", README, re.MULTILINE)
    return str(found)


def connected(ctx: Ctx) -> State:
    """Return a unit whose plan shows every option."""
    return changed(ctx, unit(relation_for_requirer("database", response=Response(tls_ca=CA))))


def test_every_option_is_a_field_with_the_same_default() -> None:
    fields = FastAPIConfig().model_dump()

    assert fields == {name.replace("-", "_"): each.default for name, each in OPTIONS.items()}


@pytest.mark.parametrize("name", OPTIONS)
def test_the_default_of_an_option_is_of_its_type(name: str) -> None:
    assert type(OPTIONS[name].default) is TYPES[OPTIONS[name].type]


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_is_in_the_readme_with_its_default(name: str) -> None:
    assert row(name).startswith(f"| `{name}` | `{shown(OPTIONS[name].default)}` |")


@pytest.mark.parametrize("name", OPTIONS)
def test_another_value_of_an_option_changes_the_plan(ctx: Ctx, name: str) -> None:
    state = connected(ctx)

    out = ctx.run(ctx.on.config_changed(), replace(state, config={name: VALUES[name].right}))

    assert out.get_container(CONTAINER).plan != state.get_container(CONTAINER).plan
    assert status(out) == "active"


@pytest.mark.parametrize(("name", "wrong"), WRONG)
def test_a_wrong_value_is_told_with_what_is_allowed_and_the_last_one_stays(
    ctx: Ctx, name: str, wrong: Value
) -> None:
    state = replace(connected(ctx), config={name: VALUES[name].right})
    state = ctx.run(ctx.on.config_changed(), state)

    out = ctx.run(ctx.on.config_changed(), replace(state, config={name: wrong}))

    start, _, end = out.unit_status.message.partition(": use ")
    assert out.unit_status.name == "blocked"
    assert start.startswith(f"Invalid {name} '{str(wrong)[:20]}")
    assert end == VALUES[name].allowed
    assert len(out.unit_status.message) < 120
    assert out.get_container(CONTAINER).plan == state.get_container(CONTAINER).plan
    assert out.opened_ports == state.opened_ports


@pytest.mark.parametrize("name", DECLARED.actions)
def test_every_parameter_is_a_field_with_the_same_default(name: str) -> None:
    params = DECLARED.actions[name].params
    fields = PARAMS[name]().model_dump() if name in PARAMS else {}

    assert fields == {param.replace("-", "_"): each.default for param, each in params.items()}


@pytest.mark.parametrize("name", DECLARED.actions)
def test_every_action_is_in_the_readme_with_its_parameters(name: str) -> None:
    params = DECLARED.actions[name].params
    listed = [f"`{param}` ({each.type}, `{shown(each.default)}`)" for param, each in params.items()]

    assert row(name).startswith(f"| `{name}` | {'; '.join(listed)}")


@pytest.mark.parametrize("name", ENDPOINTS)
def test_every_endpoint_is_in_the_readme(name: str) -> None:
    assert re.search(rf"`{name}`|\b{name} relation", README)
