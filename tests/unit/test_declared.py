"""``charmcraft.yaml``, the code and docs/reference.md declare the same options, actions and endpoints."""

import re
from pathlib import Path
from typing import Literal

import pytest
import yaml
from pydantic import BaseModel, Field

from actions import GetDbInfoParams
from charm_state import FastAPIConfig
from postgresql_client.testing import CA, Response, relation_for_requirer
from unit.charm_unit import Ctx, changed, configured, environment, new_unit, plan, removed, status

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "docs" / "reference.md").read_text()

Value = bool | int | float | str


class Option(BaseModel):
    type: Literal["boolean", "int", "float", "string"]
    default: Value


class Config(BaseModel):
    options: dict[str, Option]


class Action(BaseModel):
    params: dict[str, Option] = Field(default_factory=dict)


class Endpoint(BaseModel):
    interface: str


class Declared(BaseModel):
    """The part of ``charmcraft.yaml`` that operators use."""

    config: Config
    actions: dict[str, Action]
    requires: dict[str, Endpoint]
    provides: dict[str, Endpoint]


DECLARED = Declared.model_validate(yaml.safe_load((ROOT / "charmcraft.yaml").read_text()))
OPTIONS = DECLARED.config.options
ENDPOINTS = [
    *(("requires", name, endpoint.interface) for name, endpoint in DECLARED.requires.items()),
    *(("provides", name, endpoint.interface) for name, endpoint in DECLARED.provides.items()),
]
PARAMS: dict[str, type[BaseModel]] = {"get-db-info": GetDbInfoParams}
TYPES: dict[str, type[Value]] = {"boolean": bool, "int": int, "float": float, "string": str}


# A line for each option: a valid value that is not the default, invalid values, and what a status
# says that is allowed.
VALUES: dict[str, tuple[int | str, tuple[int | str, ...], str]] = {
    "server-port": (8080, (0, 65536, -(10**30)), "1 to 65535, but not 22, 38812, 38813, 65301"),
    "tls-verification": ("verify-ca", ("none", "x" * 500), "verify-full or verify-ca"),
}


def shown(value: Value) -> str:
    """Return a value as Juju writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def row(name: str) -> str:
    """Return the row of a table in the reference."""
    (found,) = re.findall(rf"^\| `{name}` \|.*$", REFERENCE, re.MULTILINE)
    return str(found)


def test_every_option_is_a_field_with_the_same_default() -> None:
    fields = FastAPIConfig().model_dump()

    assert fields == {name.replace("-", "_"): each.default for name, each in OPTIONS.items()}


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_is_in_the_reference_with_its_default(name: str) -> None:
    default = OPTIONS[name].default

    assert type(default) is TYPES[OPTIONS[name].type]
    assert row(name).startswith(f"| `{name}` | `{shown(default)}` |")


@pytest.mark.parametrize(
    ("name", "invalid"), [(name, value) for name in VALUES for value in VALUES[name][1]]
)
def test_an_option_changes_the_plan_and_an_invalid_value_changes_nothing(
    ctx: Ctx, name: str, invalid: int | str
) -> None:
    valid, _, allowed = VALUES[name]
    related = relation_for_requirer("database", response=Response(tls_ca=CA))
    default = changed(ctx, new_unit(related))

    state = configured(ctx, default, {name: valid})
    assert plan(state) != plan(default)
    assert status(state) == "active"

    out = configured(ctx, state, {name: invalid})
    start, _, end = out.unit_status.message.partition(": use ")
    assert out.unit_status.name == "blocked"
    assert start.startswith(f"Invalid {name} '{str(invalid)[:20]}")
    assert end == allowed
    assert len(out.unit_status.message) < 120
    assert plan(out) == plan(state)
    assert out.opened_ports == state.opened_ports
    assert environment(removed(ctx, out, "database")) == {}, "the unit follows all other changes"


@pytest.mark.parametrize("name", DECLARED.actions)
def test_every_parameter_is_a_field_with_the_same_default(name: str) -> None:
    params = DECLARED.actions[name].params
    fields = PARAMS[name]().model_dump() if name in PARAMS else {}

    assert fields == {param.replace("-", "_"): each.default for param, each in params.items()}


@pytest.mark.parametrize("name", DECLARED.actions)
def test_every_action_is_in_the_reference_with_its_parameters(name: str) -> None:
    params = DECLARED.actions[name].params
    listed = [f"`{param}` ({each.type}, `{shown(each.default)}`)" for param, each in params.items()]

    assert row(name).startswith(f"| `{name}` | {'; '.join(listed)}")


@pytest.mark.parametrize(("side", "name", "interface"), ENDPOINTS)
def test_every_endpoint_is_in_the_reference_with_its_interface(
    side: str, name: str, interface: str
) -> None:
    assert row(name).startswith(f"| `{name}` | {side} | `{interface}` |")
