"""The address that a unit takes from its operating system."""

import socket
from ipaddress import IPv4Address

import pytest

from ingress._address import own_host, own_ip

HOST = "my-app-0.my-app-endpoints.m.svc.cluster.local"


@pytest.fixture(autouse=True)
def _names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda: HOST)
    monkeypatch.setattr(socket, "gethostname", lambda: "my-app-0")


def test_a_pod_is_reached_by_its_name_and_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostbyname", {"my-app-0": "10.1.2.3"}.__getitem__)

    assert own_host() == HOST
    assert own_ip() == IPv4Address("10.1.2.3")


@pytest.mark.parametrize("ip", ["127.0.1.1", "169.254.0.1", "224.0.0.1", "0.0.0.0"])
def test_an_address_that_others_cannot_reach_is_left_out(
    monkeypatch: pytest.MonkeyPatch, ip: str
) -> None:
    monkeypatch.setattr(socket, "gethostbyname", lambda _name: ip)

    assert own_ip() is None


def test_an_address_that_is_not_known_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_name: str) -> str:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "gethostbyname", unknown)

    assert own_ip() is None
