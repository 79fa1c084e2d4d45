"""The rows: what a person may change of one object, what our plan says of it, and what Pulumi's preview says."""

from collections.abc import Mapping

from tests.support.parity import (
    GONE,
    Row,
    autoscaled,
    both,
    flipped,
    flipped_keys,
    needing,
    nothing,
    protected,
    put,
    renamed,
    stays,
    unprotected,
)

_SERVER = "spec.template.spec.containers.0"
_ONE_IS_ENOUGH = {"rules": [{"succeededCount": 1}]}
_OTHER = "LLM.nothing-at-all/main/object"

_SAME_AMOUNT = "the provider takes another spelling of an amount for no change"
_MADE_ANEW = "the provider makes it anew, where the API server takes the change"
_CONFIG = "the provider makes an immutable ConfigMap anew for other data; ours take their name from it"

WHOLE: Mapping[str, Row] = {
    "it is new": Row("Deployment", stays, "create", begin=nothing),
    "it is new and protected": Row("PersistentVolumeClaim", protected, "create", begin=nothing),
    "it goes": Row("Deployment", nothing, "delete"),
    "a claim goes": Row("PersistentVolumeClaim", nothing, "delete"),
    "nothing at all": Row("Deployment", stays, "noop"),
    "keys in another order": Row("Deployment", flipped_keys, "noop"),
    "its document is renamed": Row("Deployment", renamed, "noop"),
    "its document is renamed and it changes": Row("Deployment", both(renamed, put("spec.replicas", 3)), "update"),
    "it is protected": Row("PersistentVolumeClaim", protected, "noop"),
    "it is protected no longer": Row("PersistentVolumeClaim", unprotected, "noop", begin=protected),
    "it needs another": Row("Service", needing(_OTHER), "noop"),
    "it needs no other": Row("Service", stays, "noop", begin=stays),
    "it needs another and changes": Row("Service", both(needing(_OTHER), put("spec.type", "NodePort")), "update"),
    "it has another name": Row("Service", put("metadata.name", "other-name"), "replace"),
    "a claim has another name": Row("PersistentVolumeClaim", put("metadata.name", "other-claim"), "replace"),
    "it is in another namespace": Row("Deployment", put("metadata.namespace", "other"), "replace"),
}

METADATA: Mapping[str, Row] = {
    "another label": Row("Deployment", put("metadata.labels.tier", "silver"), "update"),
    "one label more": Row("Service", put("metadata.labels.team", "assist"), "update"),
    "no label": Row("ServiceAccount", put("metadata.labels", GONE), "update"),
    "the first annotation": Row("Deployment", put("metadata.annotations", {"note": "yes"}), "update"),
    "another annotation": Row(
        "Service", put("metadata.annotations.note", "no"), "update", begin=put("metadata.annotations.note", "yes")
    ),
    "a label of a claim": Row("PersistentVolumeClaim", put("metadata.labels.tier", "silver"), "update"),
    "a label of a run": Row("Job", put("metadata.labels.tier", "silver"), "update"),
}

