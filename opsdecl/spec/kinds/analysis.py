"""What is asked of a canary while it takes over, in metrics of its own pods."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from opsdecl.spec.kinds.declare import Part, merge_key
from opsdecl.spec.kinds.names import DnsLabel, Items, MetricName, Number, SeriesLabel
from opsdecl.spec.kinds.objectives import LatencyObjective
from opsdecl.spec.kinds.scalars import Duration, Percentage

CanaryStatistic = Literal["average", "highest", "lowest", "rate", "p50", "p90", "p95", "p99"]


class CanaryMetric(Part):
    """A metric of the engine with one bound."""

    name: DnsLabel = Field(description="Name of what is looked at.")
    metric: MetricName = Field(description="Metric of the engine in its release, or of its server.")
    labels: Mapping[SeriesLabel, str] = Field(default={}, description="Labels that the series must have.")
    statistic: CanaryStatistic = Field(
        default="average", description="What is taken of it, over `over`; counters have a rate, histograms percentiles."
    )
    above: Number | None = Field(default=None, description="Too much while it is above this.")
    below: Number | None = Field(default=None, description="Too little while it is below this.")


class Questions(Part):
    """What is asked of a canary. Where nothing can be told, it waits for a person."""

    errors: Percentage | None = Field(
        default=None, description="Most of its requests that it may answer with an error of its own."
    )
    ttft: LatencyObjective | None = Field(default=None, description="Time to the first token.")
    inter_token_latency: LatencyObjective | None = Field(default=None, description="Time between two tokens.")
    latency: LatencyObjective | None = Field(default=None, description="Time of a whole request.")
    metrics: Items[CanaryMetric] = Field(
        default=(), description="Further metrics with a bound.", json_schema_extra=merge_key("name")
    )
    over: Duration = Field(default=Duration("5m", 300.0), description="Time that each look covers.")
    interval: Duration = Field(default=Duration("1m", 60.0), description="Time between two looks.")
    tolerated: int = Field(
        default=1,
        ge=0,
        description="Looks that may find too much before the canary is taken back, and looks that may find nothing "
        "before it waits for a person.",
    )


class Analysis(Questions):
    """When a canary is taken back by itself, at any time from its first share on."""

    delay: Duration = Field(
        default=Duration("5m", 300.0), description="Time before the first look, once the canary has its first share."
    )


class StepAnalysis(Questions):
    """What a canary must pass before the next share."""

    looks: int = Field(default=5, ge=1, description="How often is looked before the canary goes on.")
    delay: Duration | None = Field(
        default=None,
        description="Time before the first look, once `pause` is over; where absent, what `pause` leaves of `over`.",
    )

    def first_look_s(self, paused_s: float) -> float:
        """Seconds from the end of the pause, which took `paused_s`, to the first look."""
        return self.delay.seconds if self.delay is not None else max(0.0, self.over.seconds - paused_s)
