"""What a change of a field means, kind by kind: rows of data, each with its reason; the first that matches counts."""

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Literal

from msgspec import Struct

from opsdecl.diff.compare import DiffPath, Item
from opsdecl.diff.types import ChangeClass

When = Literal["always", "shrinks"]


class FieldRule(Struct, frozen=True):
    """`path` names a field and all below it; `*` stands for one name or entry. `also` holds further classes."""

    path: str
    change_class: ChangeClass
    reason: str
    also: tuple[ChangeClass, ...] = ()
    when: When = "always"
    restarts: bool = False

    @property
    def classes(self) -> tuple[ChangeClass, ...]:
        return (self.change_class, *self.also)


class KindRule(Struct, frozen=True):
    """A kind of object. `other` is for fields without a row; `create` and `delete` for the object as a whole."""

    fields: tuple[FieldRule, ...] = ()
    other: ChangeClass = "rolling"
    create: ChangeClass = "none"
    delete: ChangeClass = "removal"
    delete_reason: str = "what it serves disappears"
    renamed: ChangeClass = "replace"
    """What it means that another object, under another name, takes its place."""
    pods: str = ""
    """Path of the pod template, where the kind has one."""


def _immutable(*paths: str) -> tuple[FieldRule, ...]:
    return tuple(FieldRule(path, "replace", "cannot change after creation") for path in paths)


def _all(change_class: ChangeClass, reason: str) -> tuple[FieldRule, ...]:
    return (FieldRule("spec", change_class, reason),)


ANY_KIND = (
    FieldRule("metadata.name", "replace", "an object cannot be renamed"),
    FieldRule("metadata.namespace", "replace", "an object cannot move to another namespace"),
    FieldRule("metadata", "metadata", "labels and annotations only"),
    FieldRule("apiVersion", "none", "another version of the same API"),
)
"""Tried after the rows of the kind."""

_TEMPLATE = FieldRule("spec.template", "rolling", "the pod template changes: pods restart", restarts=True)
_REPLICAS = FieldRule("spec.replicas", "capacity", "another number of pods")
_NEXT_ROLLOUT = tuple(
    FieldRule(path, "none", "counts from the next rollout on")
    for path in (
        "spec.strategy",
        "spec.updateStrategy",
        "spec.minReadySeconds",
        "spec.revisionHistoryLimit",
        "spec.progressDeadlineSeconds",
    )
)
_CLAIM_LOST = "cannot change after creation: a new claim is empty"
_CLAIM = (
    FieldRule(
        "spec.resources.requests.storage",
        "replace",
        "a claim cannot shrink: a smaller one is new and empty",
        ("data-loss",),
        "shrinks",
    ),
    FieldRule("spec.resources", "capacity", "the volume grows in place"),
    FieldRule("spec.volumeAttributesClassName", "capacity", "the volume changes in place"),
    FieldRule("spec", "replace", _CLAIM_LOST, ("data-loss",)),
)
_SERVICE = (
    *_immutable("spec.clusterIP", "spec.clusterIPs", "spec.ipFamilies"),
    *_all("reload", "requests go another way at once"),
)
_ROUTE = KindRule(
    _all("reload", "requests go another way at once"), other="reload", delete_reason="callers can no longer reach it"
)
_SCALER = KindRule(
    _all("capacity", "scales otherwise"),
    other="capacity",
    create="capacity",
    delete="capacity",
    delete_reason="nothing scales it any longer",
)
_MONITOR = KindRule(
    _all("reload", "is read again while everything runs"),
    other="reload",
    delete="metadata",
    delete_reason="nothing is observed by it any longer",
)
_RIGHTS = KindRule(
    (*_immutable("roleRef"), FieldRule("rules", "reload", "rights change at once")),
    other="reload",
    delete="reload",
    delete_reason="the rights are gone at once",
)
_QUEUE = KindRule(
    _all("capacity", "lets more or fewer runs in"),
    other="capacity",
    delete="capacity",
    delete_reason="runs that name it wait until it is there again",
)
_RUN_GONE = "the run stops and its record is gone"
_RUN = KindRule(
    (FieldRule("spec", "replace", "a run does not change once it is there", restarts=True),),
    create="capacity",
    delete_reason=_RUN_GONE,
    pods="spec",
)
"""Work of operators that ends."""
_WORKLOAD_GONE = "its pods stop and are not started again"

