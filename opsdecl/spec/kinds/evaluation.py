"""Kind Evaluation: models, measured on data in runs of their own; what comes out is evidence."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from opsdecl.spec.kinds.declare import Example, Kind, Part, effect, literal_text, merge_key, reference
from opsdecl.spec.kinds.document import Document
from opsdecl.spec.kinds.engine import Accelerator
from opsdecl.spec.kinds.metadata import ServedMetadata
from opsdecl.spec.kinds.names import DnsLabel, Items, NonEmpty, Number, Scalar
from opsdecl.spec.kinds.run import NEXT_RUN, RunningSpec
from opsdecl.spec.kinds.scalars import Duration, ImageReference, WholeSeconds
from opsdecl.spec.kinds.serving import Resources
from opsdecl.spec.kinds.variables import EnvVars

_OTHER = effect("metadata", "something else is measured")
_JUDGED = effect("metadata", "what was measured is judged differently")

Recipe = Literal["custom", "tabular", "llm", "attribution"]
Direction = Literal["maximize", "minimize"]


class Candidate(Part):
    """A model that is measured: one that is served, or what comes out of a training."""

    model: DnsLabel | None = Field(
        default=None, description="Classic model, by name.", json_schema_extra=reference("Model")
    )
    llm: DnsLabel | None = Field(
        default=None,
        description="Language model, by name; it is asked where it is served.",
        json_schema_extra=reference("LLM"),
    )
    training: DnsLabel | None = Field(
        default=None, description="Training whose model is measured, by name.", json_schema_extra=reference("Training")
    )
    adapter: DnsLabel | None = Field(
        default=None, description="Adapter of the language model that is asked; the model itself where absent."
    )

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """Kind and name of what is measured; one, where the document is right."""
        pairs = (("Model", self.model), ("LLM", self.llm), ("Training", self.training))
        return tuple((kind, name) for kind, name in pairs if name is not None)

    @property
    def document(self) -> str:
        """`LLM.chat`."""
        return ".".join(self.named[0])

    @property
    def label(self) -> str:
        """`llm-chat-legal`: what its run is called."""
        kind, name = self.named[0]
        return "-".join(part for part in (kind.lower(), name, self.adapter) if part)


class Metric(Part):
    """A number that the evaluation gives."""

    name: NonEmpty = Field(description="Name of the metric, as the program reports it: `roc_auc`.")
    direction: Direction = Field(default="maximize", description="Whether more is better, or less.")


class Threshold(Part):
    """What a metric must reach, by itself or beside the version in use."""

    metric: NonEmpty = Field(description="Name of the metric.")
    min: Number | None = Field(default=None, description="Least value.")
    max: Number | None = Field(default=None, description="Greatest value.")
    against: Literal["current"] | None = Field(
        default=None,
        description="What it is compared with: the version that the environment uses until now, by its own evidence.",
    )
    tolerance: Number = Field(
        default=0, ge=0, description="How much worse than that it may be, in the metric's own unit."
    )


class Selection(Part):
    """Which of the candidates is the best."""

    metric: NonEmpty = Field(description="Metric that decides, in its direction; of equal ones the first candidate.")
    constraints: Items[Threshold] = Field(
        default=(), description="What candidates must reach beside the thresholds in order to be chosen."
    )
    into: DnsLabel | None = Field(
        default=None,
        description="Document of the winner's kind that takes over what makes its answers; the winner where absent.",
    )


class EvaluationSpec(RunningSpec):
    """What is measured, on which data, with which program, and what it must reach."""

    candidates: Items[Candidate] = Field(
        min_length=1, description="Models that are measured, each in a run of its own.", json_schema_extra=_OTHER
    )
    recipe: Recipe = Field(
        default="custom",
        description="What measures: a program of one's own (`custom`), scikit-learn over a table (`tabular`), "
        "lm-evaluation-harness against the endpoint (`llm`), or what says how much each column of a table moves the "
        "answers (`attribution`), by SHAP or, of PyTorch models, Captum: metrics are then names of columns.",
        json_schema_extra=_OTHER,
    )
    image: ImageReference = Field(
        description="Image of the program, or with what the recipe needs; the page on evaluation says how to build it.",
        json_schema_extra=_OTHER,
    )
    command: Items[str] = Field(
        default=(),
        description="Command of the container, with the recipe `custom`. It reads $EVALUATION and writes "
        "$EVALUATION_RESULT.",
        json_schema_extra=_OTHER,
    )
    args: Items[str] = Field(default=(), description="Arguments of the command.", json_schema_extra=_OTHER)
    env: EnvVars = Field(default={}, description="Environment variables of the container.", json_schema_extra=_OTHER)
    parameters: Mapping[NonEmpty, Scalar] = Field(
        default={},
        description="Settings of the program: `target` of a table, `tasks` of the harness, `method` of an attribution; "
        "it finds them in $EVALUATION.",
        json_schema_extra=_OTHER,
    )
    prompts: Mapping[NonEmpty, NonEmpty] = Field(
        default={},
        description="Prompts by name, as the program uses them; the evidence names them by digest.",
        json_schema_extra=_OTHER | literal_text(),
    )
    dataset: DnsLabel | None = Field(
        default=None,
        description="Dataset to measure on; the run waits until it is prepared and checked.",
        json_schema_extra=_OTHER | reference("Dataset"),
    )
    split: NonEmpty | None = Field(
        default=None, description="Split of the dataset; all of it where absent.", json_schema_extra=_OTHER
    )
    metrics: Items[Metric] = Field(
        min_length=1, description="Numbers that come out.", json_schema_extra=merge_key("name") | _OTHER
    )
    thresholds: Items[Threshold] = Field(
        default=(), description="What the metrics must reach.", json_schema_extra=_JUDGED
    )
    selection: Selection | None = Field(
        default=None,
        description="Which of the candidates is the best.",
        json_schema_extra=effect("metadata", "the winner is chosen differently"),
    )
    accelerator: Accelerator | None = Field(
        default=None, description="GPUs of each run; none where absent.", json_schema_extra=NEXT_RUN
    )
    resources: Resources = Field(
        default=Resources(), description="CPU and memory of each run.", json_schema_extra=NEXT_RUN
    )
    time_limit: WholeSeconds = Field(
        default=Duration.parse("2h"), description="After this time a run ends as failed.", json_schema_extra=NEXT_RUN
    )
    retries: int = Field(
        default=1, ge=0, description="How often a run that fails is tried again.", json_schema_extra=NEXT_RUN
    )


class Evaluation(Document):
    """Models, measured on data; what comes out is evidence."""

    kind: Literal["Evaluation"] = Field(description="Kind of the document.")
    metadata: ServedMetadata = Field(description="Name, owner, labels.")
    spec: EvaluationSpec = Field(description="What is measured, on which data, and what it must reach.")


EXAMPLE = """\
apiVersion: opsdecl.dev/v1
kind: Evaluation
metadata: {name: churn-quality, namespace: risk, owner: team-risk}
spec:
  candidates: [{model: churn}]
  recipe: tabular
  image: ghcr.io/acme/evaluate-tabular:1.0.0
  dataset: customers
  split: test
  parameters: {target: left}
  metrics: [{name: roc_auc}, {name: log_loss, direction: minimize}]
  thresholds:
    - {metric: roc_auc, min: 0.8}
    - {metric: log_loss, against: current, tolerance: 0.02}
  selection: {metric: roc_auc}
  resources: {cpu: "2", memory: 4Gi}
