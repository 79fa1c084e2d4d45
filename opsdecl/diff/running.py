"""What runs because of a workload: pods and GPUs, as ranges over the replicas that may be up."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from opsdecl.diff.rules import kind_rule
from opsdecl.diff.types import Effects

Range = tuple[int, int]
ScaledKey = tuple[str, str, str]
"""Namespace, kind and name of what an autoscaler scales."""
ScaledRanges = Mapping[ScaledKey, Range]
Templates = tuple[tuple[int, Mapping[str, Any]], ...]
"""Pod templates, each with the number of its pods in a replica."""

_GPU = re.compile(r"(?:[a-z0-9.-]+/)?(?:gpu(?:\.shared)?|mig-[a-z0-9.]+|xe|i915|gaudi|neuron(?:core|device)?|tpu)")
_BOUNDS = {
    "HorizontalPodAutoscaler": ("minReplicas", "maxReplicas", 1),
    "ScaledObject": ("minReplicaCount", "maxReplicaCount", 0),
}
SCALERS = frozenset(_BOUNDS)
_MADE = {"LLMInferenceService": "-kserve", "InferenceService": "-predictor"}
"""Kinds whose operator makes a Deployment, which autoscalers refer to, by the end of its name."""


def scaling_ranges(objects: Iterable[Mapping[str, Any]]) -> ScaledRanges:
    """Lowest and highest number of pods that autoscalers allow, by what they scale."""
    found: dict[ScaledKey, Range] = {}
    for data in objects:
        bounds = _BOUNDS.get(str(data.get("kind")))
        if bounds is None:
            continue
        lowest, highest, default = bounds
        spec = _mapping(data, "spec")
        target = _mapping(spec, "scaleTargetRef")
        key = (_namespace(data), str(target.get("kind", "Deployment")), str(target.get("name", "")))
        minimum = _count(spec.get(lowest), default)
        found[key] = (minimum, max(minimum, _count(spec.get(highest), minimum)))
    return found


def pods_of(data: Mapping[str, Any], ranges: ScaledRanges) -> Range:
    """Pods of a workload, or replicas of several pods each: its autoscaler's range, or its own number."""
    kind, name = str(data.get("kind")), str(_mapping(data, "metadata").get("name"))
    scaled = ("Deployment", f"{name}{_MADE[kind]}") if kind in _MADE else (kind, name)
    found = ranges.get((_namespace(data), *scaled))
    if found is not None:
        return found
    if kind == "InferenceService":
        predictor = _mapping(_mapping(data, "spec"), "predictor")
        lowest = _count(predictor.get("minReplicas"), 1)
        return lowest, max(lowest, _count(predictor.get("maxReplicas"), lowest))
    count = _count(_mapping(data, "spec").get("parallelism" if kind == "Job" else "replicas"), 1)
    return count, count


def templates_of(data: Mapping[str, Any]) -> Templates:
    """How many pods of which template make a replica."""
    spec = _mapping(data, "spec")
    known = _TEMPLATES.get(str(data.get("kind")))
    return known(spec) if known is not None else ((1, _mapping(spec, "template")),)


def _group(spec: Mapping[str, Any]) -> Templates:
    group = _mapping(spec, "leaderWorkerTemplate")
    worker = _mapping(group, "workerTemplate")
    return ((1, _mapping(group, "leaderTemplate") or worker), (_count(group.get("size"), 1) - 1, worker))


def _job_set(spec: Mapping[str, Any]) -> Templates:
    jobs = [job for job in spec.get("replicatedJobs") or () if isinstance(job, Mapping)]
    bodies = [(_count(job.get("replicas"), 1), _mapping(_mapping(job, "template"), "spec")) for job in jobs]
    return tuple((many * _count(body.get("parallelism"), 1), _mapping(body, "template")) for many, body in bodies)


def _train_job(spec: Mapping[str, Any]) -> Templates:
    """Its runtime has the template; what a node takes is said here."""
    trainer = _mapping(spec, "trainer")
    taken = {"spec": {"containers": [{"resources": _mapping(trainer, "resourcesPerNode")}]}}
    return ((_count(trainer.get("numNodes"), 1), taken),)


def _ray_job(spec: Mapping[str, Any]) -> Templates:
    """The pod that hands the program over is not counted: it does nothing of the work."""
    cluster = _mapping(spec, "rayClusterSpec")
    groups = [group for group in cluster.get("workerGroupSpecs") or () if isinstance(group, Mapping)]
    workers = ((_count(group.get("replicas"), 0), _mapping(group, "template")) for group in groups)
    return ((1, _mapping(_mapping(cluster, "headGroupSpec"), "template")), *workers)


