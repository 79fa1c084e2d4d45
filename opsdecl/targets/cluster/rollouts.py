"""Since when a served model has been the last version alone, as the object that makes its pods tells it."""

from collections.abc import Mapping, Sequence
from typing import Any

from opsdecl.addr import ObjectKey
from opsdecl.apply.readiness.conditions import condition
from opsdecl.targets.cluster.client import Client, each
from opsdecl.targets.cluster.failures import StatusError

SERVING = frozenset(("Deployment", "LeaderWorkerSet", "LLMInferenceService", "Rollout"))
"""Kinds of objects whose pods answer for a language model; of a Rollout nothing is proven."""
_REVISION = "deployment.kubernetes.io/revision"
_GROUPS = "/apis/leaderworkerset.x-k8s.io/v1/namespaces/{}/leaderworkersets/{}"
_SERVICES = "/apis/serving.kserve.io/v1alpha2/namespaces/{}/llminferenceservices/{}"


async def rolled_out(client: Client, workloads: Sequence[ObjectKey]) -> Sequence[str | None]:
    """Since when nothing but the last version has answered (UTC); empty where there never was another one, None where
    that cannot be told."""
    return await each(list(workloads), lambda key: _rolled_out(client, key))


async def _rolled_out(client: Client, key: ObjectKey) -> str | None:
    match key.kind:
        case "Deployment":
            return await _deployment(client, key.namespace, key.name)
        case "LeaderWorkerSet":
            return _group(await _find(client, _GROUPS.format(key.namespace, key.name)))
        case "LLMInferenceService":
            return await _service(client, key)
        case _:
            return None


async def _find(client: Client, path: str) -> Mapping[str, Any] | None:
    """None as well where the cluster does not know the kind."""
    try:
        return await client.find(path)
    except StatusError as error:
        if error.code != 404:
            raise
        return None


async def _deployment(client: Client, namespace: str, name: str) -> str | None:
    live = await client.find(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}")
    if live is None or not _is_seen(live):
        return None
    if (live["metadata"].get("annotations") or {}).get(_REVISION) == "1":
        return ""
    progress = condition(live, "Progressing")
    if progress.get("reason") != "NewReplicaSetAvailable":
        return None
    return str(progress.get("lastUpdateTime", "")) or None


def _group(live: Mapping[str, Any] | None) -> str | None:
    """It is available again once all its replicas are of the last version and ready; a change of the template ends
    that. An object that was never changed has had one version."""
    if live is None or not _is_seen(live):
        return None
    if live["metadata"].get("generation") == 1:
        return ""
    status, wanted = live.get("status", {}), live.get("spec", {}).get("replicas", 1)
    available = condition(live, "Available")
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas")]
    if available.get("status") != "True" or any(count != wanted for count in counts):
        return None
    return str(available.get("lastTransitionTime", "")) or None


async def _service(client: Client, key: ObjectKey) -> str | None:
    """KServe makes a Deployment for each role of it, or a LeaderWorkerSet, which tells; what it has not seen yet may
    still change them."""
    live = await _find(client, _SERVICES.format(key.namespace, key.name))
    if live is None or not _is_seen(live):
        return None
    if live["spec"].get("worker"):
        return _group(await _find(client, _GROUPS.format(key.namespace, f"{key.name}-kserve-mn")))
    names = [f"{key.name}-kserve", *([f"{key.name}-kserve-prefill"] if live["spec"].get("prefill") else [])]
    return latest([await _deployment(client, key.namespace, name) for name in names])


def _is_seen(live: Mapping[str, Any]) -> bool:
    seen: int = live.get("status", {}).get("observedGeneration", 0)
    return seen >= int(live["metadata"].get("generation", 0))


def latest(every: Sequence[str | None]) -> str | None:
    """Since when all of several are out; None where one is not, or there is none."""
    known = [one for one in every if one is not None]
    return max(known) if known and len(known) == len(every) else None
