"""What the charm's unit tests share: a unit of the charm, played by ops.testing."""

import socket

import pytest
from hypothesis import settings
from ops.testing import Context

import charm
from charm import FastAPIDemoCharm

settings.register_profile("unit", deadline=None)
settings.load_profile("unit")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's version is asked for over HTTP, and the pod's name and address are looked up."""
    monkeypatch.setattr(charm, "ask_version", lambda _port: None)
    monkeypatch.setattr(socket, "getfqdn", lambda: "fastapi-demo-0.test")
    monkeypatch.setattr(socket, "gethostbyname", lambda _name: "10.1.2.3")


@pytest.fixture
def ctx() -> Context[FastAPIDemoCharm]:
    """The charm."""
    return Context(FastAPIDemoCharm, juju_version="3.6.4")
