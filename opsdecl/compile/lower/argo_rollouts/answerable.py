"""What an analysis asks of a canary, against who is asked and what the engine measures in its release."""

from collections.abc import Iterator, Mapping

from opsdecl.catalog import engines
from opsdecl.compile.lower.argo_rollouts.analysis import FIELDS, ROLLOUT, prometheus_of
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.watched import base_metric, engine_of, signals_of
from opsdecl.diag import Code, Diagnostic, SpecPath
from opsdecl.diag.codes import analysis as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.spec.kinds.analysis import CanaryMetric, Questions
from opsdecl.spec.kinds.document import ServedSpec

_FITTING: Mapping[str, tuple[str, ...]] = {
    "histogram": ("p50", "p90", "p95", "p99"),
    "counter": ("rate",),
    "gauge": ("average", "highest", "lowest"),
}


def beyond_analysis(subject: Subject, spec: ServedSpec) -> Iterator[Diagnostic]:
    """Errors: nobody to ask, and what the engine does not measure."""
    asked = spec.rollout.asked if spec.rollout.strategy == "canary" else ()
    if asked and prometheus_of(subject) is None:
        message = f"the canary is judged by its metrics, and environment {subject.environment_name} names no Prometheus"
        hint = "add `monitoring: {prometheus: http://…}` to the Environment"
        yield _finding(subject, codes.NOBODY_TO_ASK, (*ROLLOUT, *asked[0][0]), message, hint)
    for path, chosen in asked:
        yield from _objectives(subject, chosen, (*ROLLOUT, *path))
        for index, one in enumerate(chosen.metrics):
            yield from _metric(subject, one, (*ROLLOUT, *path, "metrics", index))


def _objectives(subject: Subject, chosen: Questions, at: SpecPath) -> Iterator[Diagnostic]:
    engine, version = engine_of(subject.document)
    signals = signals_of(engine, version)
    hint = "leave it out, or name a metric that it has in `metrics`"
    if chosen.errors is not None and signals is None:
        message = f"of the engine `{engine}` it is not known which requests fail"
        yield _finding(subject, codes.CANARY_NOT_MEASURED, (*at, "errors"), message, hint)
    for field, name in FIELDS.items():
        if getattr(chosen, field) is not None and (signals is None or not signals.latency_of(name)[0]):
            message = f"the engine `{engine}` offers no histogram of `{name}`"
            yield _finding(subject, codes.CANARY_NOT_MEASURED, (*at, name), message, hint)


def _metric(subject: Subject, one: CanaryMetric, path: SpecPath) -> Iterator[Diagnostic]:
    engine, version = engine_of(subject.document)
    known = engines.known_metrics(engine, version)
    base = base_metric(one.metric, engine, version)
    if base is None:
        message = f"{engine} {version}".strip() + f" has no metric `{one.metric}`"
        hint = did_you_mean(one.metric, known) or "name one of the engine's own metrics in its release"
        yield _finding(subject, codes.CANARY_NOT_MEASURED, (*path, "metric"), message, hint)
        return
    kind = known[base].type if base == one.metric else "counter"
    fitting = _FITTING.get(kind, ())
    if one.statistic not in fitting:
        message = f"`{one.metric}` is a {kind}, of which no `{one.statistic}` can be taken"
        at = (*path, "statistic" if "statistic" in one.model_fields_set else "metric")
        hint = f"use one of: {', '.join(fitting)}" if fitting else f"take the rate of `{base}_count`"
        yield _finding(subject, codes.CANARY_NOT_MEASURED, at, message, hint)


def _finding(subject: Subject, code: Code, path: SpecPath, message: str, hint: str) -> Diagnostic:
    return Diagnostic(code, message, at=subject.place(path), hint=hint, subject=str(subject.document.address))
