"""Kind Monitor: what is watched of models, when somebody is told, and what people look at."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from opsdecl.spec.kinds.declare import Kind, Part, effect, excludes, literal_text, merge_key, reference, selects
from opsdecl.spec.kinds.document import Document
from opsdecl.spec.kinds.measure import Measure
from opsdecl.spec.kinds.metadata import ServedMetadata
from opsdecl.spec.kinds.names import (
    AlertName,
    DnsLabel,
    Items,
    LabelKey,
    LabelValue,
    MetricName,
    NonEmpty,
    Number,
    SeriesLabel,
    WebUrl,
)
from opsdecl.spec.kinds.scalars import Duration
from opsdecl.spec.kinds.serving import Slo

Severity = Literal["critical", "warning", "info"]
Statistic = Literal["value", "average", "highest", "lowest", "rate", "increase", "p50", "p90", "p95", "p99"]
About = Literal["engine", "data-drift", "prediction-drift", "answer-quality", "cost", "other"]

_OTHER_ALERTS = "other alerts are raised"


class Watch(Part):
    """Which models are watched: those that are named, and those with certain labels."""

    llms: Items[DnsLabel] = Field(
        default=(), description="Language models, by name.", json_schema_extra=reference("LLM")
    )
    models: Items[DnsLabel] = Field(
        default=(), description="Classic models, by name.", json_schema_extra=reference("Model")
    )
    labels: Mapping[LabelKey, LabelValue] = Field(
        default={},
        description="Every LLM and Model whose document has all these labels.",
        json_schema_extra=selects("LLM", "Model"),
    )


class Objectives(Part):
    """How the objectives of the models are held: each model's own `slo`, and one for those that have none."""

    window: Duration = Field(
        default=Duration("30d", 30 * 86400.0),
        description="Time over which an objective is kept, and its error budget spent; 7d to 90d.",
    )
    slo: Slo | None = Field(
        default=None, description="Objectives of watched models that say none themselves; a model's own come first."
    )
    fast: Severity = Field(
        default="critical", description="Severity where the budget would be gone within days: look at once."
    )
    slow: Severity = Field(default="warning", description="Severity where it is spent too soon: look this week.")


class Alert(Part):
    """A metric with a bound."""

    name: AlertName = Field(description="Name of the alert, such as `RequestsWait`.")
    about: About = Field(
        default="engine",
        description="What it tells of; alerts and panels are grouped by it. Of a measure, what that is about.",
    )
    metric: MetricName | None = Field(
        default=None,
        description="Metric of the engine in its release, of its server, or of the program that `exporter` names.",
        json_schema_extra=excludes("measure"),
    )
    measure: DnsLabel | None = Field(
        default=None,
        description="Measure of this Monitor whose numbers are looked at, by name.",
        json_schema_extra=excludes("metric", "exporter"),
    )
    exporter: NonEmpty | None = Field(
        default=None, description="Program that offers the metric, where no engine does: a drift job, an evaluation."
    )
    labels: Mapping[SeriesLabel, str] = Field(default={}, description="Labels that the series must have.")
    statistic: Statistic = Field(
        default="value",
        description="What is taken of it: its value, its average, highest or lowest, the rate per second or increase "
        "of a counter, a percentile of a histogram.",
    )
    over: Duration | None = Field(default=None, description="Time that the statistic covers; not for `value`.")
    above: Number | None = Field(default=None, description="Raised while it is above this.")
    below: Number | None = Field(default=None, description="Raised while it is below this.")
    for_: Duration = Field(
        default=Duration("5m", 300.0), alias="for", description="How long it must be so before it is raised."
    )
    severity: Severity = Field(default="warning", description="How much it matters.")
    summary: NonEmpty | None = Field(
        default=None,
        description="What to tell people; `{{ $value }}` and `{{ $labels.… }}` are Prometheus' own.",
        json_schema_extra=literal_text(),
    )
    runbook: WebUrl | None = Field(default=None, description="Page that says what to do; the Monitor's where absent.")


