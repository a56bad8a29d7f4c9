"""What the rules and the dashboard select, compared with a server that has seen everything."""

import re

from prometheus_client.parser import text_string_to_metric_families
from promql_parser import Matcher, MatchOp

from environment.real_postgresql import PostgreSQL
from environment.simulated_provider import Provider
from environment.stages import Stage
from environment.steps import integrate
from observability_expressions import expressions, selections

# Prometheus adds them to each series of a Juju unit.
ADDED = {"juju_model", "juju_model_uuid", "juju_application", "juju_charm", "juju_unit", "instance"}


def accepts(matcher: Matcher, value: str) -> bool:
    if matcher.op in (MatchOp.Re, MatchOp.NotRe):
        is_same = re.fullmatch(matcher.value, value) is not None
    else:
        is_same = matcher.value == value
    return is_same == (matcher.op in (MatchOp.Equal, MatchOp.Re))


def missing(metrics: str) -> list[str]:
    """Return the selections in PromQL for which the metrics have no series with all their labels."""
    families = text_string_to_metric_families(metrics)
    series = [(each.name, each.labels) for family in families for each in family.samples]
    series.append(("up", {}))
    return [
        f"{where}: {selector} with {labels}"
        for where, expression in expressions()
        for selector, labels in selections(expression)
        if selector.name
        and not any(
            name == selector.name
            and labels <= shown.keys() | ADDED
            and all(
                accepts(matcher, shown[matcher.name])
                for matcher in selector.matchers.matchers
                if matcher.name not in ADDED
            )
            for name, shown in series
        )
    ]


def test_the_server_shows_all_that_the_rules_and_the_dashboard_select(
    stage: Stage, cluster: PostgreSQL, provider: Provider
) -> None:
    integrate(stage, provider)
    assert stage.server.add_name("maksim")
    assert not stage.server.add_name("")  # the client's mistake
    assert stage.server.names()
    cluster.stop()
    assert stage.server.names() is None
    shown = stage.server.ask("/metrics").text

    # Behind an ingress, image 1.0.2 shows paths with the prefix. Later images show none.
    for metrics in (shown, shown.replace('path="/', 'path="/model-fastapi-demo/')):
        assert missing(metrics) == []