WORKLOADS: Mapping[str, Row] = {
    "another number of replicas": Row("Deployment", put("spec.replicas", 3), "update"),
    "replicas of an autoscaler": Row("Deployment", both(autoscaled, put("spec.replicas", 3)), "noop", begin=autoscaled),
    "an autoscaler takes over": Row("Deployment", both(autoscaled, put("spec.replicas", 3)), "noop"),
    "another image": Row("Deployment", put(f"{_SERVER}.image", "registry.example.com/server:2"), "update"),
    "arguments in another order": Row("Deployment", flipped(f"{_SERVER}.args"), "update"),
    "variables in another order": Row("Deployment", flipped(f"{_SERVER}.env"), "update"),
    "the same cores": Row(
        "Deployment", put(f"{_SERVER}.resources.requests.cpu", "1"), "update", pulumi="same", why=_SAME_AMOUNT
    ),
    "the same cores as a number": Row(
        "Deployment", put(f"{_SERVER}.resources.requests.cpu", 1), "update", pulumi="same", why=_SAME_AMOUNT
    ),
    "the same memory": Row(
        "Deployment", put(f"{_SERVER}.resources.requests.memory", "2048Mi"), "update", pulumi="same", why=_SAME_AMOUNT
    ),
    "more memory": Row("Deployment", put(f"{_SERVER}.resources.requests.memory", "4Gi"), "update"),
    "a number as text": Row("Deployment", put("spec.replicas", "1"), "update"),
    "a truth as text": Row("ServiceAccount", put("automountServiceAccountToken", "false"), "update"),
    "a whole number with a point": Row("Deployment", put("spec.replicas", 1.0), "noop"),
    "another selector": Row("Deployment", put("spec.selector.matchLabels.app", "y"), "replace"),
    "one container more": Row(
        "Deployment", put("spec.template.spec.initContainers", [{"name": "a", "image": "i"}]), "update"
    ),
    "another service of a set": Row("StatefulSet", put("spec.serviceName", "y"), "replace"),
    "pods of a set in parallel": Row("StatefulSet", put("spec.podManagementPolicy", "Parallel"), "replace"),
    "history of a set": Row(
        "StatefulSet", put("spec.revisionHistoryLimit", 3), "update", pulumi="replace", why=_MADE_ANEW
    ),
    "another selector of a daemon": Row("DaemonSet", put("spec.selector.matchLabels.app", "y"), "replace"),
    "another image of a daemon": Row("DaemonSet", put(f"{_SERVER}.image", "registry.example.com/server:2"), "update"),
    "another image of a run": Row("Job", put(f"{_SERVER}.image", "registry.example.com/server:2"), "replace"),
    "completions of a run": Row("Job", put("spec.completions", 2), "replace"),
    "parallelism of a run": Row("Job", put("spec.parallelism", 2), "update", pulumi="replace", why=_MADE_ANEW),
    "tries of a run": Row("Job", put("spec.backoffLimit", 3), "update"),
    "tries of an index of a run": Row("Job", put("spec.backoffLimitPerIndex", 1), "replace"),
    "what counts as success of a run": Row("Job", put("spec.successPolicy", _ONE_IS_ENOUGH), "replace"),
    "who manages a run": Row("Job", put("spec.managedBy", "acme.example/queue"), "replace"),
    "deadline of a run": Row("Job", put("spec.activeDeadlineSeconds", 60), "update"),
    "another schedule": Row("CronJob", put("spec.schedule", "0 5 * * *"), "update"),
}

REST: Mapping[str, Row] = {
    "another port": Row("Service", put("spec.ports.0.port", 8080), "update"),
    "ports in another order": Row("Service", flipped("spec.ports"), "update"),
    "a service without an address": Row("Service", put("spec.clusterIP", "None"), "replace"),
    "another type of service": Row("Service", put("spec.type", "LoadBalancer"), "update"),
    "another family of addresses": Row("Service", put("spec.ipFamilies", ["IPv6"]), "replace"),
    "other data": Row("ConfigMap", put("data.value", "2"), "update"),
    "one file more": Row("ConfigMap", put("data.more", "2"), "update"),
    "it becomes immutable": Row("ConfigMap", put("immutable", True), "replace"),
    "immutable data": Row(
        "ConfigMap", put("data.value", "2"), "update", begin=put("immutable", True), pulumi="replace", why=_CONFIG
    ),
    "another storage class": Row("PersistentVolumeClaim", put("spec.storageClassName", "slow"), "replace"),
    "another way of access": Row("PersistentVolumeClaim", put("spec.accessModes", ["ReadWriteMany"]), "replace"),
    "a larger claim": Row("PersistentVolumeClaim", put("spec.resources.requests.storage", "20Gi"), "update"),
    "a smaller claim": Row("PersistentVolumeClaim", put("spec.resources.requests.storage", "5Gi"), "replace"),
    "other rights": Row("Role", put("rules.0.verbs", ["get"]), "update"),
    "verbs in another order": Row("Role", flipped("rules.0.verbs"), "update"),
    "another role": Row("RoleBinding", put("roleRef.name", "y"), "replace"),
    "other subjects": Row("RoleBinding", put("subjects.0.name", "y"), "update"),
    "more replicas of a scaler": Row("HorizontalPodAutoscaler", put("spec.maxReplicas", 8), "update"),
    "a budget of pods": Row("PodDisruptionBudget", put("spec.minAvailable", 2), "update"),
    "a budget in percent": Row("PodDisruptionBudget", put("spec.minAvailable", "50%"), "update"),
    "who may connect": Row("NetworkPolicy", put("spec.policyTypes", ["Ingress", "Egress"]), "update"),
    "an object of another kind of its own": Row("ScaledObject", put("spec.maxReplicaCount", 8), "update"),
}

ROWS: Mapping[str, Row] = {**WHOLE, **METADATA, **WORKLOADS, **REST}
