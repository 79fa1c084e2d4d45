"""Copies of a dataset on nodes' disks: a volume that is on each node of a pool, what fills it, and who reads it."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from opsdecl.addr import ObjectKey
from opsdecl.compile.lower.labels import labelled, selector
from opsdecl.compile.lower.names import object_name
from opsdecl.compile.lower.native.dataset import DATA, input_folder, mounted_volume, wait_for
from opsdecl.compile.lower.native.dataset_checks import lower_dataset
from opsdecl.compile.lower.native.dataset_copy import CACHE, Copy, Disk, copy_of, disk_of
from opsdecl.compile.lower.native.dataset_fetch import mounted
from opsdecl.compile.lower.native.dataset_keys import Chain, Stage, chain_of, checks_of
from opsdecl.compile.lower.native.node_copy import copying, staying
from opsdecl.compile.lower.native.parts import PodParts, join
from opsdecl.compile.lower.native.run_job import pull_secrets
from opsdecl.compile.lower.native.security import container_security, pod_security
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.node_caches import pool_of_cache
from opsdecl.compile.types import Resource, Traced
from opsdecl.diag import Checked
from opsdecl.spec.kinds.dataset import DatasetSpec, NodeCache
from opsdecl.spec.kinds.environment import Pool
from opsdecl.spec.kinds.scalars import ImageReference

FILLS = "opsdecl.dev/fills"
"""Annotation of the pods that copy: what becomes ready once they are done, which may take hours."""
IMAGE = ImageReference.parse("busybox:1.37.0")
_ROOT = "/cache"
_PATH = ("spec", "cache")
_SMALL = {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}}
_COPYING = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "1Gi"}}
"""What is read and written stays in the memory of the container until the kernel needs it."""


def lower_with_cache(subject: Subject) -> Checked[tuple[Resource, ...]]:
    """The runs of a dataset, and its cache where the environment has a place for one."""
    spec: DatasetSpec = subject.document.model.spec
    lowered, pool = lower_dataset(subject), pool_of_cache(spec.cache, subject.environment)
    if lowered.value is None or spec.cache is None or pool is None:
        return lowered
    own = labelled(replace(subject, variant=CACHE))
    disk = disk_of(subject.base, pool)
    made = (_volume(own, pool, disk), _claim(own, pool, disk), _filler(own, subject, spec, spec.cache, pool, disk))
    return Checked((*lowered.value, *made), lowered.diagnostics)


def _volume(subject: Subject, pool: Pool, disk: Disk) -> Resource:
    """One volume for the same folder of every node of the pool: the scheduler goes by the labels, and each node mounts
    its own."""
    assert pool.disk is not None
    terms = [
        {"key": key, "operator": "In", "values": [traced(value, *_PATH, "pool")]} for key, value in pool.labels.items()
    ]
    spec = {
        **_amount(pool),
        "claimRef": {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "namespace": subject.namespace,
            "name": disk.claim,
        },
        "persistentVolumeReclaimPolicy": "Retain",
        "local": {"path": traced(pool.disk.path, *_PATH, "pool")},
        "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": terms}]}},
    }
    made = make_resource(subject, _volume_role(disk), "v1", "PersistentVolume", {"spec": spec})
    return replace(made, key=ObjectKey("v1", "PersistentVolume", "", _volume_name(subject, disk)))


def _volume_role(disk: Disk) -> str:
    return f"volume-{disk.key}"


def _volume_name(subject: Subject, disk: Disk) -> str:
    """Of all on the cluster."""
    return object_name(f"{subject.project}-{subject.environment_name}-{subject.namespace}", disk.claim)


def _amount(pool: Pool) -> dict[str, Any]:
    assert pool.disk is not None
    # Volumes of this type know no other mode; that pods of several nodes mount one is held against nobody.
    size = traced(pool.disk.size.text, *_PATH, "pool")
    return {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": size}}


def _claim(subject: Subject, pool: Pool, disk: Disk) -> Resource:
    amount = _amount(pool)
    spec = {
        "accessModes": amount["accessModes"],
        "resources": {"requests": amount["capacity"]},
        "storageClassName": "",
        "volumeName": _volume_name(subject, disk),
    }
    needs, kind = (subject.address(_volume_role(disk)),), "PersistentVolumeClaim"
    return make_resource(subject, disk.role, "v1", kind, {"spec": spec}, name=disk.claim, depends_on=needs)


def _filler(subject: Subject, main: Subject, spec: DatasetSpec, cache: NodeCache, pool: Pool, disk: Disk) -> Resource:
    """A pod on each node, which is ready once its copy is there."""
    chain = chain_of(spec)
    last = last_of(main, spec)
    copy, data = copy_of(subject.namespace, subject.base, chain, last), mounted_volume(main, spec.storage)
    image = subject.image(IMAGE)
    parts = join((data, mounted(main, spec.source) if chain.output is None else PodParts()))
    template = {
        "metadata": {"labels": subject.pod_labels, "annotations": {FILLS: f"{subject.base}-{chain.content}"}},
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": pod_security(own_user=False),
            "imagePullSecrets": pull_secrets(spec),
            "nodeSelector": {key: traced(value, *_PATH, "pool") for key, value in pool.labels.items()},
            "tolerations": _tolerations(pool) or None,
            "initContainers": [*_waits(last, image), _copying(chain, copy, cache, parts, image)],
            "containers": [_container("stay", image, staying(), _SMALL)],
            "volumes": [*parts.volumes, {"name": "cache", "persistentVolumeClaim": {"claimName": disk.claim}}],
        },
    }
    body = {
        "selector": {"matchLabels": selector(subject)},
        # Nothing answers requests here, so all nodes may copy at once.
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "100%"}},
        "template": template,
    }
    needs = (subject.address(disk.role), *parts.depends_on)
    return make_resource(subject, "filler", "apps/v1", "DaemonSet", {"spec": body}, depends_on=needs)


def last_of(subject: Subject, spec: DatasetSpec) -> Stage | None:
    """The run after which the data may be used."""
    against = {used.name: subject.document.effective[used.root] for used in subject.datasets}
    return checks_of(spec, against) or chain_of(spec).output


def _waits(last: Stage | None, image: str) -> list[dict[str, Any]]:
    return [wait_for("data", DATA, last, image)] if last is not None else []


def _copying(chain: Chain, copy: Copy, cache: NodeCache, parts: PodParts, image: str) -> dict[str, Any]:
    command = copying(
        source=input_folder(chain.output),
        root=f"{_ROOT}/{copy.folder}",
        version=copy.version,
        marker=copy.marker,
        limit_kib=cache.size.bytes // 1024,
        keep=traced(str(cache.keep), *_PATH, "keep"),
    )
    mounts = [*({**mount, "readOnly": True} for mount in parts.mounts), {"name": "cache", "mountPath": _ROOT}]
    return {**_container("fill", image, command, _COPYING), "volumeMounts": mounts}


def _container(name: str, image: str, command: Any, resources: Mapping[str, Any]) -> dict[str, Any]:
    security = container_security(read_only_root=True)
    return {"name": name, "image": image, "command": command, "resources": resources, "securityContext": security}


def _tolerations(pool: Pool) -> list[Any]:
    return [
        Traced({"key": t.key, "operator": t.operator, "value": t.value, "effect": t.effect}, (*_PATH, "pool"))
        for t in pool.tolerations
    ]