KINDS: Mapping[str, KindRule] = {
    "Deployment": KindRule(
        (*_immutable("spec.selector"), _TEMPLATE, _REPLICAS, *_NEXT_ROLLOUT),
        create="capacity",
        delete_reason=_WORKLOAD_GONE,
        pods="spec.template",
    ),
    "StatefulSet": KindRule(
        (
            *_immutable("spec.selector", "spec.serviceName", "spec.podManagementPolicy", "spec.volumeClaimTemplates"),
            _TEMPLATE,
            _REPLICAS,
            *_NEXT_ROLLOUT,
        ),
        create="capacity",
        delete_reason=_WORKLOAD_GONE,
        pods="spec.template",
    ),
    "DaemonSet": KindRule(
        (*_immutable("spec.selector"), _TEMPLATE, *_NEXT_ROLLOUT),
        create="capacity",
        delete_reason=_WORKLOAD_GONE,
        pods="spec.template",
    ),
    "LeaderWorkerSet": KindRule(
        (
            *_immutable("spec.leaderWorkerTemplate.subGroupPolicy"),
            FieldRule("spec.leaderWorkerTemplate.size", "capacity", "replicas have more or fewer pods", restarts=True),
            FieldRule("spec.leaderWorkerTemplate", "rolling", "a template changes: all pods restart", restarts=True),
            FieldRule("spec.networkConfig", "rolling", "pods restart with other addresses", restarts=True),
            FieldRule("spec.startupPolicy", "none", "counts when a replica starts the next time"),
            FieldRule("spec.rolloutStrategy", "none", "counts from the next rollout on"),
            _REPLICAS,
        ),
        create="capacity",
        delete_reason=_WORKLOAD_GONE,
        pods="spec.leaderWorkerTemplate",
    ),
    "Rollout": KindRule(
        (*_immutable("spec.selector"), _TEMPLATE, _REPLICAS, *_NEXT_ROLLOUT),
        create="capacity",
        delete_reason=_WORKLOAD_GONE,
        pods="spec.template",
    ),
    "AnalysisTemplate": KindRule(
        _all("none", "the next canary is judged by it"),
        delete="none",
        delete_reason="no canary is judged by it any more",
    ),
    "Job": KindRule(
        (
            FieldRule("spec.template", "replace", "a Job's pods cannot change after creation", restarts=True),
            *_immutable(
                "spec.selector",
                "spec.completions",
                "spec.completionMode",
                "spec.podFailurePolicy",
                "spec.successPolicy",
                "spec.backoffLimitPerIndex",
                "spec.managedBy",
                "spec.manualSelector",
            ),
            FieldRule("spec.parallelism", "capacity", "another number of pods"),
            FieldRule("spec.suspend", "capacity", "pods start or stop"),
            FieldRule("spec", "none", "counts for the rest of the run"),
        ),
        create="capacity",
        delete_reason=_RUN_GONE,
        pods="spec.template",
    ),
    "JobSet": _RUN,
    "TrainJob": _RUN,
    "RayJob": _RUN,
    "Experiment": _RUN,
    "ResourceFlavor": _QUEUE,
    "ClusterQueue": _QUEUE,
    "LocalQueue": KindRule(
        (*_immutable("spec.clusterQueue"), *_QUEUE.fields),
        other="capacity",
        delete="capacity",
        delete_reason=_QUEUE.delete_reason,
    ),
    "CronJob": KindRule(
        _all("reload", "counts from the next run on"), create="capacity", delete_reason="it never runs again"
    ),
    "InferenceService": KindRule(
        (
            FieldRule("spec.predictor.minReplicas", "capacity", "another number of pods"),
            FieldRule("spec.predictor.maxReplicas", "capacity", "another number of pods"),
            FieldRule("spec.predictor.deploymentStrategy", "none", "counts from the next rollout on"),
            FieldRule("spec.predictor", "rolling", "the predictor's pods restart", restarts=True),
            FieldRule("spec.explainer.minReplicas", "capacity", "another number of explainers"),
            FieldRule("spec.explainer.maxReplicas", "capacity", "another number of explainers"),
            FieldRule("spec.explainer", "rolling", "the explainer's pods restart, and not those that answer"),
            FieldRule("spec.transformer.minReplicas", "capacity", "another number of transformers"),
            FieldRule("spec.transformer.maxReplicas", "capacity", "another number of transformers"),
            FieldRule("spec.transformer", "rolling", "the transformer's pods restart, and not those behind it"),
            *_all("rolling", "the serving pods restart"),
        ),
        create="capacity",
        delete_reason=_WORKLOAD_GONE,
        pods="spec.predictor",
    ),
    "LLMInferenceServiceConfig": KindRule(
        _all("rolling", "what KServe puts below pods changes"),
        delete="none",
        delete_reason="no model of the namespace spans several nodes",
    ),
    "LLMInferenceService": KindRule(
        (
            _REPLICAS,
            *_immutable("spec.parallelism.pipeline"),
            FieldRule("spec.worker", "rolling", "the pod changes: pods restart", restarts=True),
            FieldRule("spec.template", "rolling", "the pod changes: pods restart", restarts=True),
            FieldRule("spec.labels", "rolling", "the pod's labels change: pods restart", restarts=True),
            FieldRule("spec.annotations", "rolling", "the pod's annotations change: pods restart", restarts=True),
            FieldRule("spec.model", "none", "only what KServe says of the model; its pods change by themselves"),
            *_all("rolling", "the serving pods restart"),
        ),
        create="capacity",
        delete_reason=_WORKLOAD_GONE,
        pods="spec.template",
    ),
    "Service": KindRule(_SERVICE, other="reload", delete_reason="callers can no longer reach it"),
    "Ingress": _ROUTE,
    "HTTPRoute": _ROUTE,
    "GRPCRoute": _ROUTE,
    "Gateway": _ROUTE,
    "InferencePool": _ROUTE,
    "InferenceObjective": KindRule(
        _all("reload", "requests come before others, or after them"), other="reload", delete="reload"
    ),
    "InferenceModelRewrite": _ROUTE,
    "EnvoyExtensionPolicy": KindRule(
        _all("reload", "the gateway checks requests differently"),
        other="reload",
        delete="behaviour",
        delete_reason="nothing checks requests and answers at the gateway",
    ),
    "HorizontalPodAutoscaler": _SCALER,
    "ScaledObject": _SCALER,
    "PodDisruptionBudget": KindRule(
        _all("capacity", "another number of pods may be away"),
        other="capacity",
        delete="capacity",
        delete_reason="nothing keeps pods up during node maintenance",
    ),
    "NetworkPolicy": KindRule(
        _all("reload", "who may connect changes at once"),
        other="reload",
        create="reload",
        delete="reload",
        delete_reason="who may connect changes at once",
    ),
    "ResourceClaimTemplate": KindRule(
        _immutable("spec"),
        other="none",
        delete="reload",
        delete_reason="pods that claim devices by it cannot start again",
        renamed="none",
    ),
    "ConfigMap": KindRule(
        (
            FieldRule("immutable", "replace", "an immutable ConfigMap stays so"),
            FieldRule("data", "reload", "pods that mount it see new files"),
            FieldRule("binaryData", "reload", "pods that mount it see new files"),
        ),
        other="reload",
        delete="reload",
        delete_reason="pods that mount it cannot start again",
        renamed="reload",
    ),
    "Secret": KindRule(
        (*_immutable("type", "immutable"), FieldRule("data", "reload", "pods that mount it see new files")),
        other="reload",
        delete_reason="pods that need it cannot start again",
    ),
    "ExternalSecret": KindRule(
        _all("reload", "the Secret is fetched again"), other="reload", delete_reason="the Secret is gone with it"
    ),
    "ServiceAccount": KindRule(other="reload", delete_reason="pods that use it cannot start again"),
    "Role": _RIGHTS,
    "RoleBinding": _RIGHTS,
    "ClusterRole": _RIGHTS,
    "ClusterRoleBinding": _RIGHTS,
    "ServiceMonitor": _MONITOR,
    "PodMonitor": _MONITOR,
    "PrometheusRule": _MONITOR,
    "PersistentVolumeClaim": KindRule(
        _CLAIM,
        other="capacity",
        create="capacity",
        delete="data-loss",
        delete_reason="the volume and what it holds are gone",
    ),
    "PersistentVolume": KindRule(
        _all("replace", "cannot change after creation"),
        delete="data-loss",
        delete_reason="the volume and what it holds are gone",
    ),
    "Namespace": KindRule(other="metadata", delete="data-loss", delete_reason="everything inside it is deleted"),
    "CustomResourceDefinition": KindRule(
        other="reload", delete="data-loss", delete_reason="every object of its kind is deleted"
    ),
}
_COPIES = KindRule(delete="capacity", delete_reason="no pod reaches the copies of data by it; they stay on the nodes")
"""Of the objects that keep copies of a dataset on nodes, whatever their kind: the data itself is somewhere else."""
UNKNOWN_KIND = KindRule(other="rolling")
"""A kind without rows: its pods, if it has any, may restart."""

