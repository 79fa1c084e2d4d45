"""Objects that were applied -> ready, or a finding that says what holds them up. Reads, and never writes."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from opsdecl.addr import ObjectKey
from opsdecl.apply.readiness.patience import patience_s
from opsdecl.apply.readiness.pods import Problem, problem_of
from opsdecl.apply.readiness.read import read_readiness
from opsdecl.apply.types import Event, Readiness, Watched
from opsdecl.diag import Diagnostic, SpecPath
from opsdecl.diag.codes import cluster as codes
from opsdecl.render.types import Manifest
from opsdecl.targets.cluster.client import Client, each
from opsdecl.targets.cluster.failures import StatusError
from opsdecl.targets.cluster.kinds import Kinds
from opsdecl.targets.cluster.refusals import PlaceOf

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 3.0
_WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "LeaderWorkerSet"})
_MANY_PODS = 50


class Looked(Struct, frozen=True):
    """An object as it is now, and what is wrong with its pods."""

    readiness: Readiness
    problem: Problem | None = None

    @property
    def shown(self) -> Readiness:
        """With the reason of the pods, where one is known."""
        if self.problem is None or self.readiness.state == "Current":
            return self.readiness
        if self.problem.for_run:
            return replace(self.readiness, state="InProgress", message=self.problem.words)
        return replace(self.readiness, message=f"{self.readiness.message}; {self.problem.words}".removeprefix("; "))


class Watcher(Struct, frozen=True):
    """Looks at objects until they are ready. `at_most_s` bounds what their own deadlines allow."""

    client: Client
    kinds: Kinds
    place_of: PlaceOf
    emit: Callable[[Event], None]
    at_most_s: float | None = None
    told: dict[str, Readiness] = field(default_factory=dict)

    async def wait(self, manifests: Sequence[Manifest]) -> Mapping[str, Diagnostic]:
        """Findings by address, of those that failed or took too long; empty where all are ready."""
        now = asyncio.get_running_loop().time
        start, pause = now(), _FIRST_PAUSE_S
        waiting = {str(manifest.address): manifest for manifest in manifests}
        findings: dict[str, Diagnostic] = {}
        while True:
            looks = await each(list(waiting.values()), lambda m: look_at(self.client, self.kinds, m.key))
            for (address, manifest), looked in zip(list(waiting.items()), looks, strict=True):
                self._tell(address, looked)
                if looked.problem is not None and looked.problem.for_run:
                    # Nobody waits in the apply for a run, so for what waits for one neither.
                    del waiting[address]
                    continue
                late = now() - start >= self._patience_s(manifest)
                if looked.readiness.state == "Failed" or (late and looked.readiness.state != "Current"):
                    findings[address] = self._not_ready(manifest, looked, now() - start)
                if looked.readiness.state == "Current" or address in findings:
                    del waiting[address]
            if not waiting:
                return findings
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE_S)

    def _patience_s(self, manifest: Manifest) -> float:
        own = patience_s(manifest.data)
        return own if self.at_most_s is None else min(own, self.at_most_s)

    def _tell(self, address: str, looked: Looked) -> None:
        """What was ready at once is not worth a line."""
        shown, before = looked.shown, self.told.get(address)
        if shown != before and (before is not None or shown.state != "Current"):
            self.told[address] = shown
            self.emit(Watched(address, shown))

    def _not_ready(self, manifest: Manifest, looked: Looked, after_s: float) -> Diagnostic:
        state, problem = looked.shown, looked.problem
        end = "failed" if state.state == "Failed" else f"is not ready after {_duration(after_s)}"
        counted = f" ({state.ready} of {state.wanted} ready)" if state.wanted else ""
        path = problem.path if problem is not None else ()
        name = str(manifest.address.spec)
        return Diagnostic(
            codes.NOT_READY,
            f"{manifest.key} {end}{counted}: {state.message}",
            at=self.place_of(manifest.address.spec, manifest.origin(path) or ()),
            hint=f"mend that and apply again, or go back; look on with `opsdecl status`, {_look_closer(manifest)}",
            subject=name,
        )


def _look_closer(manifest: Manifest) -> str:
    key = manifest.key
    where = f" -n {key.namespace}" if key.namespace else ""
    return f"kubectl describe {key.kind.lower()} {key.name}{where}"


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"


async def look_at(client: Client, kinds: Kinds, key: ObjectKey) -> Looked:
    """One object by its name, and its pods where they are what it waits for."""
    served = kinds.get((key.api_version, key.kind))
    live = await client.find(served.path(key)) if served is not None else None
    return await judge(client, live)


async def judge(client: Client, live: Mapping[str, Any] | None) -> Looked:
    """An object that was read, with a look at its pods where they hold it up."""
    readiness = read_readiness(live)
    if live is not None and readiness.state == "Current" and _is_search(live):
        return Looked(replace(readiness, message=await _found_by(client, live)))
    if live is None or live.get("kind") not in _WORKLOADS or readiness.state not in ("InProgress", "Failed"):
        return Looked(readiness)
    problem = problem_of(await pods_of(client, live))
    return Looked(readiness, replace(problem, path=_in_workload(live, problem.path)) if problem else None)


def _is_search(live: Mapping[str, Any]) -> bool:
    return live.get("kind") == "Job" and live["metadata"].get("labels", {}).get("opsdecl.dev/kind") == "Tuning"


async def _found_by(client: Client, live: Mapping[str, Any]) -> str:
    """What a search came to, as long as its pods are there to tell."""
    from opsdecl.apply.readiness.search_result import latest_result

    statuses = (row for pod in await pods_of(client, live) for row in pod["status"].get("containerStatuses") or ())
    messages = [str(row.get("state", {}).get("terminated", {}).get("message", "")) for row in statuses]
    result = latest_result(messages)
    return result.words if result is not None else ""


def _in_workload(workload: Mapping[str, Any], path: SpecPath) -> SpecPath:
    """Where the field of its pods stands; the pods of a replica have the same, but for arguments and probes."""
    if workload.get("kind") == "LeaderWorkerSet":
        return ("spec", "leaderWorkerTemplate", "leaderTemplate", *path[2:])
    return path


def labels_of_pods(workload: Mapping[str, Any]) -> Mapping[str, str]:
    """What its pods, and no others, carry. A LeaderWorkerSet has no selector: its operator labels them by its name."""
    if workload.get("kind") == "LeaderWorkerSet":
        return {"leaderworkerset.sigs.k8s.io/name": workload["metadata"]["name"]}
    return workload.get("spec", {}).get("selector", {}).get("matchLabels") or {}


async def pods_of(client: Client, workload: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Some pods of a workload. Who may not read pods learns less, and no more than that is lost."""
    labels = labels_of_pods(workload)
    selector = ",".join(f"{name}={value}" for name, value in sorted(labels.items()))
    if not selector:
        return ()
    path = f"/api/v1/namespaces/{workload['metadata']['namespace']}/pods"
    try:
        page = await client.get(path, {"labelSelector": selector, "limit": _MANY_PODS})
    except StatusError as error:
        if error.code == 403:
            return ()
        raise
    return tuple(page.get("items") or ())
