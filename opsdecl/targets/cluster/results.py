"""What runs left behind: the last message of the pod that ended well, as long as it is there."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from opsdecl.addr import ObjectKey
from opsdecl.apply.readiness.read import read_readiness
from opsdecl.targets.cluster.client import Client, each
from opsdecl.targets.cluster.failures import StatusError
from opsdecl.targets.cluster.waiting import pods_of

SIMULATED = "kwok.x-k8s.io/node"
"""Annotation of nodes whose kubelet is played."""
_CONTAINER = "run"


class Left(Struct, frozen=True):
    """A run as it is now. `message` is what its program wrote last, `request` what the Job really asked for,
    `started` when its container began, as the node's kubelet saw it."""

    state: Literal["missing", "running", "failed", "done"]
    said: str = ""
    message: str = ""
    request: str = ""
    image_id: str = ""
    uid: str = ""
    simulated: bool = False
    started: str = ""


async def left_by(client: Client, jobs: Sequence[ObjectKey], variable: str) -> Sequence[Left]:
    """In the order of `jobs`. `variable` is the environment variable that holds the request."""
    return await each(list(jobs), lambda key: _left(client, key, variable))


async def _left(client: Client, key: ObjectKey, variable: str) -> Left:
    job = await client.find(f"/apis/batch/v1/namespaces/{key.namespace}/jobs/{key.name}")
    if job is None:
        return Left("missing")
    readiness = read_readiness(job)
    uid = str(job["metadata"].get("uid", ""))
    if readiness.state != "Current":
        return Left("failed" if readiness.state == "Failed" else "running", readiness.message, uid=uid)
    pods = [pod for pod in await pods_of(client, job) if pod.get("status", {}).get("phase") == "Succeeded"]
    last = max(pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")), default=None)
    if last is None:
        return Left("done", "its pod is gone", uid=uid)
    status = _status(last)
    ended = (status.get("state") or {}).get("terminated") or {}
    return Left(
        "done",
        message=str(ended.get("message") or ""),
        request=_request(job, variable),
        image_id=str(status.get("imageID") or ""),
        uid=uid,
        simulated=await _is_simulated(client, last),
        started=str(ended.get("startedAt") or last.get("status", {}).get("startTime") or ""),
    )


def _status(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    found = pod.get("status", {}).get("containerStatuses") or ()
    return next((status for status in found if status.get("name") == _CONTAINER), {})


def _request(job: Mapping[str, Any], variable: str) -> str:
    containers = job.get("spec", {}).get("template", {}).get("spec", {}).get("containers") or ()
    own: Mapping[str, Any] = next((container for container in containers if container.get("name") == _CONTAINER), {})
    return next((str(e.get("value", "")) for e in own.get("env") or () if e.get("name") == variable), "")


async def _is_simulated(client: Client, pod: Mapping[str, Any]) -> bool:
    """Who may not read nodes has the word of the program only, which no simulated node runs."""
    name = pod.get("spec", {}).get("nodeName")
    try:
        node = await client.find(f"/api/v1/nodes/{name}") if name else None
    except StatusError as error:
        if error.code != 403:
            raise
        return False
    annotations = (node or {}).get("metadata", {}).get("annotations") or {}
    return SIMULATED in annotations