_NAME = ("metadata", "name")
OTHER_REASON = "no row knows this field: taken for its kind's usual change"


def kind_rule(kind: str) -> KindRule:
    return KINDS.get(kind, UNKNOWN_KIND)


def deletion_rule(kind: str, address: str) -> KindRule:
    """What it means that an object goes."""
    return _COPIES if keeps_copies(address) else kind_rule(kind)


def keeps_copies(address: str) -> bool:
    """Whether it is one of the objects by which nodes keep copies of a dataset."""
    return address.split("/")[1:2] == ["cache"]


@lru_cache(maxsize=4096)
def field_rules(kind: str, path: DiffPath) -> tuple[FieldRule, ...]:
    """The rows for a path, those of the kind first; never empty."""
    rule = kind_rule(kind)
    if path[:2] == _NAME and rule.renamed != "replace":
        return (FieldRule("metadata.name", rule.renamed, "a new one takes its place: whatever uses it moves over"),)
    rows = (*rule.fields, *ANY_KIND)
    found = tuple(row for row in rows if covers(row.path, path))
    return found or (FieldRule("", rule.other, OTHER_REASON),)


def covers(pattern: str, path: DiffPath) -> bool:
    """Whether `path` is the pattern's field or lies below it."""
    parts = _parts(pattern)
    return len(parts) <= len(path) and all(p in ("*", _text(q)) for p, q in zip(parts, path, strict=False))


def _text(part: str | Item) -> str:
    return part if isinstance(part, str) else part.key


@cache
def _parts(pattern: str) -> tuple[str, ...]:
    return tuple(pattern.replace("[", ".").replace("]", "").split("."))
