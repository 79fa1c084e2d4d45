"""Counts that autoscalers keep, told from the autoscalers themselves.

The API server does not note in managedFields who scaled a workload whose count nobody had ever set.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from opsdecl.targets.cluster.live import kind_of
from opsdecl.targets.cluster.ownership import contains, holders

_AUTOSCALER = "HorizontalPodAutoscaler"
_COUNT = ("f:spec", "f:replicas")


def scaled_counts(live: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Of live objects, workloads that one of their autoscalers has scaled; one line for each."""
    objects = list(live)
    autoscalers = [o for o in objects if kind_of(o) == _AUTOSCALER]
    if not autoscalers:
        return
    workloads = {_name(o["kind"], o["metadata"]): o for o in objects if "replicas" in o.get("spec", {})}
    for autoscaler in sorted(autoscalers, key=lambda o: _name(_AUTOSCALER, o["metadata"])):
        target, metadata = autoscaler["spec"]["scaleTargetRef"], autoscaler["metadata"]
        name = _name(target["kind"], {**metadata, "name": target["name"]})
        workload, at = workloads.get(name), autoscaler.get("status", {}).get("lastScaleTime")
        if workload is not None and at and not _is_held(workload):
            by = f"{_AUTOSCALER} {metadata['name']} (an autoscaler) at {at}"
            yield f"{name}: spec.replicas {workload['spec']['replicas']} by {by}"


def _is_held(workload: Mapping[str, Any]) -> bool:
    """Then the holder's own line says so."""
    return any(contains(holder.fields, _COUNT) for holder in holders(workload) if not holder.is_bystander)


def _name(kind: str, metadata: Mapping[str, Any]) -> str:
    return f"{kind} {metadata['namespace']}/{metadata['name']}"
