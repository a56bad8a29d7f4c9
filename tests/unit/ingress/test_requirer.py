"""The requirer in a charm: what it writes, and what the provider's answer comes to."""

import json
import re
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ops.testing import Model, Relation, State
from pydantic import ValidationError

from databag import Answer, Invalid, NotReady, NotRelated, parse
from databag.fuzzing import check, hostile
from ingress import MAX_PORT, HealthCheck, IngressRequirer, Ready, Scheme
from ingress.testing import relation_for_requirer
from unit.databag.one_endpoint import OneEndpoint

META: dict[str, object] = {"name": "my-app", "requires": {"ingress": {"interface": "ingress"}}}
IP = IPv4Address("10.1.2.3")
REQUEST = {
    "model": '"m"',
    "name": '"my-app"',
    "port": "8000",
    "strip-prefix": "true",
    "redirect-https": "false",
    "scheme": '"http"',
}
UNIT = {"host": '"my-app-0.test"', "ip": '"10.1.2.3"'}


def charm(
    port: int = 8000,
    *,
    ip: IPv4Address | IPv6Address | None = IP,
    scheme: Scheme = "http",
    redirect_https: bool = False,
    health_check: HealthCheck | None = None,
) -> OneEndpoint[IngressRequirer]:
    return OneEndpoint(
        lambda charm: IngressRequirer(
            charm,
            "ingress",
            port=lambda: port,
            strip_prefix=True,
            redirect_https=redirect_https,
            scheme=scheme,
            health_check=health_check,
            host=lambda: "my-app-0.test",
            ip=lambda: ip,
        ),
        META,
    )


def written(
    unit: OneEndpoint[IngressRequirer], before: dict[str, str] | None = None, *, leader: bool = True
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what application and unit have written after an event."""
    of_unit = {"ip": '"10.9.9.9"'} if before else {}
    relation = Relation("ingress", local_app_data=before or {}, local_unit_data=of_unit)
    state = State(leader=leader, relations={relation}, model=Model("m"))

    unit.dispatch(unit.on.config_changed(), state)

    return unit.written(relation)


def test_the_request_and_the_address_on_the_wire() -> None:
    """What is no longer asked for is removed; what another library wrote stays."""
    old = REQUEST | {"healthcheck_params": "{}", "future": "1"}

    assert written(charm()) == (REQUEST, UNIT)
    assert written(charm(), leader=False) == ({}, UNIT)
    assert written(charm(ip=None), old) == (REQUEST | {"future": "1"}, {"host": UNIT["host"]})


def test_all_that_can_be_asked_for_on_the_wire() -> None:
    check, ip = HealthCheck(path="/version", interval="10s", timeout="3s"), IPv6Address("fd00::1")

    application, unit = written(
        charm(MAX_PORT, scheme="h2c", redirect_https=True, health_check=check, ip=ip)
    )

    assert application == REQUEST | {
        "port": "65534",
        "scheme": '"h2c"',
        "redirect-https": "true",
        "healthcheck_params": '{"path": "/version", "interval": "10s", "timeout": "3s"}',
    }
    assert unit == UNIT | {"ip": '"fd00::1"'}


@pytest.mark.parametrize("port", [0, -1, MAX_PORT + 1, 70000])
def test_a_port_that_providers_refuse_is_not_asked_for(port: int) -> None:
    """They would remove the route. The host is written all the same: a unit without it blocks all."""
    assert written(charm(port), REQUEST) == (REQUEST, UNIT)
    assert written(charm(port)) == ({}, UNIT)
    assert written(charm(1)) == (REQUEST | {"port": "1"}, UNIT)


WRONG_CHECKS = "path=|path=version|path=/a b|path=/a\n|interval=10|timeout=soon|port=0|scheme=h2c"


@pytest.mark.parametrize("wrong", WRONG_CHECKS.split("|"))
def test_a_health_check_that_traefik_would_refuse_cannot_be_made(wrong: str) -> None:
    key, _, value = wrong.partition("=")

    with pytest.raises(ValidationError, match=key):
        HealthCheck.model_validate({"path": "/", key: value})


def answer(url: object) -> Answer[Ready]:
    return parse(Ready, {"ingress": json.dumps({"url": url})}).answer


ROOT_PATHS = """
http://10.0.0.1/m-my-app        /m-my-app
http://10.0.0.1:8080/m-my-app/  /m-my-app
https://[fd00::1]/a/b           /a/b
https://example.com
https://example.com/
http://h/a/../../b/%2e%2e/c     /c
http://h/\N{SNOWMAN}            /%E2%98%83
"""


@pytest.mark.parametrize("line", ROOT_PATHS.strip().splitlines())
def test_the_root_path_is_the_prefix(line: str) -> None:
    url, *prefix = line.split()
    ready = answer(url)

    assert isinstance(ready, Ready)
    assert ready.root_path == "".join(prefix)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (None, "is missing"),
        (80, "is not a URL"),
        ("", "is not a URL"),
        ("http://me@h/", "names a user"),
        ("http://h/?a", "has a query or a fragment"),
        ("http://h/#a", "has a query or a fragment"),
        *(
            (f"http://h/{path}", "has a path of more than letters, digits and any of - . _ ~ %")
            for path in ("/evil.example", "\\evil.example", "a'b", "$HOME", "%0")
        ),
    ],
)
def test_a_url_that_leads_elsewhere_is_invalid(url: str, reason: str) -> None:
    assert answer(url) == Invalid("ingress.url", reason)


@given(
    st.text(st.sampled_from("/\\.%:@?#'\"&<>$ \t\r\n\0\x7f\N{SNOWMAN}2eEaA"), max_size=30),
    st.sampled_from(["", "http:", "http://h", "http://h/", "https://h:443/a"]),
)
def test_a_root_path_is_always_safe(text: str, start: str) -> None:
    """It stays on its host, and needs no quotes in a page, a header or an environment."""
    ready = answer(start + text)

    if isinstance(ready, Ready):
        root_path = ready.root_path
        assert re.fullmatch(r"(/([A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+)*", root_path)
        assert urlsplit(f"{root_path}/docs").netloc == ""
        assert not {".", ".."} & set(root_path.lower().replace("%2e", ".").split("/"))


@given(hostile(Ready, {"ingress": '{"url": "http://h/"}'}))
def test_any_databag_has_an_answer(databag: dict[str, str]) -> None:
    check(Ready, databag)


@pytest.mark.parametrize("url", ["http://h/a/", "ftp://h", None])
def test_a_charm_reads_the_relations_for_tests(url: str | None) -> None:
    unit, relation = charm(), relation_for_requirer("ingress", url=url)
    event = unit.on.update_status()

    assert unit.dispatch(event, State()).answer == NotRelated()
    read = unit.dispatch(event, State(relations={relation})).answer
    assert read == (answer(url) if url else NotReady(("ingress",)))