"""

ATTRIBUTION = Example(
    "What a model's answers follow, explained with SHAP; where they follow the age of customers, a gate is closed:",
    """\
apiVersion: opsdecl.dev/v1
kind: Evaluation
metadata: {name: churn-reasons, namespace: risk, owner: team-risk}
spec:
  candidates: [{model: churn}]
  recipe: attribution
  image: ghcr.io/acme/explain-table:1.0.0
  dataset: customers
  parameters: {target: left, scale: share}
  metrics: [{name: late}, {name: calls}, {name: age, direction: minimize}, {name: (others)}]
  thresholds: [{metric: age, max: 0.05}]
""",
)

GRADIENTS = Example(
    "The same of a model in PyTorch, with Captum; `IntegratedGradients` is the method where none is named:",
    """\
apiVersion: opsdecl.dev/v1
kind: Evaluation
metadata: {name: default-reasons, namespace: risk, owner: team-risk}
spec:
  candidates: [{model: default}]
  recipe: attribution
  image: ghcr.io/acme/explain-torch:1.0.0
  dataset: loans
  parameters: {method: ShapleyValueSampling, scale: share}
  metrics: [{name: income}, {name: age, direction: minimize}, {name: (others)}]
  thresholds: [{metric: age, max: 0.05}]
""",
)

KIND = Kind(
    "Evaluation",
    Evaluation,
    "Models, measured on data; what comes out is evidence.",
    EXAMPLE,
    (ATTRIBUTION, GRADIENTS),
)
