"""Metrics that alerts name, against the engines of the models that are watched, release by release."""

from collections.abc import Iterator, Sequence

from opsdecl.catalog import engines
from opsdecl.catalog.engine_types import Gone, MetricFacts, NotYet, Replacement
from opsdecl.compile.flag_findings import SHOWN
from opsdecl.compile.lower.monitoring.series import RECORDED
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.compile.watched import base_metric, engine_of
from opsdecl.diag import Code, Diagnostic, Related, Severity, SpecPath
from opsdecl.diag.codes import knowledge as codes
from opsdecl.diag.nearest import nearest
from opsdecl.spec.kinds.monitor import Alert

QUANTILES = frozenset(("p50", "p90", "p95", "p99"))
COUNTED = frozenset(("rate", "increase"))
Listed = tuple[Alert, int, str]
"""An alert, its place in the list, and the metric that it names."""


def metrics_that_do_not_exist(
    scene: Scene, monitor: CompiledDocument, watched: Sequence[CompiledDocument]
) -> Iterator[Diagnostic]:
    """Of metrics that another program offers only people know. What this Monitor records can be named as well."""
    alerts: Sequence[Alert] = monitor.model.spec.alerts
    for index, alert in enumerate(alerts):
        if alert.metric is not None and alert.exporter is None and alert.metric not in RECORDED and watched:
            yield from _check(scene, monitor, (alert, index, alert.metric), watched)


def _check(
    scene: Scene, monitor: CompiledDocument, listed: Listed, watched: Sequence[CompiledDocument]
) -> Iterator[Diagnostic]:
    metric = listed[2]
    prefix, colon, _ = metric.partition(":")
    concerned = [d for d in watched if engine_of(d)[0] == prefix] if colon and engines.has_table(prefix) else watched
    offering = [d for d in concerned if base_metric(metric, *engine_of(d)) is not None]
    if not offering and concerned is not watched and concerned:
        yield from (_missing(scene, monitor, listed, document) for document in concerned)
    elif not offering:
        yield _unknown(scene, monitor, listed, watched)
    elif concerned is not watched:
        rest = [document for document in concerned if document not in offering]
        yield from (_missing(scene, monitor, listed, document) for document in rest)
    for document in offering[:1]:
        facts = engines.known_metrics(*engine_of(document))
        base = base_metric(metric, *engine_of(document)) or metric
        yield from _statistic(scene, monitor, listed, facts[base])
        yield from _labels(scene, monitor, listed, facts[base])


def _missing(scene: Scene, monitor: CompiledDocument, listed: Listed, document: CompiledDocument) -> Diagnostic:
    """Of a metric with the prefix of the model's engine."""
    metric = listed[2]
    engine, version = engine_of(document)
    shown = f"{SHOWN[engine]} {version}"
    answer = engines.metric(engine, version, metric)
    runs = (Related(f"{document.address} runs {shown}", scene.place(document.address, ("runtime", "version"))),)
    certain = engines.standing(engine, version).fit in ("known", "between")
    severity = None if certain else Severity.WARNING
    if isinstance(answer, Gone):
        message = f"`{metric}` is gone from {shown}: it was there until {answer.last}"
        hint = _instead(engine, version, answer.replaced_by) or _nearest(metric, engine, version)
        return _finding(scene, codes.METRIC_REMOVED, monitor, listed, message, hint, runs, severity)
    if isinstance(answer, NotYet):
        message = f"{shown} has no `{metric}`: it comes with {answer.since}"
        hint = f"raise the Runtime to {answer.since} or later, or use another metric"
        return _finding(scene, codes.METRIC_NOT_YET, monitor, listed, message, hint, runs, severity)
    message = f"{shown} has no metric `{metric}`"
    return _finding(
        scene, codes.UNKNOWN_METRIC, monitor, listed, message, _nearest(metric, engine, version), runs, severity
    )


def _instead(engine: str, version: str, replaced: Replacement | None) -> str:
    """What to write in this release; a replacement that is gone as well hands on to its own."""
    if replaced is None:
        return ""
    answer = engines.metric(engine, version, replaced.flag)
    if isinstance(answer, Gone):
        return _instead(engine, version, answer.replaced_by)
    return replaced.hint or f"write `{replaced.flag}` instead"


def _nearest(name: str, engine: str, version: str) -> str:
    close = nearest(name, engines.known_metrics(engine, version))
    return f"did you mean `{close}`?" if close else "remove it, or correct the name"


def _unknown(
    scene: Scene, monitor: CompiledDocument, listed: Listed, watched: Sequence[CompiledDocument]
) -> Diagnostic:
    metric = listed[2]
    running = sorted({engine_of(document)[0] for document in watched})
    known = {name for document in watched for name in engines.known_metrics(*engine_of(document))}
    close = nearest(metric, sorted(known))
    message = f"no watched model offers a metric `{metric}`: they run {', '.join(running)}"
    other = "where another program offers it, name that in `exporter`"
    return _finding(
        scene,
        codes.UNKNOWN_METRIC,
        monitor,
        listed,
        message,
        f"did you mean `{close}`? {other[0].upper()}{other[1:]}" if close else other,
    )


def _statistic(scene: Scene, monitor: CompiledDocument, listed: Listed, facts: MetricFacts) -> Iterator[Diagnostic]:
    """Percentiles are told from histograms, rates from counters, everything else from gauges."""
    alert, index, metric = listed
    part = facts.name != metric
    kind = "counter" if part else facts.type
    fitting = {
        "histogram": QUANTILES,
        "counter": COUNTED,
        "gauge": frozenset(("value", "average", "highest", "lowest")),
    }
    fits = fitting.get(kind)
    if fits is not None and alert.statistic not in fits:
        message = f"`{metric}` is a {kind}, of which no `{alert.statistic}` can be taken"
        at = ("spec", "alerts", index, "statistic" if "statistic" in alert.model_fields_set else "metric")
        hint = f"use one of: {', '.join(sorted(fits))}"
        yield _finding(scene, codes.METRIC_STATISTIC, monitor, listed, message, hint, at=at)
    elif fits is None:
        message = f"`{metric}` is a {kind}, of which only `{facts.name}_count` and `{facts.name}_sum` are sure"
        hint = f"take the rate of `{facts.name}_count`"
        yield _finding(scene, codes.METRIC_STATISTIC, monitor, listed, message, hint)


def _labels(scene: Scene, monitor: CompiledDocument, listed: Listed, facts: MetricFacts) -> Iterator[Diagnostic]:
    """Labels that the metric itself lacks, and that no scrape adds; of some metrics they are not known."""
    alert, index, metric = listed
    if facts.labels is None:
        return
    known = (*facts.labels, "namespace", "pod", "container", "job", "instance")
    for name in alert.labels:
        if name not in known:
            close = nearest(name, known)
            message = f"`{metric}` has no label `{name}`, so no series would be found"
            hint = f"did you mean `{close}`?" if close else f"use one of: {', '.join(known)}"
            yield _finding(
                scene, codes.METRIC_LABEL, monitor, listed, message, hint, at=("spec", "alerts", index, "labels", name)
            )


def _finding(
    scene: Scene,
    code: Code,
    monitor: CompiledDocument,
    listed: Listed,
    message: str,
    hint: str,
    related: tuple[Related, ...] = (),
    severity: Severity | None = None,
    at: SpecPath = (),
) -> Diagnostic:
    place = scene.place(monitor.address, at or ("spec", "alerts", listed[1], "metric"))
    return Diagnostic(
        code, message, at=place, hint=hint, related=related, severity_override=severity, subject=str(monitor.address)
    )
