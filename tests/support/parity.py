"""Changes of one object each, with what our plan and Pulumi's preview call them: rows of data, all in one stack."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from msgspec import Struct

from opsdecl.addr import Address, ObjectKey
from opsdecl.compile.lower.resources import token_of
from opsdecl.render.types import Manifest

NAMESPACE = "assist"
GONE = object()
"""In place of a value: the field is left out."""
Edit = Callable[[Manifest], Manifest | None]

_IMAGE = "registry.example.com/server:1"
_SERVER = {
    "name": "server",
    "image": _IMAGE,
    "args": ["--port=8000", "--quiet"],
    "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
    "resources": {"requests": {"cpu": "1000m", "memory": "2Gi"}},
}
_POD = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [_SERVER]}}
_WORKLOAD = {"replicas": 1, "selector": {"matchLabels": {"app": "x"}}, "template": _POD}
_JOB = {"metadata": {"labels": {"app": "x"}}, "spec": {"restartPolicy": "Never", "containers": [_SERVER]}}
_PORTS = [{"name": "http", "port": 80}, {"name": "metrics", "port": 9090}]
_STORAGE = {"requests": {"storage": "10Gi"}}

BASES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "Deployment": ("apps/v1", {"spec": _WORKLOAD}),
    "StatefulSet": ("apps/v1", {"spec": {**_WORKLOAD, "serviceName": "x", "podManagementPolicy": "OrderedReady"}}),
    "DaemonSet": ("apps/v1", {"spec": {"selector": {"matchLabels": {"app": "x"}}, "template": _POD}}),
    "Job": ("batch/v1", {"spec": {"backoffLimit": 2, "completions": 1, "parallelism": 1, "template": _JOB}}),
    "CronJob": ("batch/v1", {"spec": {"schedule": "0 4 * * *", "jobTemplate": {"spec": {"template": _JOB}}}}),
    "Service": ("v1", {"spec": {"selector": {"app": "x"}, "ports": _PORTS, "type": "ClusterIP"}}),
    "ConfigMap": ("v1", {"data": {"value": "1"}}),
    "PersistentVolumeClaim": (
        "v1",
        {"spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "fast", "resources": _STORAGE}},
    ),
    "ServiceAccount": ("v1", {"automountServiceAccountToken": False}),
    "Role": (
        "rbac.authorization.k8s.io/v1",
        {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]},
    ),
    "RoleBinding": (
        "rbac.authorization.k8s.io/v1",
        {
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "x"},
            "subjects": [{"kind": "ServiceAccount", "name": "x", "namespace": NAMESPACE}],
        },
    ),
    "HorizontalPodAutoscaler": (
        "autoscaling/v2",
        {"spec": {"minReplicas": 1, "maxReplicas": 4, "scaleTargetRef": {"kind": "Deployment", "name": "x"}}},
    ),
    "PodDisruptionBudget": (
        "policy/v1",
        {"spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "x"}}}},
    ),
    "NetworkPolicy": ("networking.k8s.io/v1", {"spec": {"podSelector": {}, "policyTypes": ["Ingress"]}}),
    "ScaledObject": ("keda.sh/v1alpha1", {"spec": {"maxReplicaCount": 4, "scaleTargetRef": {"name": "x"}}}),
}


class Row(Struct, frozen=True):
    """`edit` makes the side afterwards out of the side before. `pulumi` is the engine's word where it is not the usual
    one for `ours`, which makes the difference a finding; `why` says how that comes."""

    kind: str
    edit: Edit
    ours: str
    pulumi: str = ""
    why: str = ""
    begin: Edit = lambda manifest: manifest


def base_of(row: Row, title: str) -> Manifest:
    name = title.replace(" ", "-")
    api_version, content = BASES[row.kind]
    metadata = {"name": name, "namespace": NAMESPACE, "labels": {"tier": "gold"}}
    data = {"apiVersion": api_version, "kind": row.kind, "metadata": metadata, **deepcopy(dict(content))}
    key = ObjectKey(api_version, row.kind, NAMESPACE, name)
    address = Address.parse(f"LLM.{name}/main/object")
    return Manifest(address, key, token_of(api_version, row.kind), data, {})


class Pair(Struct, frozen=True):
    """One row, made: its object before and afterwards."""

    row: Row
    before: Manifest | None
    after: Manifest | None

    @property
    def address(self) -> str:
        one = self.after or self.before
        assert one is not None
        return str(one.address)

    @property
    def pulumi(self) -> str:
        return self.row.pulumi or {"noop": "same"}.get(self.row.ours, self.row.ours)


def made(row: Row, title: str) -> Pair:
    base = base_of(row, title)
    before = row.begin(base)
    return Pair(row, before, row.edit(before or base))


def put(path: str, value: Any) -> Edit:
    """Sets one field; numbers in the path count list entries."""

    def edit(manifest: Manifest) -> Manifest:
        data = deepcopy(dict(manifest.data))
        *parents, last = (int(part) if part.isdigit() else part for part in path.split("."))
        at: Any = data
        for part in parents:
            at = at[part] if isinstance(part, int) else at.setdefault(part, {})
        if value is GONE:
            del at[last]
        else:
            at[last] = value
        return _with(manifest, data)

    return edit


def _with(manifest: Manifest, data: Mapping[str, Any]) -> Manifest:
    """Its key and type follow from the data, as in every manifest."""
    metadata, api_version = data["metadata"], data["apiVersion"]
    key = ObjectKey(api_version, data["kind"], metadata["namespace"], metadata["name"])
    return replace(manifest, data=data, key=key, token=token_of(api_version, data["kind"]))


def both(*edits: Edit) -> Edit:
    def edit(manifest: Manifest) -> Manifest | None:
        now: Manifest | None = manifest
        for each in edits:
            now = each(now) if now is not None else None
        return now

    return edit


def flipped(path: str) -> Edit:
    """The list at the path, its entries in the other order."""

    def edit(manifest: Manifest) -> Manifest | None:
        at: Any = manifest.data
        for part in path.split("."):
            at = at[int(part)] if part.isdigit() else at[part]
        return put(path, list(reversed(at)))(manifest)

    return edit


def flipped_keys(manifest: Manifest) -> Manifest:
    return replace(manifest, data=dict(reversed(list(manifest.data.items()))))


def stays(manifest: Manifest) -> Manifest:
    return manifest


def nothing(manifest: Manifest) -> None:
    """Before: it is new. Afterwards: it goes."""


def protected(manifest: Manifest) -> Manifest:
    return replace(manifest, protect=True)


def unprotected(manifest: Manifest) -> Manifest:
    return replace(manifest, protect=False)


def autoscaled(manifest: Manifest) -> Manifest:
    return replace(manifest, ignore_changes=(("spec", "replicas"),))


def needing(address: str) -> Edit:
    return lambda manifest: replace(manifest, depends_on=(Address.parse(address),))


def renamed(manifest: Manifest) -> Manifest:
    """Its document has another name; the object keeps its own."""
    old = str(manifest.address)
    document, _, rest = old.partition("/")
    return replace(manifest, address=Address.parse(f"{document}-now/{rest}"), aliases=(manifest.address,))
