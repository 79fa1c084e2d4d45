"""What a document asks for and plain Kubernetes, as it is set up here, cannot give."""

from collections.abc import Iterator

from opsdecl.compile.lower.argo_rollouts.limits import beyond_rollouts
from opsdecl.compile.lower.keda.limits import beyond_keda
from opsdecl.compile.lower.native.autoscaling import UTILISATION, metric_name
from opsdecl.compile.lower.native.replicas import is_autoscaled
from opsdecl.compile.lower.subject import Subject
from opsdecl.diag import Code, Diagnostic, SpecPath
from opsdecl.diag.codes import platforms as platform_codes
from opsdecl.diag.codes import render as codes
from opsdecl.spec.kinds.document import ServedSpec
from opsdecl.spec.kinds.serving import ScalingTarget


def beyond_native(subject: Subject, spec: ServedSpec) -> tuple[Diagnostic, ...]:
    """Errors: canaries, and what no autoscaler of this platform can do."""
    return (*beyond_rollouts(subject, spec), *beyond_scaler(subject, spec))


def beyond_scaler(subject: Subject, spec: ServedSpec) -> Iterator[Diagnostic]:
    """Errors: metrics that nobody offers, and what no autoscaler of this platform can do."""
    target = spec.replicas.target
    if target is None or not is_autoscaled(subject, spec.replicas):
        return
    if subject.environment.platform.scaling == "keda":
        yield from beyond_keda(subject, spec, target)
        return
    if spec.replicas.lowest == 0:
        message = "the autoscaler of Kubernetes keeps at least one replica: at 0 there is none that it could measure"
        hint = "set min to 1, or platform.scaling of the Environment to keda"
        yield _finding(subject, platform_codes.SCALING_IMPOSSIBLE, ("spec", "replicas", "min"), message, hint)
    if target.metric not in UTILISATION:
        yield from _engine_metric(subject, target)


def _engine_metric(subject: Subject, target: ScalingTarget) -> Iterator[Diagnostic]:
    path = ("spec", "replicas", "target", "metric")
    name = subject.environment_name
    if subject.environment.platform.metrics == "none":
        message = f"`{target.metric}` is an engine metric, and platform.metrics is `none` in {name}"
        hint = "set platform.metrics of the Environment to prometheus-adapter, or scale on cpu"
        yield _finding(subject, codes.METRIC_NOT_OFFERED, path, message, hint)
    elif metric_name(subject, target) is None:
        engine = subject.runtime.engine if subject.runtime else "custom"
        message = f"the engine `{engine}` does not measure `{target.metric}`"
        yield _finding(subject, codes.METRIC_NOT_OFFERED, path, message, "scale on cpu or memory")


def _finding(subject: Subject, code: Code, path: SpecPath, message: str, hint: str) -> Diagnostic:
    return Diagnostic(code, message, at=subject.place(path), hint=hint, subject=str(subject.document.address))
