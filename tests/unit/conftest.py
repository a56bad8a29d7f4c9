"""Shared by the unit tests: the charm, in a pod that is simulated by ops.testing."""

import socket

import pytest
from hypothesis import settings
from ops.testing import Context

import charm
from charm import FastAPIDemoCharm
from unit.charm_unit import give_address

settings.register_profile("unit", deadline=None)
settings.load_profile("unit")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every test the same pod: its name, its address, and a server without a version."""
    monkeypatch.setattr(charm, "ask_version", lambda _port: None)
    monkeypatch.setattr(socket, "getfqdn", lambda: "fastapi-demo-0.test")
    give_address(monkeypatch, "10.1.2.3")


@pytest.fixture
def ctx() -> Context[FastAPIDemoCharm]:
    """The charm."""
    return Context(FastAPIDemoCharm, juju_version="3.6.4")