class Scrape(Part):
    """How metrics are fetched."""

    enabled: bool = Field(
        default=True, description="Whether this Monitor has them fetched; one Monitor of each model does."
    )
    interval: Duration = Field(default=Duration("30s", 30.0), description="Time between two looks at a pod.")
    by: Literal["pod", "service"] = Field(
        default="pod",
        description="Whether a PodMonitor finds the pods, or a ServiceMonitor finds them behind the model's Service; "
        "each pod has its own series either way.",
    )


class Dashboard(Part):
    """The picture in Grafana."""

    enabled: bool = Field(default=True, description="Whether there is one.")
    folder: NonEmpty | None = Field(default=None, description="Folder in Grafana; the sidecar's default where absent.")


class MonitorSpec(Part):
    """What is watched, when somebody is told, and what people look at."""

    watch: Watch = Field(
        description="Which models are watched.", json_schema_extra=effect("reload", "other models are watched")
    )
    objectives: Objectives = Field(
        default=Objectives(),
        description="How the objectives of the models are held.",
        json_schema_extra=effect("reload", "alerts are raised at other values"),
    )
    measures: Items[Measure] = Field(
        default=(),
        description="Jobs that measure drift and the quality of answers.",
        json_schema_extra=merge_key("name") | effect("reload", "something else is measured"),
    )
    alerts: Items[Alert] = Field(
        default=(),
        description="Metrics and measures with a bound, beside the objectives.",
        json_schema_extra=merge_key("name") | effect("reload", _OTHER_ALERTS),
    )
    usage: bool = Field(
        default=True,
        description="Whether tokens and cost are recorded, where the engine counts and a price is known.",
        json_schema_extra=effect("reload", "use is recorded differently"),
    )
    scrape: Scrape = Field(
        default=Scrape(),
        description="How metrics are fetched.",
        json_schema_extra=effect("reload", "metrics are fetched differently"),
    )
    dashboard: Dashboard = Field(
        default=Dashboard(),
        description="The picture in Grafana.",
        json_schema_extra=effect("metadata", "people look at another picture"),
    )
    labels: Mapping[SeriesLabel, str] = Field(
        default={},
        description="Labels of every alert, by which they find their receivers.",
        json_schema_extra=effect("reload", "alerts reach other receivers"),
    )
    runbook: WebUrl | None = Field(
        default=None,
        description="Page that says what to do about its alerts.",
        json_schema_extra=effect("metadata", "alerts point to another page"),
    )


class Monitor(Document):
    """What is watched of models, when somebody is told, and what people look at."""

    kind: Literal["Monitor"] = Field(description="Kind of the document.")
    metadata: ServedMetadata = Field(description="Name, owner, labels; the labels are those of its objects, too.")
    spec: MonitorSpec = Field(description="What is watched, when somebody is told, and what people look at.")


EXAMPLE = """\
apiVersion: opsdecl.dev/v1
kind: Monitor
metadata: {name: chat, namespace: assist, owner: team-assist, labels: {release: kube-prometheus-stack}}
spec:
  watch: {llms: [chat]}
  objectives:
    window: 30d
    slo: {ttft: {p95: 1s}, availability: 99.5%}
  alerts:
    - name: RequestsWait
      metric: vllm:num_requests_waiting
      above: 50
      for: 10m
    - {name: AnswersGetWorse, measure: answers, below: 0.8, for: 1h}
  measures:
    - name: answers
      about: answer-quality
      schedule: "7 * * * *"
      image: python:3.13-slim
      current: {log: {type: s3, uri: "s3://logs/chat", credentials: {secret: logs}}, time: at, last: 1d}
      rules: [{name: no-refusal, lacks: "(?i)as an AI"}, {name: json, json: true}]
  runbook: https://runbooks.example/chat
"""

KIND = Kind("Monitor", Monitor, "Objectives, alerts and dashboards of models.", EXAMPLE)
