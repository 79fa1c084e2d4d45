"""The plan: shown, saved, sent, checked and executed. Frozen pydantic models, since it is also a file format."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import Field

from opsdecl.diff.caches import CacheOnNodes
from opsdecl.diff.exceptions import ExceptionChange as ExceptionChange
from opsdecl.diff.exceptions import ExceptionTerms as ExceptionTerms
from opsdecl.diff.model import Model as Model
from opsdecl.diff.model import Origin as Origin

FORMAT_VERSION = 1

Action = Literal["create", "update", "replace", "delete", "adopt", "forget", "noop"]
DONE: Mapping[Action, str] = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "adopt": "adopted",
    "delete": "deleted",
    "forget": "forgotten",
}
"""What was done by each action that does something."""
Cause = Literal["spec", "drift", "both", "tool"]
ChangeClass = Literal[
    "data-loss", "removal", "replace", "behaviour", "capacity", "rolling", "reload", "metadata", "none"
]
CLASSES: tuple[ChangeClass, ...] = get_args(ChangeClass)
"""Worst first."""


class FieldChange(Model):
    """`path` in the object or in the document; a value that is absent on one side is `null` and listed in `absent`.

    `summary` stands in for long texts when people look; the values themselves are always complete.
    """

    path: str
    before: Any = None
    after: Any = None
    absent: tuple[Literal["before", "after"], ...] = ()
    cause: Cause = "spec"
    summary: str = ""
    classes: tuple[ChangeClass, ...] = ()
    reason: str = ""
    origin: Origin | None = None


class ObjectRef(Model):
    api_version: str
    kind: str
    namespace: str
    name: str


class Effects(Model):
    """What a change does to what runs. Counts are ranges over the replicas that may be up: lowest, highest."""

    pods: tuple[int, int] = (0, 0)
    gpus: tuple[int, int] = (0, 0)
    gpu: str = ""
    restart_field: str = ""


class ObjectChange(Model):
    """What one object needs, and why."""

    address: str
    object: ObjectRef
    action: Action
    cause: Cause = "spec"
    classes: tuple[ChangeClass, ...] = ()
    reasons: tuple[str, ...] = ()
    fields: tuple[FieldChange, ...] = ()
    effects: Effects = Effects()
    replaces: ObjectRef | None = None
    """Of a `replace` under another key: the object that goes away."""
    digest_before: str = ""
    digest_after: str = ""
    drifted_by: str = ""
    """Who changed it outside opsdecl, as far as the target knows: author and commit, or a field manager."""
    other_partition: str = ""
    """Where it is handed over: the partition that it comes from (`adopt`, `update`) or goes to (`forget`)."""


class DocumentChange(Model):
    """What a person changed, per document, with what it means. `shared_by` counts the documents a path reaches."""

    address: str
    action: Action
    classes: tuple[ChangeClass, ...] = ()
    fields: tuple[FieldChange, ...] = ()
    effects: Effects = Effects()
    shared_by: dict[str, int] = Field(default={})
    objects: tuple[str, ...] = ()
    """Addresses of the object changes that belong to it."""


class Estimate(Model):
    """A figure with the bounds between which it is believed to lie."""

    low: int | float
    point: int | float
    high: int | float


class MemoryPerGpu(Model):
    """GiB of the GPU with the least room for the cache. The engine may take `requested` of `total`."""

    total: Estimate = Field(alias="totalGiB")
    requested: Estimate = Field(alias="requestedGiB")
    weights: Estimate = Field(alias="weightsGiB")
    activation: Estimate = Field(alias="activationGiB")
    non_torch: Estimate = Field(alias="nonTorchGiB")
    graphs: Estimate = Field(alias="cudaGraphGiB")
    cache: Estimate = Field(alias="kvCacheGiB")


class KvCache(Model):
    """The cache as the engine prints it. `max_concurrency` counts requests of the longest context at once."""

    bytes_per_token: int
    tokens: Estimate
    max_concurrency: Estimate
    needed: float = Field(alias="neededGiB")
    """What one request of the longest context needs."""


class ModelLength(Model):
    """Tokens of a context: what is asked for, and the longest that fits."""

    requested: int
    largest_that_fits: Estimate


Verdict = Literal["fits", "tight", "does-not-fit"]


class ModelFit(Model):
    """One side of a model: what it runs on, and whether it fits. Without a verdict, `reason` says why there is none."""

    verdict: Verdict | None = None
    reason: str = ""
    model: str = ""
    gpu: str = ""
    gpu_count: int = 0
    engine: str = ""
    per_gpu: MemoryPerGpu | None = None
    kv: KvCache | None = None
    max_model_len: ModelLength | None = None


class ModelChange(Model):
    """A language model that changes, or that does not fit for certain; those that fit and stay are only counted. `role`
    is that of pods apart from those that answer. A side that there is not is `null`: the model is new, or goes away, or
    its document before is unknown. `turned_by` is the one field without whose change it would still fit.
    """

    address: str
    role: str = ""
    before: ModelFit | None = None
    after: ModelFit | None = None
    turned_by: str = ""


class MonthlyCost(Model):
    """Of GPUs, in a month of 730 hours: fewest replicas, mean over loads, most replicas."""

    floor: float
    expected: float
    ceiling: float
    currency: str
    price_per_hour: float | None = None
    """Of one GPU; `source` and `as_of` say where it is from. None in sums."""
    source: str = ""
    as_of: str = ""


class RolloutForecast(Model):
    """How the pods of one document are exchanged, with all other rollouts of the change going on.

    `lowest` of `replicas` serve at the worst moment. `seconds` are the quickest and the slowest; none where it stops.
    `waits` is the longest that a pod waits for its GPUs, at the slowest. `wave` counts from 1: one of a later wave gets
    its first GPUs when one of the wave before has ended; 0 where it stops. Each replica takes `gpus` on each of `nodes`
    nodes.
    """

    strategy: Literal["one-more", "one-less", "recreate", "rolling", "scale"]
    replicas: int
    lowest: int
    outcome: Literal["finishes", "may-stop", "stops", "cannot-finish"]
    seconds: tuple[int, int] | None = None
    waits: int = 0
    pools: tuple[str, ...] = ()
    nodes: int = 1
    gpus: int = 0
    wave: int = 0


class RunChange(Model):
    """What a change means for the pods and the money of one document. A cost that nobody knows is `null`.

    `cold_start`: from no replica to the first answer, quickest and slowest seconds, beside images and new nodes.
    """

    address: str
    rollout: RolloutForecast | None = None
    prefill_rollout: RolloutForecast | None = None
    cold_start: tuple[int, int] | None = None
    cost_before: MonthlyCost | None = None
    cost_after: MonthlyCost | None = None


class StartingRun(Model):
    """A run that is started: work that ends. `pods` do it (each of a search is a trial), `at_once` at a time, on `gpus`
    together, for at most `hours` and at most `cost`: both are `null` where nothing bounds them."""

    address: str
    name: str
    pods: int = 1
    trials: bool = False
    at_once: int = 1
    gpus: int = 0
    gpu: str = ""
    hours: float | None = None
    cost: float | None = None
    currency: str = ""


class TrainingFit(Model):
    """Memory of one GPU of a training, in GiB. Without a verdict, `reason` says why there is none."""

    verdict: Verdict | None = None
    reason: str = ""
    total: Estimate | None = Field(default=None, alias="totalGiB")
    needed: Estimate | None = Field(default=None, alias="neededGiB")
    weights: Estimate | None = Field(default=None, alias="weightsGiB")
    gradients: Estimate | None = Field(default=None, alias="gradientsGiB")
    optimizer: Estimate | None = Field(default=None, alias="optimizerGiB")
    activations: Estimate | None = Field(default=None, alias="activationsGiB")
    overhead: Estimate | None = Field(default=None, alias="overheadGiB")


class DocumentRuns(Model):
    """The runs of one document that are started, the size of the volume that is made for them, and their copies."""

    address: str
    runs: tuple[StartingRun, ...]
    volume: str = ""
    fit: TrainingFit | None = None
    cache: CacheOnNodes | None = None


class FleetTotals(Model):
    """Of the whole environment, before and after: GPUs at the fewest and most replicas, and what they cost.

    `before` is `null` where the base is not known. `unpriced` are documents whose GPUs have no known price: they are
    left out of the sums.
    """

    gpus_before: tuple[int, int] | None = None
    gpus_after: tuple[int, int] = (0, 0)
    cost_before: MonthlyCost | None = None
    cost_after: MonthlyCost | None = None
    unpriced: tuple[str, ...] = ()


Topic = Literal["license", "weights", "base-model", "adapter", "adapter-license", "risk-class", "intended-use"]


class TransparencyChange(Model):
    """Something that a model card or a bill of materials says otherwise. `name` is that of the adapter it is about.

    A side that says nothing is `null`. Weights and adapters are shown with their revision or digest.
    """

    address: str
    topic: Topic
    name: str = ""
    before: str | None = None
    after: str | None = None
    classes: tuple[ChangeClass, ...] = ()
    origin: Origin | None = None


class GateState(Model):
    """A gate beside one document that demands evidence. `fields` moved since the newest `evidence`, a file."""

    address: str
    gate: str
    evaluation: str
    state: Literal["open", "closed", "stale"]
    reason: str = ""
    fields: tuple[str, ...] = ()
    evidence: str = ""


class Approval(Model):
    """An approval that the change will need: one per class and group."""

    change_class: ChangeClass
    group: str
    documents: tuple[str, ...] = ()


class Finding(Model):
    """A diagnostic in JSON."""

    code: str
    severity: Literal["note", "warning", "error"]
    title: str = ""
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    hint: str = ""
    subject: str = ""


class Step(Model):
    """One unit of an apply: objects that may go together, in order of their wave."""

    verb: Literal["apply", "wait", "prune", "forget", "record"]
    wave: int
    addresses: tuple[str, ...] = ()


class DesiredRef(Model):
    digest: str


class BaseRef(Model):
    """What the plan was compared with. `digest` is of the objects found there."""

    ref: str = ""
    commit: str = ""
    digest: str = ""
    known: bool = True


class ReleasePlan(Model):
    id: str
    target: str
    partition: str = ""
    """Empty where the environment has none; `none` is the one of documents that name no other."""
    desired: DesiredRef
    base: BaseRef = BaseRef()
    summary: dict[str, int]
    changes: tuple[ObjectChange, ...] = ()
    steps: tuple[Step, ...] = ()


class SourceRef(Model):
    commit: str = ""
    dirty: bool = False
    ref: str = ""


class Plan(Model):
    """One environment, all its releases. The stable part of the JSON is what `schemas/plan.schema.json` publishes."""

    format_version: int = FORMAT_VERSION
    tool_version: str
    mode: Literal["review", "execution"]
    environment: str
    source: SourceRef
    base: BaseRef
    lock_digest: str = ""
    releases: tuple[ReleasePlan, ...]
    documents: tuple[DocumentChange, ...] = ()
    models: tuple[ModelChange, ...] = ()
    verdicts: dict[str, int] = Field(default={})
    """Language models of the environment after the change, by verdict; `not-sized` where there is none."""
    runs: tuple[RunChange, ...] = ()
    """Documents whose pods are exchanged, or that cost something else; in the order of addresses."""
    fleet: FleetTotals | None = None
    """None where no document has GPUs."""
    transparency: tuple[TransparencyChange, ...] = ()
    """What cards and bills of materials of documents that stay say otherwise; in the order of addresses."""
    starting: tuple[DocumentRuns, ...] = ()
    """Runs that are started, by document."""
    gates: tuple[GateState, ...] = ()
    exceptions: tuple[ExceptionChange, ...] = ()
    """Exceptions of policies that come, go or say otherwise; in the order of addresses."""
    approvals: tuple[Approval, ...] = ()
    summary: dict[str, int]
    findings: tuple[Finding, ...] = ()

    @property
    def changes(self) -> tuple[ObjectChange, ...]:
        return tuple(change for release in self.releases for change in release.changes)
