"""Kind Tuning: a search for the parameters with which a training does best."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Discriminator, Field

from opsdecl.spec.kinds.dataset import DataStorage
from opsdecl.spec.kinds.declare import Kind, Part, branch, branch_by_type, effect, reference
from opsdecl.spec.kinds.document import Document
from opsdecl.spec.kinds.metadata import ServedMetadata
from opsdecl.spec.kinds.names import DnsLabel, Items, NonEmpty, PositiveNumber, Scalar
from opsdecl.spec.kinds.run import NEXT_RUN, Run
from opsdecl.spec.kinds.scalars import ImageReference, WholeSeconds

_OTHER_SEARCH = effect("behaviour", "other parameters may come out")

AlgorithmName = Literal["random", "grid", "tpe", "bayesian"]


class DoubleRange(Part):
    """Any number between two bounds."""

    type: Literal["double"] = Field(description="`double`.")
    min: float = Field(description="Smallest value.")
    max: float = Field(description="Largest value.")
    step: PositiveNumber | None = Field(default=None, description="Distance of the values that are tried.")
    scale: Literal["linear", "log"] = Field(
        default="linear", description="`log` tries as many values between 0.001 and 0.01 as between 0.01 and 0.1."
    )


class IntRange(Part):
    """Any whole number between two bounds, which are tried as well."""

    type: Literal["int"] = Field(description="`int`.")
    min: int = Field(description="Smallest value.")
    max: int = Field(description="Largest value.")
    step: int = Field(default=1, ge=1, description="Distance of the values that are tried.")
    scale: Literal["linear", "log"] = Field(
        default="linear", description="`log` tries as many values between 1 and 10 as between 10 and 100."
    )


class Choice(Part):
    """One of some values."""

    type: Literal["categorical"] = Field(description="`categorical`.")
    values: Items[Scalar] = Field(min_length=1, description="Values to choose from.")


Space = Annotated[
    Annotated[DoubleRange, branch("double")]
    | Annotated[IntRange, branch("int")]
    | Annotated[Choice, branch("categorical")],
    Discriminator(branch_by_type),
]


class Algorithm(Part):
    """How the next values are chosen."""

    type: AlgorithmName = Field(
        default="tpe",
        description="`random`; `grid`, one combination after the other; `tpe`, near what did well; `bayesian`, by a "
        "model of the objective (platform.tuning `katib`).",
    )
    seed: int | None = Field(
        default=None, ge=0, description="Makes the choices repeatable, where one trial runs at a time."
    )


class Objective(Part):
    """What is searched for."""

    metric: NonEmpty = Field(
        pattern=r"^[A-Za-z0-9_|-]+$",
        description="Name under which the program reports it: a line `auc=0.91` in the file $TRAINING_METRICS.",
    )
    direction: Literal["maximize", "minimize"] = Field(description="Whether more or less is better.")
    goal: float | None = Field(default=None, description="No further trial starts once a trial is this good.")


class EarlyStopping(Part):
    """Trials that end before their time: those worse than the median of the others at the same report."""

    min_trials: int = Field(default=5, ge=1, description="Trials that must be complete before any is stopped.")
    min_reports: int = Field(default=1, ge=1, description="Reports of a trial that are looked at without stopping it.")


class TuningSpec(Part):
    """Which parameters of which training are searched, how, and with how much."""

    training: DnsLabel = Field(
        description="Training whose program a trial runs, with its data, machines and time limit.",
        json_schema_extra=_OTHER_SEARCH | reference("Training"),
    )
    parameters: Mapping[NonEmpty, Space] = Field(
        min_length=1,
        description="Values to try, by parameter; the training has each in its `parameters`.",
        json_schema_extra=_OTHER_SEARCH,
    )
    algorithm: Algorithm = Field(
        default=Algorithm(), description="How the next values are chosen.", json_schema_extra=_OTHER_SEARCH
    )
    objective: Objective = Field(description="What is searched for.", json_schema_extra=_OTHER_SEARCH)
    early_stopping: EarlyStopping | None = Field(
        default=None, description="Whether hopeless trials end early.", json_schema_extra=_OTHER_SEARCH
    )
    trials: int = Field(ge=1, le=10_000, description="Most trials.", json_schema_extra=_OTHER_SEARCH)
    parallel: int = Field(default=1, ge=1, description="Trials at a time.", json_schema_extra=NEXT_RUN)
    failures: int = Field(
        default=3, ge=0, description="The search fails once more trials than this failed.", json_schema_extra=NEXT_RUN
    )
    gpu_hours: PositiveNumber | None = Field(
        default=None,
        description="Most GPU-hours: all trials, each on its GPUs until its time limit, must stay below.",
        json_schema_extra=NEXT_RUN,
    )
    time_limit: WholeSeconds | None = Field(
        default=None,
        description="After this time a trial ends as failed; the training's own limit where absent.",
        json_schema_extra=NEXT_RUN,
    )
    image: ImageReference | None = Field(
        default=None,
        description="Image with Python and Optuna that chooses values, with platform.tuning `job`.",
        json_schema_extra=NEXT_RUN,
    )
    output: DataStorage = Field(
        description="Volume that all trials write to.",
        json_schema_extra=effect("data-loss", "the volume of the trials is made anew"),
    )
    run: Run = Field(default=Run(), description="How runs follow each other.", json_schema_extra=NEXT_RUN)


class Tuning(Document):
    """A search for the parameters with which a training does best."""

    kind: Literal["Tuning"] = Field(description="Kind of the document.")
    metadata: ServedMetadata = Field(description="Name, owner, labels.")
    spec: TuningSpec = Field(description="Which parameters of which training are searched, how, and with how much.")


EXAMPLE = """\
apiVersion: opsdecl.dev/v1
kind: Tuning
metadata: {name: churn-search, namespace: risk, owner: team-risk}
spec:
  training: churn
  parameters:
    max_depth: {type: int, min: 3, max: 12}
    learning_rate: {type: double, min: 0.001, max: 0.3, scale: log}
    booster: {type: categorical, values: [gbtree, dart]}
  algorithm: {type: tpe, seed: 7}
  objective: {metric: auc, direction: maximize, goal: 0.97}
  earlyStopping: {minTrials: 5}
  trials: 24
  parallel: 4
  image: ghcr.io/acme/tuner:2026.11
  output: {size: 20Gi}
"""

KIND = Kind("Tuning", Tuning, "A search for the parameters with which a training does best.", EXAMPLE)
