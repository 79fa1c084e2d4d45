"""A pod that does not get ready -> why, in the words of whoever holds it up."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from opsdecl.apply.readiness.conditions import condition
from opsdecl.diag import SpecPath

_PULLING = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})
_HARMLESS = frozenset({"ContainerCreating", "PodInitializing"})
_LONGEST = 300
WAITS_FOR = "opsdecl.dev/waits-for-runs"
"""Annotation of pods that wait for training runs in an init container whose name begins with `wait-`."""
FILLS = "opsdecl.dev/fills"
"""Annotation of pods that copy data to their node in their init containers, and are ready then."""
_RESOURCES: SpecPath = ("spec", "template", "spec", "containers", 0, "resources")
_CONTAINERS: SpecPath = ("spec", "template", "spec", "containers", 0)


class Problem(Struct, frozen=True):
    """`reason` as Kubernetes names it; `path` is the field of the workload that has most to do with it."""

    reason: str
    message: str
    path: SpecPath
    for_run: bool = False
    """Whether nothing is wrong: the pod waits for a run or copies what it made, which may take hours."""

    @property
    def words(self) -> str:
        return f"{self.reason}: {self.message}" if self.message else self.reason


def problem_of(pods: Sequence[Mapping[str, Any]]) -> Problem | None:
    """The problem of the newest pod that has one."""
    newest = sorted(pods, key=lambda pod: str(pod.get("metadata", {}).get("creationTimestamp", "")), reverse=True)
    return next((found for pod in newest for found in _problems(pod)), None)


def _problems(pod: Mapping[str, Any]) -> Iterator[Problem]:
    status = pod.get("status", {})
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        reason = str(scheduled.get("reason") or "Unschedulable")
        yield Problem(reason, str(scheduled.get("message", ""))[:_LONGEST], _RESOURCES)
    yield from _waits(pod)
    yield from _fills(pod)
    for row in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        yield from _of_container(row)
    if status.get("phase") == "Failed":
        yield from _ended(status)
        yield Problem(str(status.get("reason") or "Failed"), str(status.get("message", ""))[:_LONGEST], _CONTAINERS)


def _waits(pod: Mapping[str, Any]) -> Iterator[Problem]:
    runs = str((pod.get("metadata", {}).get("annotations") or {}).get(WAITS_FOR, ""))
    for row in (pod.get("status", {}).get("initContainerStatuses") or ()) if runs else ():
        if str(row.get("name", "")).startswith("wait-") and (row.get("state") or {}).get("running"):
            named = str(row["name"]).removeprefix("wait-")
            run = next((run for run in runs.split(",") if run.startswith(named)), runs)
            yield Problem(f"waiting for training run {run[:_LONGEST]}", "", ("spec", "template", "spec"), for_run=True)


def _fills(pod: Mapping[str, Any]) -> Iterator[Problem]:
    copy = str((pod.get("metadata", {}).get("annotations") or {}).get(FILLS, ""))
    at = pod.get("spec", {}).get("nodeName", "")
    for row in (pod.get("status", {}).get("initContainerStatuses") or ()) if copy else ():
        if (row.get("state") or {}).get("running"):
            said = f"waiting until {copy} is prepared" if row.get("name") == "wait" else f"copying {copy} to {at}"
            yield Problem(said, "", ("spec", "template", "spec"), for_run=True)


def _ended(status: Mapping[str, Any]) -> Iterator[Problem]:
    """Of a pod that is not started again: how its containers ended, and the last line of what they said."""
    for row in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        ended = (row.get("state") or {}).get("terminated") or {}
        if ended.get("exitCode"):
            out_of_memory = ended.get("reason") == "OOMKilled"
            lines = str(ended.get("message") or "").strip().splitlines()
            said = lines[-1] if lines else f"exit code {ended['exitCode']}"
            yield Problem(
                "OOMKilled" if out_of_memory else "Failed",
                said[:_LONGEST],
                _RESOURCES if out_of_memory else _CONTAINERS,
            )


def _of_container(row: Mapping[str, Any]) -> Iterator[Problem]:
    waiting = (row.get("state") or {}).get("waiting") or {}
    reason = str(waiting.get("reason") or "")
    if not reason or reason in _HARMLESS:
        return
    message = str(waiting.get("message", ""))
    ended = (row.get("lastState") or {}).get("terminated") or {}
    if ended:
        last = f"{ended.get('reason', 'it ended')} with exit code {ended.get('exitCode')}"
        message = f"{message}; last time: {last}" if message else f"last time: {last}"
    if ended.get("reason") == "OOMKilled":
        yield Problem(reason, message[:_LONGEST], _RESOURCES)
        return
    yield Problem(reason, message[:_LONGEST], (*_CONTAINERS, "image") if reason in _PULLING else _CONTAINERS)
