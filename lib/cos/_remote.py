"""What Prometheus, Loki and Grafana report about the charm's rules, jobs and dashboards."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import Field

from databag import Json, Lenient, RelationEndpoint, WireModel
from databag.checks import OneLine


@dataclass(frozen=True)
class Objection:
    """An error that a remote application reports."""

    application: str
    """The name of the application that reports it."""
    reason: str
    """Its message, on one line."""


class Fault(WireModel):
    """Grafana's error about one dashboard."""

    dashboard_id: Lenient[OneLine] = ""
    error: Lenient[OneLine] = ""


class Event(WireModel):
    """The errors that the remote application found; none if everything is valid."""

    errors: Lenient[OneLine | tuple[Fault, ...]] = ""
    """Errors in the alert rules, or in the dashboards."""
    scrape_job_errors: Lenient[OneLine] = ""
    """Errors in the scrape jobs."""

    @property
    def reasons(self) -> Iterator[str]:
        """The errors, each on one line."""
        faults = () if isinstance(self.errors, str) else self.errors
        lines = [": ".join(filter(None, (each.dashboard_id, each.error))) for each in faults]
        if isinstance(self.errors, str):
            lines.append(self.errors)
        return filter(None, (*lines, self.scrape_job_errors))


class RemoteApplication(WireModel):
    """What the remote application's leader writes."""

    event: Lenient[Json[Event]] = Field(default_factory=Event)


class CosEndpoint(RelationEndpoint[RemoteApplication]):
    """An endpoint whose remote applications validate what they get, and report errors."""

    @property
    def objections(self) -> tuple[Objection, ...]:
        """The errors that the related applications report."""
        return tuple(
            Objection(relation.app.name, reason)
            for relation, answer in self.answers.items()
            if isinstance(answer, RemoteApplication)
            for reason in answer.event.reasons
        )
