"""Kind Maintenance: what is looked after of models and data, when, and what is proposed about it as a commit."""

from typing import Literal

from pydantic import Field

from opsdecl.spec.kinds.declare import Kind, Part, effect, reference
from opsdecl.spec.kinds.document import Document
from opsdecl.spec.kinds.metadata import ServedMetadata
from opsdecl.spec.kinds.names import AlertName, DnsLabel, Items, NonEmpty, WebUrl
from opsdecl.spec.kinds.scalars import Duration, ImageReference
from opsdecl.spec.kinds.times import CalendarDate, CronSchedule, DayTime
from opsdecl.spec.kinds.times import GitBranch as Branch
from opsdecl.spec.kinds.variables import WholeSecret

_PROPOSES = effect("none", "other changes are proposed")
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class FollowedData(Part):
    """Data whose source moves; its pin follows."""

    dataset: DnsLabel = Field(
        description="Dataset whose source is a model hub (`hf`) or a git repository (`git-lfs`).",
        json_schema_extra=reference("Dataset"),
    )
    follow: Branch = Field(default="main", description="Branch of the source whose newest commit is taken.")


class FollowedModels(Part):
    """Models of a hub that move; their revision follows."""

    follow: Branch = Field(default="main", description="Branch of their repositories whose newest commit is taken.")
    llms: Items[DnsLabel] = Field(
        default=(), description="LLMs whose `model` follows.", json_schema_extra=reference("LLM")
    )
    trainings: Items[DnsLabel] = Field(
        default=(), description="Trainings whose base model follows.", json_schema_extra=reference("Training")
    )


class FollowedEngines(Part):
    """Engines of Runtimes, which follow the releases that this version of opsdecl knows."""

    update: Literal["patch", "minor", "none"] = Field(
        default="patch", description="How far a version may go by itself: its last number, or the one before too."
    )
    runtimes: Items[DnsLabel] = Field(
        min_length=1, description="Runtimes that follow.", json_schema_extra=reference("Runtime")
    )


class Retraining(Part):
    """A training that is run once more."""

    training: DnsLabel = Field(
        description="Training whose `run.attempt` is raised.", json_schema_extra=reference("Training")
    )
    every: Duration | None = Field(
        default=None, description="Once the last commit that changed the training is this old: `30d`."
    )
    alerts: Items[AlertName] = Field(default=(), description="When one of these alerts of `monitor` is raised.")
    monitor: DnsLabel | None = Field(
        default=None, description="Monitor whose alerts these are.", json_schema_extra=reference("Monitor")
    )
    not_within: Duration = Field(
        default=Duration("7d", 7 * 86400.0), description="Not for an alert while the last change is younger than this."
    )


class Window(Part):
    """Times at which engines and models may be proposed to move, in UTC."""

    days: Items[Weekday] = Field(default=(), description="Days of the week; all where absent.")
    from_: DayTime = Field(default="00:00", alias="from", description="Begin: `08:00`.")
    to: DayTime = Field(default="24:00", description="End: `16:00`.")


class EndOfLife(Part):
    """A day after which models should serve no more."""

    date: CalendarDate = Field(description="The last day, in quotes: `'2027-03-31'`.")
    llms: Items[DnsLabel] = Field(default=(), description="LLMs that end then.", json_schema_extra=reference("LLM"))
    models: Items[DnsLabel] = Field(
        default=(), description="Models that end then.", json_schema_extra=reference("Model")
    )
    warn: Duration = Field(
        default=Duration("60d", 60 * 86400.0), description="How long before that plans begin to warn."
    )
    then: Literal["warn", "refuse"] = Field(
        default="warn", description="Whether a plan after that day still warns, or has an error."
    )


class GitRepository(Part):
    """The repository that proposals are pushed to, as branches."""

    url: WebUrl = Field(description="Address of the repository.")
    branch: Branch = Field(default="main", description="Branch that proposals are made upon.")
    credentials: WholeSecret | None = Field(
        default=None, description="Secret with `username` and `password` that may push branches."
    )
    push_options: Items[NonEmpty] = Field(
        default=(), description="Options of the push, by which a forge opens a request: `merge_request.create`."
    )


class MaintenanceSpec(Part):
    """What is looked after, when, and where proposals go."""

    schedule: CronSchedule = Field(
        description="When to look, as cron has it, in UTC: `17 4 * * 1`.", json_schema_extra=_PROPOSES
    )
    image: ImageReference = Field(
        description="Image with opsdecl, git and a shell.", json_schema_extra=effect("none", "only proposals are made")
    )
    repository: GitRepository = Field(description="Where proposals go.", json_schema_extra=_PROPOSES)
    data: Items[FollowedData] = Field(
        default=(), description="Data that follows its source.", json_schema_extra=_PROPOSES
    )
    models: FollowedModels = Field(
        default=FollowedModels(), description="Models that follow their hub.", json_schema_extra=_PROPOSES
    )
    engines: FollowedEngines | None = Field(
        default=None, description="Engines that follow their releases.", json_schema_extra=_PROPOSES
    )
    retrain: Items[Retraining] = Field(
        default=(), description="Trainings that are run once more.", json_schema_extra=_PROPOSES
    )
    alertmanager: WebUrl | None = Field(
        default=None, description="Alertmanager that is asked for raised alerts.", json_schema_extra=_PROPOSES
    )
    window: Window | None = Field(
        default=None,
        description="When engines and models may be proposed to move; at any time where absent.",
        json_schema_extra=_PROPOSES,
    )
    end_of_life: EndOfLife | None = Field(
        default=None,
        description="A day after which models should serve no more.",
        json_schema_extra=effect("none", "only what plans say changes"),
    )


class Maintenance(Document):
    """What is looked after of models and data, when, and what is proposed about it."""

    kind: Literal["Maintenance"] = Field(description="Kind of the document.")
    metadata: ServedMetadata = Field(description="Name, owner, labels.")
    spec: MaintenanceSpec = Field(description="What is looked after, when, and where proposals go.")


EXAMPLE = """\
apiVersion: opsdecl.dev/v1
kind: Maintenance
metadata: {name: claims, namespace: risk, owner: team-risk}
spec:
  schedule: "17 4 * * 1-5"
  image: ghcr.io/acme/opsdecl:0.1.0
  repository:
    url: https://git.example/acme/models.git
    credentials: {secret: git-bot}
    pushOptions: [merge_request.create]
  data: [{dataset: claims}]
  models: {llms: [chat], trainings: [claims-labels]}
  engines: {update: patch, runtimes: [vllm]}
  retrain:
    - {training: claims-labels, every: 90d, monitor: claims, alerts: [InputsDrift]}
  alertmanager: http://alertmanager.monitoring:9093
  window: {days: [tue, wed, thu], from: "08:00", to: "14:00"}
  endOfLife: {date: "2027-06-30", llms: [chat], then: refuse}
"""

KIND = Kind("Maintenance", Maintenance, "What moves by proposal: data, models, engines, retraining; ends.", EXAMPLE)
