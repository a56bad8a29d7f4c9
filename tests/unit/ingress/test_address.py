"""The name and the address that a unit takes from its operating system."""

import socket
from ipaddress import ip_address

import pytest

from ingress import own_ip
from ingress._address import own_host


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("10.1.2.3 10.4.5.6", "10.1.2.3"),
        ("fd00::7", "fd00::7"),
        ("fd00::7 10.1.2.3", "10.1.2.3"),
        ("127.0.1.1 fd00::7", "fd00::7"),
        ("fe80::1%eth0 10.1.2.3", "10.1.2.3"),
        ("127.0.1.1 169.254.0.1 224.0.0.1 0.0.0.0 ::1 :: fe80::1%eth0 ff02::1", None),
        ("", None),
    ],
)
def test_an_ipv6_address_is_used_only_where_no_ipv4_address_can_be_reached(
    monkeypatch: pytest.MonkeyPatch, known: str, expected: str | None
) -> None:
    """The pod's hosts file has its name and its addresses."""
    families = {4: socket.AF_INET, 6: socket.AF_INET6}

    def look_up(name: str, *_: object, **__: object) -> list[tuple[int, int, int, str, object]]:
        assert name == "my-app-0"
        if not known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            (families[ip_address(each).version], socket.SOCK_STREAM, 6, "", (each, 0))
            for each in known.split()
        ]

    monkeypatch.setattr(socket, "gethostname", lambda: "my-app-0")
    monkeypatch.setattr(socket, "getaddrinfo", look_up)

    assert own_ip() == (expected and ip_address(expected))


def test_other_pods_reach_a_pod_by_its_full_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda: "my-app-0.my-app-endpoints.test")

    assert own_host() == "my-app-0.my-app-endpoints.test"
