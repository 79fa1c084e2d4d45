"""HorizontalPodAutoscaler on CPU, memory, or what the engine measures."""

from collections.abc import Mapping
from typing import Any

from opsdecl.compile.lower.native.deployment import deployed
from opsdecl.compile.lower.native.parts import Workload
from opsdecl.compile.lower.native.replicas import is_autoscaled
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Resource, Traced
from opsdecl.spec.kinds.serving import Replicas, ScalingTarget

ROLE = "hpa"
UTILISATION = {"cpu": "cpu", "memory": "memory"}

ENGINE_METRICS: Mapping[tuple[str, str], str] = {
    ("vllm", "waiting-requests"): "vllm_num_requests_waiting",
    ("vllm", "running-requests"): "vllm_num_requests_running",
    ("vllm", "kv-cache-usage"): "vllm_kv_cache_usage_perc",
    ("vllm", "requests-per-second"): "vllm_request_success_per_second",
    ("sglang", "waiting-requests"): "sglang_num_queue_reqs",
    ("sglang", "running-requests"): "sglang_num_running_reqs",
    ("sglang", "kv-cache-usage"): "sglang_token_usage",
    ("triton", "requests-per-second"): "nv_inference_request_success_per_second",
    ("mlserver", "requests-per-second"): "model_infer_request_success_per_second",
}
"""Names under which the metrics adapter offers an engine's metrics: the colon of `vllm:` becomes `_`."""

RATIOS = frozenset(("kv-cache-usage",))
"""Given in percent by people, as a fraction by the engines."""

SCALE_DOWN = {
    "stabilizationWindowSeconds": 300,
    "selectPolicy": "Max",
    "policies": [{"type": "Pods", "value": 1, "periodSeconds": 120}],
}
"""One pod every two minutes, after five calm ones: a pod that was let go costs minutes to load again."""

SCALE_UP = {"stabilizationWindowSeconds": 60, "policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}]}
"""Requests pile up while a pod loads; without bounds the autoscaler would ask for all GPUs at once."""


def autoscaler(subject: Subject, replicas: Replicas, workload: Workload | None = None) -> Resource | None:
    """None where the number is fixed, or another scaler is installed. Scales the Deployment unless another workload is
    named."""
    target = replicas.target
    if target is None or not is_autoscaled(subject, replicas) or subject.environment.platform.scaling != "hpa":
        return None
    scaled = workload or deployed(subject)
    spec = {
        "scaleTargetRef": {"apiVersion": scaled.api_version, "kind": scaled.kind, "name": scaled.name},
        "minReplicas": traced(replicas.lowest, "spec", "replicas", "min"),
        "maxReplicas": traced(replicas.highest, "spec", "replicas", "max"),
        "metrics": [Traced(_metric(subject, target), ("spec", "replicas", "target"))],
        "behavior": {"scaleDown": SCALE_DOWN, "scaleUp": SCALE_UP},
    }
    after = (subject.address(scaled.role),)
    inputs = {"spec": spec}
    return make_resource(subject, ROLE, "autoscaling/v2", "HorizontalPodAutoscaler", inputs, depends_on=after)


def metric_name(subject: Subject, target: ScalingTarget) -> str | None:
    """The metric of this engine, None where it does not offer it."""
    engine = subject.runtime.engine if subject.runtime else "custom"
    return ENGINE_METRICS.get((engine, target.metric))


def _metric(subject: Subject, target: ScalingTarget) -> dict[str, Any]:
    value = traced
    if target.metric in UTILISATION:
        amount = value(round(target.value), "spec", "replicas", "target", "value")
        use = {"type": "Utilization", "averageUtilization": amount}
        return {"type": "Resource", "resource": {"name": UTILISATION[target.metric], "target": use}}
    shown = target.value / 100 if target.metric in RATIOS else target.value
    amount = value(_quantity(shown), "spec", "replicas", "target", "value")
    name = metric_name(subject, target) or target.metric
    pods = {"metric": {"name": name}, "target": {"type": "AverageValue", "averageValue": amount}}
    return {"type": "Pods", "pods": pods}


def _quantity(value: float) -> str:
    """Kubernetes writes fractions in thousandths: 0.8 is 800m."""
    return str(int(value)) if float(value).is_integer() else f"{round(value * 1000)}m"
