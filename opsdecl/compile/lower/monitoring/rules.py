"""Everything that Prometheus evaluates for a Monitor, as rule groups in Prometheus' own form."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opsdecl.compile.lower.monitoring.alerts import alerts_of, down_alert, exported_alerts
from opsdecl.compile.lower.monitoring.measured_alerts import measured_alerts
from opsdecl.compile.lower.monitoring.objectives import burn_alerts, is_measured, objectives_of
from opsdecl.compile.lower.monitoring.recording import recorded
from opsdecl.compile.lower.monitoring.series import DOCUMENT, ENVIRONMENT, Watched
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Traced
from opsdecl.compile.watched import objectives_in
from opsdecl.spec.kinds.monitor import MonitorSpec

Rule = dict[str, Any]


def rule_groups(subject: Subject, spec: MonitorSpec, watched: Sequence[Watched]) -> list[Rule]:
    """One group for each model, so that they are evaluated beside each other; one for the metrics of other programs."""
    groups = [(each.name, tuple(_of_model(subject, spec, each))) for each in watched]
    groups.append(("other programs", tuple(_labelled(subject, spec, rule) for rule in exported_alerts(spec.alerts))))
    return [{"name": f"{subject.base}/{name}", "rules": list(rules)} for name, rules in groups if rules]


def _of_model(subject: Subject, spec: MonitorSpec, watched: Watched) -> Iterator[Rule]:
    own = {DOCUMENT: watched.name, ENVIRONMENT: watched.environment}
    # Of two Monitors that watch a model one has it scraped; recorded by both, each series would be there twice.
    if spec.scrape.enabled:
        # Labels that the series have anyway tell the rules of several models apart.
        yield from (
            {**rule, "labels": {**own, **rule.get("labels", {})}} for rule in recorded(watched, usage=spec.usage)
        )
    alerts: list[Rule] = list(down_alert(watched, spec.objectives.fast))
    for slo, path in objectives_in(spec.objectives.slo, watched.document, watched.root):
        for objective in objectives_of(slo, path):
            if is_measured(watched, objective):
                alerts += burn_alerts(watched, objective, spec.objectives)
    alerts += alerts_of(watched, spec.alerts)
    alerts += measured_alerts(watched, str(subject.document.address), spec)
    # `absent` gives no labels but those of equality, and not in every form: all alerts of a model say whose they are.
    yield from (_labelled(subject, spec, rule, own) for rule in alerts)


def _labelled(subject: Subject, spec: MonitorSpec, rule: Rule, own: Mapping[str, str] | None = None) -> Rule:
    """The alert with the owner, the document's labels and its page."""
    metadata = subject.metadata
    owner = {"owner": Traced(metadata.owner, ("metadata", "owner"))} if metadata.owner else {}
    labels = {name: Traced(value, ("spec", "labels", name)) for name, value in spec.labels.items()}
    runbook = Traced(spec.runbook, ("spec", "runbook")) if spec.runbook else None
    annotations = {"runbook_url": runbook, **{k: v for k, v in rule["annotations"].items() if v is not None}}
    return {**rule, "labels": {**labels, **owner, **(own or {}), **rule["labels"]}, "annotations": annotations}