def _experiment(spec: Mapping[str, Any]) -> Templates:
    """Trials at a time, each with one pod."""
    trial = _mapping(_mapping(spec, "trialTemplate"), "trialSpec")
    return ((_count(spec.get("parallelTrialCount"), 1), _mapping(_mapping(trial, "spec"), "template")),)


def _predictor(spec: Mapping[str, Any]) -> Templates:
    return ((1, {"spec": _mapping(spec, "predictor")}),)


def _engine(spec: Mapping[str, Any]) -> Templates:
    return ((1, {"spec": _mapping(spec, "template")}),)


_TEMPLATES: Mapping[str, Callable[[Mapping[str, Any]], Templates]] = {
    "LeaderWorkerSet": _group,
    "JobSet": _job_set,
    "TrainJob": _train_job,
    "RayJob": _ray_job,
    "Experiment": _experiment,
    "InferenceService": _predictor,
    "LLMInferenceService": _engine,
}
"""Kinds whose pods have no one template of their own."""


def gpus_per_pod(template: Mapping[str, Any], resource: str = "") -> int:
    """GPUs that one pod holds, over all its containers. `resource` is a name to count beside the usual ones."""
    containers = _mapping(template, "spec").get("containers")
    found = [c for c in containers if isinstance(c, Mapping)] if isinstance(containers, (list, tuple)) else []
    return sum(_gpus(_mapping(_mapping(c, "resources"), "limits"), resource) for c in found)


def running(data: Mapping[str, Any], ranges: ScaledRanges, effective: Mapping[str, Any], variant: str = "") -> Effects:
    """Pods and GPUs behind a workload; nothing for kinds without pods. `effective` is the document's, empty where
    nothing is known of it."""
    if not kind_rule(str(data.get("kind"))).pods:
        return Effects()
    further = _mapping(_mapping(data, "spec"), "prefill") if data.get("kind") == "LLMInferenceService" else {}
    own = _running(pods_of(data, ranges), templates_of(data), accelerator_of(effective, variant))
    if not further:
        return own
    pods = _prefill_pods(data, further, ranges)
    return total((own, _running(pods, _engine(further), accelerator_of(effective, "prefill"))))


def _prefill_pods(data: Mapping[str, Any], prefill: Mapping[str, Any], ranges: ScaledRanges) -> Range:
    """Of the other role in one object, whose Deployment has a name of its own."""
    scaled = (_namespace(data), "Deployment", f"{_mapping(data, 'metadata').get('name')}-kserve-prefill")
    count = _count(prefill.get("replicas"), 1)
    return ranges.get(scaled, (count, count))


def _running(pods_of_it: Range, templates: Templates, accelerator: Mapping[str, Any]) -> Effects:
    (lowest, highest), resource = pods_of_it, str(accelerator.get("resource") or "")
    pods = sum(count for count, _ in templates)
    claimed = _count(accelerator.get("count"), 1)
    gpus = sum(count * (gpus_per_pod(each, resource) or claimed * _claims(each)) for count, each in templates)
    gpu = str(accelerator.get("gpu") or "") if gpus else ""
    return Effects(pods=(lowest * pods, highest * pods), gpus=(lowest * gpus, highest * gpus), gpu=gpu)


def _claims(template: Mapping[str, Any]) -> int:
    """Whether a pod claims devices: how many is said by another object, as by the document."""
    return int(bool(_mapping(template, "spec").get("resourceClaims")))


def total(parts: Iterable[Effects]) -> Effects:
    """Of several workloads together. The first cause is the one that is named."""
    found = Effects()
    for part in parts:
        found = Effects(
            pods=(found.pods[0] + part.pods[0], found.pods[1] + part.pods[1]),
            gpus=(found.gpus[0] + part.gpus[0], found.gpus[1] + part.gpus[1]),
            gpu=" + ".join(dict.fromkeys(name for name in (*found.gpu.split(" + "), part.gpu) if name)),
            restart_field=found.restart_field or part.restart_field,
        )
    return found


def accelerator_of(effective: Mapping[str, Any], variant: str = "") -> Mapping[str, Any]:
    """The document's own, or that of the training that it searches; of a variant of its pods what it says for them."""
    spec = _mapping(effective, "spec")
    own = _mapping(_mapping(spec, variant), "accelerator") or _mapping(spec, "accelerator")
    return own or _mapping(_mapping(effective, "training"), "accelerator")


def _gpus(limits: Mapping[str, Any], resource: str) -> int:
    return sum(_count(amount, 0) for name, amount in limits.items() if name == resource or _GPU.fullmatch(name))


def _mapping(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = data.get(name)
    return value if isinstance(value, Mapping) else {}


def _namespace(data: Mapping[str, Any]) -> str:
    return str(_mapping(data, "metadata").get("namespace", ""))


def _count(value: Any, default: int) -> int:
    text = str(value)
    return int(text) if value is not None and re.fullmatch(r"\d{1,9}", text) else default
