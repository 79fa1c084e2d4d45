"""What a document asks for and KEDA cannot do."""

from collections.abc import Iterator

from opsdecl.compile.lower.keda.queries import query_of
from opsdecl.compile.lower.native.autoscaling import UTILISATION
from opsdecl.compile.lower.subject import Subject
from opsdecl.diag import Code, Diagnostic, SpecPath
from opsdecl.diag.codes import platforms as codes
from opsdecl.diag.codes import render
from opsdecl.spec.kinds.document import ServedSpec
from opsdecl.spec.kinds.serving import ScalingTarget

_REPLICAS: SpecPath = ("spec", "replicas")
_METRIC: SpecPath = (*_REPLICAS, "target", "metric")


def beyond_keda(subject: Subject, spec: ServedSpec, target: ScalingTarget) -> Iterator[Diagnostic]:
    """Errors: an engine without the metric, no Prometheus to ask, 0 replicas that nothing wakes, and what KEDA itself
    refuses."""
    own, replicas = target.metric in UTILISATION, spec.replicas
    if replicas.lowest == 0 and replicas.wake is None:
        message = "at 0 replicas no engine measures anything, so nothing would ever start the first one"
        hint = "add `wake: {query: …}`, such as the requests that a gateway counts, or set min to 1"
        yield _finding(subject, codes.SCALING_IMPOSSIBLE, (*_REPLICAS, "min"), message, hint)
    if own:
        yield from _utilisation(subject, spec, target)
    elif query_of(subject, target.metric) is None:
        engine = subject.runtime.engine if subject.runtime else "custom"
        message = f"the engine `{engine}` does not measure `{target.metric}`"
        yield _finding(subject, render.METRIC_NOT_OFFERED, _METRIC, message, "scale on cpu or memory")
    asks = not own or (replicas.lowest == 0 and replicas.wake is not None)
    if asks and subject.environment.autoscaling is None:
        path = (*_REPLICAS, "wake", "query") if own else _METRIC
        message = f"KEDA asks Prometheus for it, and `autoscaling` of {subject.environment_name} names none"
        hint = "set `autoscaling: {prometheus: http://…}` in the Environment"
        yield _finding(subject, codes.METRIC_NOT_COLLECTED, path, message, hint)


def _utilisation(subject: Subject, spec: ServedSpec, target: ScalingTarget) -> Iterator[Diagnostic]:
    """Of a share KEDA knows no value to fall back from; and what nothing reserves has no share."""
    if spec.replicas.fallback is not None:
        message = f"KEDA has no fallback for `{target.metric}`, which it does not read itself"
        hint = "remove `fallback`, or scale on a metric of the engine"
        yield _finding(subject, codes.SCALING_IMPOSSIBLE, (*_REPLICAS, "fallback"), message, hint)
    runtime = subject.runtime.resources if subject.runtime else None
    if not any(getattr(each, target.metric, None) for each in (spec.resources, runtime)):
        message = f"`{target.metric}` is a share of what a pod reserves, and this one reserves no {target.metric}"
        hint = f"set resources.{target.metric}"
        yield _finding(subject, codes.SCALING_IMPOSSIBLE, _METRIC, message, hint)


def _finding(subject: Subject, code: Code, path: SpecPath, message: str, hint: str) -> Diagnostic:
    return Diagnostic(code, message, at=subject.place(path), hint=hint, subject=str(subject.document.address))
