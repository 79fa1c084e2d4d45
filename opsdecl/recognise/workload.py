"""A Deployment and what belongs to it: how many run, on what, with which volumes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from opsdecl.recognise.container import Hidden, variables
from opsdecl.recognise.types import Found, Pool

_GPU = ("nvidia.com/gpu", "amd.com/gpu")
_TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
_OWNERS = ("opsdecl.dev/owner", "owner", "team", "app.kubernetes.io/team")
_OURS = frozenset({"HF_HOME", "HOME", "USER", "LOGNAME", *_TOKENS})
_CACHES = ("huggingface", "/models", "/cache", "/.cache")
_METRICS = {
    "vllm_num_requests_waiting": "waiting-requests",
    "vllm:num_requests_waiting": "waiting-requests",
    "vllm_num_requests_running": "running-requests",
    "vllm:num_requests_running": "running-requests",
    "sglang_num_queue_reqs": "waiting-requests",
    "sglang_num_running_reqs": "running-requests",
}


class Workload(Struct, frozen=True):
    """What is known of a Deployment, whatever it serves."""

    name: str
    namespace: str
    owner: str
    pod: Mapping[str, Any]
    container: Mapping[str, Any]
    objects: tuple[Found, ...]
    gpus: int
    pool: Pool | None
    replicas: Mapping[str, Any]
    resources: Mapping[str, Any]
    token: Mapping[str, str] | None
    cache: Mapping[str, Any] | None
    remarks: tuple[str, ...]

    @property
    def port(self) -> int | None:
        ports = self.container.get("ports") or ()
        found = next((port for port in ports if port.get("name") == "http"), ports[0] if ports else None)
        return int(found["containerPort"]) if found else None

    @property
    def own_variables(self) -> Mapping[str, Any]:
        return {name: value for name, value in variables(self.container).items() if name not in _OURS}

    @property
    def probes(self) -> Mapping[str, str]:
        """Paths of HTTP probes."""
        found = {"readiness": "readinessProbe", "liveness": "livenessProbe"}
        gets = {name: (self.container.get(key) or {}).get("httpGet") or {} for name, key in found.items()}
        return {name: str(get["path"]) for name, get in gets.items() if get.get("path")}


def read_workload(found: Found, objects: Sequence[Found], pools: Sequence[Pool]) -> Workload:
    """Raises Hidden for a pod of several servers, or of none."""
    metadata, spec = found.data["metadata"], found.data["spec"]
    pod = spec["template"]["spec"]
    container = _server(pod)
    limits = (container.get("resources") or {}).get("limits") or {}
    gpus = next((int(limits[name]) for name in _GPU if name in limits), 0)
    pool, assumed = _pool(pod, pools) if gpus else (None, "")
    scaler = next((one for one in objects if _scales(one, found)), None)
    replicas, unread = _replicas(spec, scaler)
    belongs = tuple(one for one in objects if one is not found and (one is scaler or _belongs(one, found)))
    owner = _owner(metadata, pod)
    remarks = (assumed, unread, "" if owner else "nobody is named who answers for it: set `metadata.owner`")
    return Workload(
        name=str(metadata["name"]),
        namespace=str(metadata.get("namespace", "")),
        owner=owner,
        pod=pod,
        container=container,
        objects=(found, *belongs),
        gpus=gpus,
        pool=pool,
        replicas=replicas,
        resources=_resources(pod, container),
        token=_token(container),
        cache=_cache(pod, container),
        remarks=tuple(remark for remark in remarks if remark),
    )


def _server(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    containers: Sequence[Mapping[str, Any]] = pod["containers"]
    if len(containers) == 1:
        return containers[0]
    with_gpus = [
        c for c in containers if any(name in ((c.get("resources") or {}).get("limits") or {}) for name in _GPU)
    ]
    if len(with_gpus) != 1:
        raise Hidden(f"its pods have {len(containers)} containers, and nothing says which one serves")
    return with_gpus[0]


def _owner(metadata: Mapping[str, Any], pod: Mapping[str, Any]) -> str:
    labels = metadata.get("labels") or {}
    return next((str(labels[name]) for name in _OWNERS if name in labels), "")


def _pool(pod: Mapping[str, Any], pools: Sequence[Pool]) -> tuple[Pool | None, str]:
    """The one whose labels the pods ask for; else any pool of the only type there is."""
    asked = pod.get("nodeSelector") or {}
    for pool in pools:
        if pool.labels and pool.labels.items() <= asked.items():
            return pool, ""
    types = {pool.gpu for pool in pools}
    if len(types) == 1:
        gpu = next(iter(types))
        return Pool("", gpu, {}), f"its GPU is taken for `{gpu}`, the only one in `capacity`"
    return None, ""


def _scales(one: Found, workload: Found) -> bool:
    if one.data["kind"] != "HorizontalPodAutoscaler":
        return False
    target = one.data["spec"].get("scaleTargetRef") or {}
    same = (target.get("kind"), target.get("name")) == ("Deployment", workload.key.name)
    return same and one.key.namespace == workload.key.namespace


def _belongs(one: Found, workload: Found) -> bool:
    """What chooses its pods, or is its identity."""
    if one.key.namespace != workload.key.namespace:
        return False
    pods: Mapping[str, str] = (workload.data["spec"]["template"].get("metadata") or {}).get("labels") or {}
    spec = one.data.get("spec") or {}
    match one.key.kind:
        case "Service":
            chosen: Mapping[str, str] = spec.get("selector") or {}
        case "PodDisruptionBudget":
            chosen = (spec.get("selector") or {}).get("matchLabels") or {}
        case "NetworkPolicy":
            chosen = (spec.get("podSelector") or {}).get("matchLabels") or {}
        case "ServiceAccount":
            return bool(one.key.name == workload.data["spec"]["template"]["spec"].get("serviceAccountName"))
        case _:
            return False
    return bool(chosen) and all(pods.get(name) == value for name, value in chosen.items())


def _replicas(spec: Mapping[str, Any], scaler: Found | None) -> tuple[dict[str, Any], str]:
    """With what could not be read of the scaler."""
    fixed = int(spec.get("replicas", 1))
    if scaler is None:
        return {"count": fixed}, ""
    asked = scaler.data["spec"]
    least, most = int(asked.get("minReplicas", 1)), int(asked["maxReplicas"])
    target = next((found for metric in asked.get("metrics") or () if (found := _target(metric))), None)
    if target is None:
        return {"count": least}, f"{scaler.key} scales on something that specs do not have: the fewest are kept"
    if most <= least:
        return {"count": least}, ""
    return {"min": least, "max": most, "target": target}, ""


def _target(metric: Mapping[str, Any]) -> dict[str, Any] | None:
    resource, pods = metric.get("resource") or {}, metric.get("pods") or {}
    use = (resource.get("target") or {}).get("averageUtilization")
    if resource.get("name") in ("cpu", "memory") and use is not None:
        return {"metric": resource["name"], "value": int(use)}
    name = _METRICS.get(str((pods.get("metric") or {}).get("name")))
    amount = str((pods.get("target") or {}).get("averageValue", ""))
    return {"metric": name, "value": int(amount)} if name and amount.isdigit() else None


def _resources(pod: Mapping[str, Any], container: Mapping[str, Any]) -> dict[str, Any]:
    told = container.get("resources") or {}
    requests, limits = told.get("requests") or {}, told.get("limits") or {}
    memory = requests.get("memory") or limits.get("memory")
    cpu = requests.get("cpu") or limits.get("cpu")
    shared = next(_shared_memory(pod), None)
    found = {"cpu": cpu, "memory": memory, "sharedMemory": shared}
    return {name: str(value) for name, value in found.items() if value}


def _shared_memory(pod: Mapping[str, Any]) -> Iterator[str]:
    for volume in pod.get("volumes") or ():
        scratch = volume.get("emptyDir") or {}
        if scratch.get("medium") == "Memory" and scratch.get("sizeLimit"):
            yield str(scratch["sizeLimit"])


def _token(container: Mapping[str, Any]) -> Mapping[str, str] | None:
    known = variables(container)
    return next((known[name] for name in _TOKENS if isinstance(known.get(name), Mapping)), None)


def _cache(pod: Mapping[str, Any], container: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """A claim that is mounted where weights are kept stays what it is."""
    volumes = {volume["name"]: volume for volume in pod.get("volumes") or ()}
    for mount in container.get("volumeMounts") or ():
        volume = volumes.get(mount["name"]) or {}
        if "persistentVolumeClaim" in volume and any(part in mount["mountPath"] for part in _CACHES):
            return {"type": "pvc", "claim": volume["persistentVolumeClaim"]["claimName"]}
    return None
