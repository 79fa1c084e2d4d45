"""What a Monitor measures by jobs of its own: drift against a reference dataset, and the quality of logged answers."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field

from opsdecl.spec.kinds.declare import Part, branch, branch_by_type, excludes, literal_text, reference
from opsdecl.spec.kinds.names import DnsLabel, DnsSubdomain, Items, NonEmpty, Number, S3Uri, WebUrl
from opsdecl.spec.kinds.scalars import CpuQuantity, Duration, ImageReference, Quantity, WholeSeconds
from opsdecl.spec.kinds.serving import Resources
from opsdecl.spec.kinds.times import CronSchedule
from opsdecl.spec.kinds.variables import SecretReference, WholeSecret

Measured = Literal["data-drift", "prediction-drift", "answer-quality"]
DriftMethod = Literal["psi", "ks", "wasserstein", "chi2"]
LogFormat = Literal["csv", "jsonl", "parquet"]


class S3Log(Part):
    """A log in an object store."""

    type: Literal["s3"] = Field(description="Copied from an object store.")
    uri: S3Uri = Field(description="Folder that holds the log: `s3://bucket/path`.")
    endpoint: WebUrl | None = Field(default=None, description="Address of the object store where it is not AWS.")
    credentials: WholeSecret | None = Field(
        default=None, description="Secret with `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`."
    )


class ClaimLog(Part):
    """A log on a volume."""

    type: Literal["pvc"] = Field(description="Read from an existing volume.")
    claim: DnsSubdomain = Field(description="PersistentVolumeClaim that holds the log.")
    path: str = Field(default="", description="Folder within the volume; its root where absent.")


class HttpLog(Part):
    """A log behind an address."""

    type: Literal["http"] = Field(description="Fetched from an address, as one file.")
    url: WebUrl = Field(description="Address that answers with the rows.")
    token: SecretReference | None = Field(default=None, description="Bearer token that it demands.")


RequestLog = Annotated[
    Annotated[S3Log, branch("s3")] | Annotated[ClaimLog, branch("pvc")] | Annotated[HttpLog, branch("http")],
    Discriminator(branch_by_type),
]


class CurrentData(Part):
    """What is looked at: a dataset that is refreshed, or a log of requests."""

    dataset: DnsLabel | None = Field(
        default=None,
        description="Dataset with the current data, by name.",
        json_schema_extra=reference("Dataset") | excludes("log"),
    )
    split: NonEmpty | None = Field(default=None, description="Part of the dataset; all of it where absent.")
    log: RequestLog | None = Field(
        default=None,
        description="Log of requests, read anew each time.",
        json_schema_extra=excludes("dataset", "split"),
    )
    files: NonEmpty = Field(default="**/*", description="Files of the log, as a pattern.")
    format: LogFormat = Field(default="jsonl", description="Format of the log's files; a dataset says its own.")
    time: NonEmpty | None = Field(
        default=None, description="Column with the time of a row, as ISO 8601 or in seconds since 1970."
    )
    last: Duration | None = Field(default=None, description="Only rows of this time, up to now, by `time`: `1d`.")


class ReferenceData(Part):
    """What current data should look like: most often what the model was trained on."""

    dataset: DnsLabel = Field(description="Dataset, by name.", json_schema_extra=reference("Dataset"))
    split: NonEmpty | None = Field(default=None, description="Part of it; all of it where absent.")


class AnswerFields(Part):
    """Where question and answer stand in a row of the log; `response.choices.0.message.content` looks inside."""

    question: NonEmpty = Field(default="question", description="Field with what was asked.")
    answer: NonEmpty = Field(default="answer", description="Field with the answer.")


class Judge(Part):
    """A language model that scores answers."""

    llm: DnsLabel = Field(
        description="LLM that judges, by name; it is asked where it is served.", json_schema_extra=reference("LLM")
    )
    instruction: NonEmpty = Field(
        description="What a good answer is, as the judge is told.", json_schema_extra=literal_text()
    )
    worst: Number = Field(default=1, description="Score of the worst answer.")
    best: Number = Field(default=5, description="Score of the best answer.")


class AnswerRule(Part):
    """Something that holds of an answer, or does not; one of its fields says what."""

    name: DnsLabel = Field(description="Name of the rule.")
    matches: NonEmpty | None = Field(
        default=None, description="Regular expression that is found in the answer.", json_schema_extra=literal_text()
    )
    lacks: NonEmpty | None = Field(
        default=None,
        description="Regular expression that is not found in the answer.",
        json_schema_extra=literal_text(),
    )
    equals: NonEmpty | None = Field(
        default=None, description="Field of the row that the answer equals, spaces at its ends aside."
    )
    json_: Literal[True] | None = Field(default=None, alias="json", description="Whether the answer is JSON.")

    @property
    def said(self) -> tuple[str, ...]:
        """Names of the fields that say something; one, where the document is right."""
        values = {"matches": self.matches, "lacks": self.lacks, "equals": self.equals, "json": self.json_}
        return tuple(name for name, value in values.items() if value is not None)


class Measure(Part):
    """A job that measures on a schedule and hands its numbers to Prometheus, through a Pushgateway."""

    name: DnsLabel = Field(description="Name of the measure; alerts name it.")
    about: Measured = Field(description="What is measured.")
    llm: DnsLabel | None = Field(
        default=None,
        description="Watched language model that it is about; the only watched model where absent.",
        json_schema_extra=reference("LLM"),
    )
    model: DnsLabel | None = Field(
        default=None,
        description="Watched classic model that it is about; the only watched model where absent.",
        json_schema_extra=reference("Model"),
    )
    schedule: CronSchedule = Field(description="When to measure, as cron has it, in UTC: `17 * * * *`.")
    valid_for: Duration = Field(
        default=Duration("2d", 2 * 86400.0),
        description="How old a measurement may be; of older ones the alert `…Unknown` is raised.",
    )
    image: ImageReference = Field(description="Image with Python; for drift with pandas and scipy.")
    current: CurrentData = Field(description="What is looked at.")
    least: int = Field(default=30, ge=1, description="Fewest rows that tell anything; of fewer nothing is measured.")
    reference: ReferenceData | None = Field(default=None, description="What drift is measured against.")
    columns: Items[NonEmpty] = Field(
        default=(), description="Columns that are compared; all that both have where absent. Of predictions, their own."
    )
    method: DriftMethod = Field(
        default="psi",
        description="Which number of a column its alerts look at: the population stability index, the statistic of "
        "Kolmogorov and Smirnov, Wasserstein's distance in standard deviations of the reference, or Cramér's V of a "
        "chi-squared test. All that a column has are recorded.",
    )
    fields: AnswerFields = Field(default=AnswerFields(), description="Where question and answer stand in a row.")
    sample: int = Field(default=100, ge=1, le=10_000, description="Most answers that are looked at each time.")
    judge: Judge | None = Field(
        default=None, description="Language model that scores answers.", json_schema_extra=excludes("rules")
    )
    rules: Items[AnswerRule] = Field(
        default=(), description="What must hold of an answer.", json_schema_extra=excludes("judge")
    )
    resources: Resources = Field(
        default=Resources(cpu=CpuQuantity.parse("500m"), memory=Quantity.parse("1Gi")),
        description="CPU and memory of the job.",
    )
    time_limit: WholeSeconds = Field(default=Duration.parse("1h"), description="After this time it ends as failed.")
