"""The ScaledObject of a workload. The HorizontalPodAutoscaler that follows from it is KEDA's own."""

from collections.abc import Iterator
from typing import Any

from opsdecl.compile.lower.keda.queries import awake, busy, query_of
from opsdecl.compile.lower.monitoring.series import number
from opsdecl.compile.lower.names import object_name
from opsdecl.compile.lower.native.autoscaling import RATIOS, SCALE_DOWN, SCALE_UP, UTILISATION
from opsdecl.compile.lower.native.deployment import deployed
from opsdecl.compile.lower.native.parts import Workload
from opsdecl.compile.lower.native.replicas import is_autoscaled
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Resource, Traced
from opsdecl.spec.kinds.serving import Replicas, ScalingTarget

ROLE = "scaled-object"
TAKE_OVER = "scaledobject.keda.sh/transfer-hpa-ownership"
WITHOUT_LABELS = "scaledobject.keda.sh/hpa-excluded-labels"
COOLDOWN = 300
"""Seconds, KEDA's own default."""

_REPLICAS = ("spec", "replicas")


def scaled_object(subject: Subject, replicas: Replicas, workload: Workload | None = None) -> Resource | None:
    """None where the number is fixed."""
    target = replicas.target
    if target is None or not is_autoscaled(subject, replicas):
        return None
    scaled = workload or deployed(subject)
    inputs = {"spec": _spec(subject, replicas, target, scaled)}
    return make_resource(
        subject,
        ROLE,
        "keda.sh/v1alpha1",
        "ScaledObject",
        inputs,
        annotations=_annotations(subject),
        depends_on=(subject.address(scaled.role),),
    )


def _annotations(subject: Subject) -> dict[str, Any]:
    """KEDA takes over the autoscaler that scaled the workload before, where there is one, and leaves our labels off its
    own: by those we would take it for ours."""
    return {TAKE_OVER: "true", WITHOUT_LABELS: ",".join(sorted(subject.object_labels))}


def _spec(subject: Subject, replicas: Replicas, target: ScalingTarget, scaled: Workload) -> dict[str, Any]:
    settings, fallback = subject.environment.autoscaling, replicas.fallback
    return {
        "scaleTargetRef": {"apiVersion": scaled.api_version, "kind": scaled.kind, "name": scaled.name},
        "pollingInterval": round(settings.interval.seconds) if settings else None,
        "cooldownPeriod": _cooldown(replicas),
        "minReplicaCount": traced(replicas.lowest, *_REPLICAS, "min"),
        "maxReplicaCount": traced(replicas.highest, *_REPLICAS, "max"),
        "fallback": Traced(
            {"replicas": fallback.replicas, "failureThreshold": fallback.failures}, (*_REPLICAS, "fallback")
        )
        if fallback
        else None,
        "advanced": {
            "horizontalPodAutoscalerConfig": {
                "name": object_name(subject.base, variant=subject.variant),
                "behavior": {"scaleDown": SCALE_DOWN, "scaleUp": SCALE_UP},
            }
        },
        "triggers": [*_triggers(subject, replicas, target)],
    }


def _cooldown(replicas: Replicas) -> Traced | None:
    """KEDA waits before the last replica goes, and only then."""
    seconds = replicas.cooldown.seconds if replicas.cooldown else COOLDOWN
    return traced(round(seconds), *_REPLICAS, "cooldown") if replicas.lowest == 0 else None


def _triggers(subject: Subject, replicas: Replicas, target: ScalingTarget) -> Iterator[Any]:
    """The target; and where the last replica may go, what brings it back and what keeps it."""
    yield Traced(_target(subject, target), (*_REPLICAS, "target"))
    if replicas.lowest == 0 and replicas.wake is not None:
        yield Traced(_prometheus(subject, "wake", awake(replicas.wake), 1), (*_REPLICAS, "wake"))
        asked = busy(subject)
        if asked is not None:
            yield _prometheus(subject, "busy", asked, 1)


def _target(subject: Subject, target: ScalingTarget) -> dict[str, Any]:
    if target.metric in UTILISATION:
        share = {"value": str(round(target.value))}
        return {"type": UTILISATION[target.metric], "metricType": "Utilization", "metadata": share}
    value = target.value / 100 if target.metric in RATIOS else target.value
    return _prometheus(subject, target.metric, query_of(subject, target.metric) or "", value)


def _prometheus(subject: Subject, name: str, query: str, threshold: float) -> dict[str, Any]:
    settings = subject.environment.autoscaling
    metadata = {
        "serverAddress": settings.prometheus if settings else "",
        "query": query,
        "threshold": number(threshold),
    }
    return {"type": "prometheus", "name": name, "metricType": "AverageValue", "metadata": metadata}
