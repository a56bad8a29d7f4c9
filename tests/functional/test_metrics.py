"""What our rules and the dashboard ask for, against what a server shows that has seen everything."""

import pytest

from environment.real_postgresql import PostgreSQL
from environment.simulated_provider import Provider
from environment.stages import run_stage
from environment.steps import integrate
from functional.needed import needed
from observability_expressions import Expression, promql, unknown, unmatched


@pytest.fixture(scope="module")
def metrics(cluster: PostgreSQL) -> str:
    """``/metrics`` after requests of every kind."""
    cluster.stop()
    cluster.start()
    with needed(), run_stage() as stage:
        integrate(stage, Provider(cluster))
        server = stage.server
        assert server.add_name("maksim")
        assert not server.add_name("")  # the client's mistake
        assert server.names()
        cluster.stop()
        assert server.names() is None
        status, text = server.get("/metrics")
        assert status == 200
        return text


def behind(prefix: str, metrics: str) -> str:
    """Have the paths that image 1.0.2 shows behind an ingress. Later images show none."""
    return metrics.replace('path="/', f'path="{prefix}/')


@pytest.mark.parametrize("prefix", ["", "/model-fastapi-demo"])
def test_the_server_shows_all_that_rules_and_dashboard_ask_for(metrics: str, prefix: str) -> None:
    shown = behind(prefix, metrics)

    assert unknown(promql(), shown) == []
    assert unmatched(promql(), shown) == []


@pytest.mark.parametrize(
    "text",
    [
        "rate(starlette_request_total[5m])",
        "sum by (handler) (starlette_requests_total)",
        'starlette_requests_total{code="500"}',
    ],
)
def test_what_the_server_does_not_show_is_found(metrics: str, text: str) -> None:
    assert unknown([Expression("here", text)], metrics)


@pytest.mark.parametrize("matcher", ['path="names"', 'path=~"/name"', 'status_code=~"3.."'])
def test_a_value_that_the_server_does_not_show_is_found(metrics: str, matcher: str) -> None:
    expression = Expression("here", f"starlette_requests_total{{{matcher}}}")

    assert unknown([expression], metrics) == []
    assert unmatched([expression], metrics)
