"""What every served model says about running: size, replicas, rollout, objectives, access."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from opsdecl.spec.kinds.analysis import Analysis, Questions, StepAnalysis
from opsdecl.spec.kinds.declare import Part, effect, excludes, literal_text
from opsdecl.spec.kinds.names import (
    CountOrPercentage,
    DnsLabel,
    DnsSubdomain,
    FieldPath,
    Items,
    LabelKey,
    LabelValue,
    NonEmpty,
    PositiveNumber,
)
from opsdecl.spec.kinds.objectives import LatencyObjective
from opsdecl.spec.kinds.scalars import CpuQuantity, Duration, Percentage, Quantity, WholeSeconds

ScalingMetric = Literal[
    "waiting-requests", "running-requests", "kv-cache-usage", "requests-per-second", "cpu", "memory"
]


class Resources(Part):
    """CPU, memory and storage of one replica."""

    cpu: CpuQuantity | None = Field(default=None, description="CPU cores that are reserved.")
    memory: Quantity | None = Field(default=None, description="Memory that is reserved, which is also the limit.")
    shared_memory: Quantity | None = Field(
        default=None, description="Size of /dev/shm; derived from the number of GPUs where absent."
    )
    ephemeral_storage: Quantity | None = Field(default=None, description="Local disk that is reserved.")


class ScalingTarget(Part):
    """The measure that autoscaling holds."""

    metric: ScalingMetric = Field(description="What is measured.")
    value: PositiveNumber = Field(description="Value per replica to hold; percent for cpu, memory and kv-cache-usage.")


class Wake(Part):
    """What starts the first replica where none runs."""

    query: NonEmpty = Field(
        description="Query of Prometheus that has a value also while no replica runs, such as requests at a gateway.",
        json_schema_extra=literal_text(),
    )
    above: float = Field(default=0, ge=0, description="Value above which a replica is started, and kept.")


class Fallback(Part):
    """What holds while the metric cannot be read."""

    replicas: int = Field(ge=0, description="Replicas that run meanwhile.")
    failures: int = Field(default=3, ge=1, description="Looks in a row that must fail before.")


class Replicas(Part):
    """A fixed number of replicas, or a range and what to scale on."""

    count: int | None = Field(
        default=None,
        ge=0,
        description="Fixed number of replicas; excludes min and max.",
        json_schema_extra=excludes("min", "max", "target"),
    )
    min: int | None = Field(default=None, ge=0, description="Fewest replicas.", json_schema_extra=excludes("count"))
    max: int | None = Field(default=None, ge=1, description="Most replicas.", json_schema_extra=excludes("count"))
    target: ScalingTarget | None = Field(default=None, description="What autoscaling between min and max holds.")
    wake: Wake | None = Field(
        default=None, description="What starts the first replica where min is 0; needs platform.scaling `keda`."
    )
    cooldown: Duration | None = Field(
        default=None,
        description="How long nothing must have been asked for before the last replica goes, where min is 0; five "
        "minutes where absent.",
    )
    fallback: Fallback | None = Field(
        default=None, description="What holds while the metric cannot be read; needs platform.scaling `keda`."
    )

    @property
    def lowest(self) -> int:
        """Replicas that always run."""
        return self.min if self.min is not None else self.count if self.count is not None else 1

    @property
    def highest(self) -> int:
        """Replicas that may run."""
        return self.max if self.max is not None else max(self.lowest, 0)

    @property
    def is_range(self) -> bool:
        """Whether an autoscaler has room to move."""
        return self.highest > self.lowest


class CanaryStep(Part):
    """A share of the requests for the new version, and how long it keeps it."""

    weight: int = Field(ge=1, le=99, description="Share of the requests that the new version gets, in percent.")
    pause: WholeSeconds | None = Field(
        default=None, description="How long it keeps this share; until its pods are ready where absent."
    )
    analysis: StepAnalysis | None = Field(
        default=None,
        description="What it must pass with this share, after `pause`; nothing is looked at where absent.",
        json_schema_extra=effect(
            "none", "the next canary is asked something else", gone="the next canary goes on from here unasked"
        ),
    )
    hold: bool = Field(default=False, description="Whether it keeps this share until a person lets it go on.")


class Rollout(Part):
    """How a new version takes over."""

    strategy: Literal["auto", "rolling", "recreate", "canary"] = Field(
        default="auto", description="How pods are exchanged; `auto` picks a way that the GPUs in the pool allow."
    )
    max_surge: CountOrPercentage | None = Field(
        default=None, description="Most pods above the wanted number while rolling."
    )
    max_unavailable: CountOrPercentage | None = Field(
        default=None, description="Most pods missing from the wanted number while rolling."
    )
    traffic_percent: int | None = Field(
        default=None,
        ge=1,
        le=99,
        description="Share of the requests that a canary gets until a person lets it go on, in percent; excludes "
        "steps.",
        json_schema_extra=excludes("steps"),
    )
    steps: Items[CanaryStep] = Field(
        default=(),
        description="Shares of the requests that a canary gets, one after the other, before it gets all of them.",
        json_schema_extra=excludes("trafficPercent"),
    )
    analysis: Analysis | None = Field(
        default=None,
        description="When a canary is taken back by itself; never where absent.",
        json_schema_extra=effect(
            "none", "the next canary is judged by something else", gone="nothing watches the next canary all the way"
        ),
    )
    keep_stable: bool | None = Field(
        default=None,
        description="Whether all pods of the version before run until a canary has all requests, which needs room for "
        "both; where absent, whether the pool's reserve holds them.",
    )

    @property
    def asked(self) -> tuple[tuple[tuple[str | int, ...], Questions], ...]:
        """What is asked of a canary, each below its path in the rollout."""
        steps = ((("steps", index, "analysis"), step.analysis) for index, step in enumerate(self.steps))
        return tuple((path, one) for path, one in ((("analysis",), self.analysis), *steps) if one is not None)


class Disruption(Part):
    """What maintenance of nodes may take away."""

    max_unavailable: CountOrPercentage = Field(default=1, description="Most pods that may be evicted at a time.")


class Drain(Part):
    """How a pod leaves without cutting answers off."""

    longest_generation: Duration = Field(
        description="Longest time that an answer takes; a pod that leaves is given this long."
    )


class Slo(Part):
    """Objectives that the model is held to."""

    ttft: LatencyObjective | None = Field(default=None, description="Time to the first token.")
    inter_token_latency: LatencyObjective | None = Field(default=None, description="Time between two tokens.")
    latency: LatencyObjective | None = Field(default=None, description="Time of a whole request.")
    availability: Percentage | None = Field(default=None, description="Share of requests that are answered.")


class ServiceAccount(Part):
    """The identity of the pods: an existing account, or one made for the model."""

    name: DnsSubdomain | None = Field(default=None, description="Existing service account to use.")
    create: bool = Field(default=False, description="Whether an account is made for the model.")
    annotations: Mapping[LabelKey, str] = Field(
        default={}, description="Annotations of the account that is made, such as a cloud role."
    )


class AccessPeer(Part):
    """Pods that may call the model: of a namespace, with labels, or both."""

    namespace: DnsLabel | None = Field(default=None, description="Namespace of the callers.")
    labels: Mapping[LabelKey, LabelValue] = Field(default={}, description="Labels of the callers' pods.")


class Access(Part):
    """Who may call the model over the network."""

    from_: Items[AccessPeer] = Field(
        default=(), alias="from", description="Callers that are let in; nobody else is where the list is given."
    )


class Patch(Part):
    """A field of a rendered object that the kinds do not model."""

    target: NonEmpty = Field(description="Role of the object, such as `deployment`, `service` or `cache`.")
    path: FieldPath = Field(description="Field of the object, such as `spec.template.spec.hostNetwork`.")
    value: Any = Field(description="Value of the field.")
    reason: NonEmpty = Field(description="Why the patch is there, for whoever reads it next.")
