"""The server behind an ingress: what works without a prefix works behind one."""

import http
import json
import re
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

import pytest
from ops.testing import Relation

from environment.demo_server import Reply
from environment.images import ROCK_2_0, Image
from environment.stages import Stage

INGRESS = "ingress"


@pytest.fixture(scope="module")
def image() -> Image:
    """One image is enough."""
    return ROCK_2_0


def ask(stage: Stage, url: str, prefix: str, form: Mapping[str, str] | None = None) -> Reply:
    """Ask for a URL, which a Traefik brings to the server without its prefix, from another pod."""
    wanted, entry = urlsplit(url), urlsplit(prefix)
    assert url.startswith(prefix), f"the ingress does not route {url}"
    headers = {
        "Host": entry.netloc,
        "X-Forwarded-Host": entry.netloc,
        "X-Forwarded-Prefix": entry.path,
        "X-Forwarded-Proto": entry.scheme,
    }
    path = wanted.path.removeprefix(entry.path) or "/"
    return stage.server.ask(path, form, headers, client="127.0.0.2")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_all_that_works_without_a_prefix_works_behind_one(connected: Stage, scheme: str) -> None:
    url = f"{scheme}://gateway.example:8080/model-app"
    answer = {"ingress": json.dumps({"url": url})}
    written = connected.juju.relate(Relation(INGRESS, remote_app_data=answer))
    connected.server.wait_until_up()

    page = ask(connected, f"{url}/docs", url)
    found = re.search(r"url: '([^']*openapi\.json)'", page.text)
    assert found is not None
    description = ask(connected, urljoin(f"{url}/docs", found[1]), url)
    assert json.loads(description.text)["servers"] == [{"url": "/model-app"}]

    redirect = ask(connected, f"{url}/addname", url, {"name": "redirected"})
    assert redirect.location == f"{url}/addname/"
    added = ask(connected, redirect.location, url, {"name": "redirected"})
    assert added.status == http.HTTPStatus.OK
    assert "redirected" in ask(connected, f"{url}/names", url).text

    # Pebble, Prometheus and the ingress check the server itself.
    request: Mapping[str, str] = written.local_app_data
    for path in ("/version", "/metrics", json.loads(request["healthcheck_params"])["path"]):
        assert connected.server.ask(path).status == http.HTTPStatus.OK

    connected.juju.remove_relation_at(INGRESS)
