"""Kind Training: a run that makes a model, or fine-tunes one, from data."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from opsdecl.spec.kinds.adapter import BaseModel
from opsdecl.spec.kinds.card import Card
from opsdecl.spec.kinds.dataset import DataStorage
from opsdecl.spec.kinds.declare import Kind, Part, effect, reference
from opsdecl.spec.kinds.document import Document
from opsdecl.spec.kinds.engine import SpreadAccelerator
from opsdecl.spec.kinds.metadata import ServedMetadata
from opsdecl.spec.kinds.names import DnsLabel, Items, NonEmpty, PositiveNumber, Scalar
from opsdecl.spec.kinds.recipe import Recipe, Rows, Table
from opsdecl.spec.kinds.run import NEXT_RUN, RunningSpec
from opsdecl.spec.kinds.scalars import Duration, ImageReference, WholeSeconds
from opsdecl.spec.kinds.serving import Resources
from opsdecl.spec.kinds.variables import EnvVars, SecretReference

_OTHER_MODEL = effect("behaviour", "another model comes out")

Framework = Literal["torch", "jax", "sklearn", "xgboost"]
Method = Literal["full", "lora", "qlora"]
Sharding = Literal["ddp", "zero1", "zero2", "zero3", "fsdp"]
Precision = Literal["mixed-bf16", "mixed-fp16", "bf16", "fp32"]
Optimizer = Literal["adamw", "adamw-8bit", "adafactor", "sgd"]


class FineTuning(Part):
    """The model that training starts from, and how much of it is trained."""

    model: BaseModel = Field(
        description="Model to start from: an entry of the catalogue, or its address on a hub.",
        json_schema_extra=_OTHER_MODEL | reference("catalog/models"),
    )
    method: Method = Field(
        default="full",
        description="What is trained: all weights (`full`), low-rank matrices beside them (`lora`), or the same beside "
        "weights in 4 bits (`qlora`).",
    )
    rank: int | None = Field(default=None, ge=1, le=1024, description="Rank of the matrices of `lora` and `qlora`.")
    alpha: PositiveNumber | None = Field(
        default=None, description="Scale of the matrices; twice the rank where absent."
    )
    targets: Items[NonEmpty] = Field(
        default=(), description="Modules that get matrices, such as `q_proj`; all linear ones where absent."
    )
    token: SecretReference | None = Field(
        default=None, description="Access token of the hub for gated models.", json_schema_extra=NEXT_RUN
    )


class Batch(Part):
    """How much each GPU works on at a time."""

    per_device: int = Field(default=1, ge=1, description="Sequences, or rows, of each GPU in one pass.")
    accumulate: int = Field(default=1, ge=1, description="Passes whose gradients are summed before a step.")
    sequence_length: int | None = Field(default=None, ge=1, description="Tokens of the longest sequence.")


class Checkpoints(Part):
    """What a run keeps on the way, so that a pod that is lost does not lose it."""

    every: Duration = Field(description="Time between two checkpoints.")
    keep: int = Field(default=2, ge=1, description="How many are kept.")


class TrainingSpec(RunningSpec):
    """What is trained on what, with which settings, on which machines."""

    framework: Framework = Field(
        description="What the program is written with; it decides how pods find each other.",
        json_schema_extra=_OTHER_MODEL,
    )
    recipe: Recipe = Field(
        default="custom",
        description="What trains: a program of one's own (`custom`), scikit-learn or XGBoost over a table "
        "(`tabular`), or TRL on a language model (`fine-tune`).",
        json_schema_extra=_OTHER_MODEL,
    )
    image: ImageReference = Field(
        description="Image of the program, or with what the recipe needs; the page on training says how to build it. "
        "It needs a shell at /bin/sh.",
        json_schema_extra=_OTHER_MODEL,
    )
    command: Items[str] = Field(
        default=(),
        description="Command of the container, with the recipe `custom`: `[torchrun, train.py]`. It reads $TRAINING "
        "and writes below $TRAINING_OUTPUT.",
        json_schema_extra=_OTHER_MODEL,
    )
    args: Items[str] = Field(default=(), description="Arguments of the command.", json_schema_extra=_OTHER_MODEL)
    env: EnvVars = Field(
        default={}, description="Environment variables of the container.", json_schema_extra=_OTHER_MODEL
    )
    parameters: Mapping[NonEmpty, Scalar] = Field(
        default={},
        description="Settings of the program, such as the learning rate; it finds them in $TRAINING. Those of a recipe "
        "are known, and no others are taken.",
        json_schema_extra=_OTHER_MODEL,
    )
    table: Table | None = Field(
        default=None,
        description="What is learnt from a table, with the recipe `tabular`.",
        json_schema_extra=_OTHER_MODEL,
    )
    rows: Rows | None = Field(
        default=None,
        description="Which rows of the dataset a recipe trains on, and which it measures on.",
        json_schema_extra=_OTHER_MODEL,
    )
    datasets: Items[DnsLabel] = Field(
        default=(),
        description="Datasets that it reads, each below /datasets/<name>; the run waits until they are prepared.",
        json_schema_extra=_OTHER_MODEL | reference("Dataset"),
    )
    base: FineTuning | None = Field(
        default=None, description="Model that training starts from; none where absent.", json_schema_extra=_OTHER_MODEL
    )
    precision: Precision = Field(
        default="mixed-bf16",
        description="Numbers of weights, gradients and optimiser: `mixed-…` keeps a copy of the weights in 32 bits.",
        json_schema_extra=_OTHER_MODEL,
    )
    optimizer: Optimizer = Field(
        default="adamw", description="Optimiser, by which memory is reckoned.", json_schema_extra=_OTHER_MODEL
    )
    batch: Batch = Field(
        default=Batch(), description="How much each GPU works on at a time.", json_schema_extra=_OTHER_MODEL
    )
    sharding: Sharding = Field(
        default="ddp",
        description="What the GPUs share instead of each holding all of it: optimiser state (`zero1`), gradients too "
        "(`zero2`), weights too (`zero3`, `fsdp`).",
        json_schema_extra=NEXT_RUN,
    )
    activation_checkpointing: bool = Field(
        default=False,
        description="Whether activations are reckoned again in the backward pass instead of kept.",
        json_schema_extra=NEXT_RUN,
    )
    accelerator: SpreadAccelerator | None = Field(
        default=None,
        description="GPUs of each node, and how many nodes train together; none where absent.",
        json_schema_extra=NEXT_RUN,
    )
    resources: Resources = Field(
        default=Resources(), description="CPU and memory of each node's pod.", json_schema_extra=NEXT_RUN
    )
    queue: DnsLabel | None = Field(
        default=None,
        description="LocalQueue of Kueue that lets the run start; needs platform.queueing `kueue`.",
        json_schema_extra=NEXT_RUN,
    )
    spot: bool = Field(
        default=False,
        description="Whether it may run on nodes that can be taken away.",
        json_schema_extra=NEXT_RUN,
    )
    time_limit: WholeSeconds = Field(
        description="After this time the run ends as failed; the most that it costs follows from it.",
        json_schema_extra=NEXT_RUN,
    )
    retries: int = Field(
        default=2, ge=0, description="How often pods that fail are tried again.", json_schema_extra=NEXT_RUN
    )
    checkpoints: Checkpoints | None = Field(
        default=None,
        description="What is kept on the way; a pod that is started again finds it and goes on from there.",
        json_schema_extra=NEXT_RUN,
    )
    output: DataStorage = Field(
        description="Volume that checkpoints and the model are written to.",
        json_schema_extra=effect("data-loss", "the volume of the models is made anew"),
    )
    card: Card | None = Field(
        default=None,
        description="What people must know of the model before they rely on it.",
        json_schema_extra=effect("metadata", "the model's card says something else"),
    )

    @property
    def nodes(self) -> int:
        """Pods that train together, one on a node."""
        return self.accelerator.spans if self.accelerator is not None else 1

    @property
    def gpus(self) -> int:
        """Over all nodes."""
        return self.accelerator.gpus if self.accelerator is not None else 0


class Training(Document):
    """A run that makes a model, or fine-tunes one, from data."""

    kind: Literal["Training"] = Field(description="Kind of the document.")
    metadata: ServedMetadata = Field(description="Name, owner, labels.")
    spec: TrainingSpec = Field(description="What is trained on what, with which settings, on which machines.")


EXAMPLE = """\
apiVersion: opsdecl.dev/v1
kind: Training
metadata: {name: churn, namespace: risk, owner: team-risk}
spec:
  framework: xgboost
  image: ghcr.io/acme/churn-train:1.4.0
  command: [python, -m, churn.train]
  parameters: {max_depth: 8, learning_rate: 0.1}
  resources: {cpu: "8", memory: 32Gi}
  timeLimit: 3h
  checkpoints: {every: 30m}
  output: {size: 20Gi}
"""

KIND = Kind("Training", Training, "A run that makes a model, or fine-tunes one, from data.", EXAMPLE)
