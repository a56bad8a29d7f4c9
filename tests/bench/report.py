"""The figures: as JSON for a later comparison, as a table, and compared with earlier ones."""

from collections.abc import Iterator, Sequence
from statistics import median

from pydantic import BaseModel, ConfigDict

from bench.life import ANSWER, QUIET


class Cost(BaseModel):
    """What an event costs: medians of the times, of everything else the most there was."""

    model_config = ConfigDict(frozen=True)

    event: str
    wall_ms: float
    cpu_ms: float
    calls: tuple[str, ...]
    writes: int
    restarts: int
    peak_mib: float

    @classmethod
    def of(cls, samples: Sequence["Cost"]) -> "Cost":
        """Bring the costs of one event in many lives together."""
        return cls(
            event=samples[0].event,
            wall_ms=median(sample.wall_ms for sample in samples),
            cpu_ms=median(sample.cpu_ms for sample in samples),
            calls=max((sample.calls for sample in samples), key=len),
            writes=max(sample.writes for sample in samples),
            restarts=max(sample.restarts for sample in samples),
            peak_mib=max(sample.peak_mib for sample in samples),
        )


class Report(BaseModel):
    """The figures of one run of the bench."""

    model_config = ConfigDict(frozen=True)

    charm: str
    python: str
    lives: int
    events: tuple[Cost, ...]
    empty: Cost
    """An empty charm, for the quiet event."""
    cpu_ratio: float
    """CPU of the quiet event, as a multiple of what it cost an empty charm right after it: the
    median of all pairs, since a shared machine is now faster and now slower."""

    def event(self, name: str) -> Cost:
        """Return the cost of one event."""
        return next(cost for cost in self.events if cost.event == name)


def table(report: Report) -> Iterator[str]:
    """Give the lines of what the bench prints."""
    yield f"{report.charm}, Python {report.python}, medians of {report.lives} lives"
    yield ""
    yield (
        f"{'event':18}{'wall ms':>9}{'CPU ms':>9}{'calls':>7}{'writes':>8}{'restarts':>10}"
        f"{'peak MiB':>10}"
    )
    for cost in (*report.events, report.empty):
        yield (
            f"{cost.event:18}{cost.wall_ms:9.0f}{cost.cpu_ms:9.0f}{len(cost.calls):7}"
            f"{cost.writes:8}{cost.restarts:10}{cost.peak_mib:10.1f}"
        )
    yield ""
    yield f"CPU of {QUIET}: {report.cpu_ratio:.2f} times that of an empty charm"
    for name in (QUIET, ANSWER):
        yield f"\nHook tools called on {name}:"
        yield from (f"  {call}" for call in report.event(name).calls)


def differences(earlier: Report, now: Report) -> Iterator[str]:
    """Give a line for each figure that is another one now; of the times, only their ratio."""
    yield f"CPU ratio of {QUIET}: {earlier.cpu_ratio:.2f} -> {now.cpu_ratio:.2f}"
    before = {cost.event: cost for cost in earlier.events}
    for cost in now.events:
        old = before.get(cost.event)
        if old is None:
            yield f"{cost.event}: new"
            continue
        figures = (
            ("hook tool calls", len(old.calls), len(cost.calls)),
            ("Pebble writes", old.writes, cost.writes),
            ("restarts", old.restarts, cost.restarts),
        )
        yield from (f"{cost.event}, {what}: {a} -> {b}" for what, a, b in figures if a != b)
