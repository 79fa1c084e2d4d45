"""What `benchmarks.cluster` measures as ours: one plan or apply of the objects in a file, as a whole process.

    python -m benchmarks.cluster_client plan|apply|disturb --context C --objects FILE [--target T] [--plans read]

The file is a List in JSON, as kubectl reads it, and so is the work before the cluster is asked: no specs are compiled
by either. The collector of cycles is off and pydantic looks for no plugins, as in the command. What was found goes to
standard output, as JSON.
"""

import argparse
import asyncio
import gc
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from opsdecl.addr import Address, ObjectKey, Release, SpecAddress
from opsdecl.apply.ports import Record
from opsdecl.diff.records import TargetState
from opsdecl.diff.release import diff_release
from opsdecl.diff.types import ReleasePlan
from opsdecl.render.types import DocumentView, Manifest, ManifestSet
from opsdecl.targets.cluster.client import Client, each
from opsdecl.targets.cluster.kubeconfig import find_server
from opsdecl.targets.cluster.settings import DRY_RUN, ClusterSettings
from opsdecl.targets.cluster.target import ClusterTarget

CHANGES, SEED = 1000, 20261123
_PATHS = {
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "PersistentVolumeClaim": "/api/v1/namespaces/{}/persistentvolumeclaims",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
}
_PERSON = {"fieldManager": "kubectl-edit"}
_RECORD = Record(
    kind="apply",
    who="Ana Lopez <ana@acme.example>",
    at="2026-03-01T09:12:00+00:00",
    source_commit="8d11e02" + "0" * 33,
    plan_digest="sha256:" + "a" * 64,
    tool_version="0.1.0",
    lock_digest="sha256:" + "b" * 64,
    summary="prod: one change",
    approvals=("ml-leads (asserted by CI)",),
)


def main() -> None:
    gc.disable()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=["plan", "apply", "disturb"])
    parser.add_argument("--context", required=True)
    parser.add_argument("--objects", type=Path, required=True)
    parser.add_argument("--target", default="assist")
    parser.add_argument("--plans", choices=["dry-run", "read"], default=DRY_RUN)
    given = parser.parse_args()
    desired = wanted(given.objects, Release("acme", "prod", given.target))
    settings = ClusterSettings(context=given.context, namespace=given.target, plans=given.plans)
    target = ClusterTarget(settings, desired.release, desired)
    done = disturb(target, desired) if given.work == "disturb" else work(given.work, target, desired)
    print(json.dumps(done), flush=True)
    os._exit(0)


def wanted(file: Path, release: Release) -> ManifestSet:
    """A document for each object, which bears its name."""
    manifests = sorted(map(_manifest, msgspec.json.decode(file.read_bytes())["items"]), key=lambda m: m.address)
    references = {"runtime": SpecAddress("Runtime", "vllm")}
    documents = tuple(
        DocumentView(m.address.spec, {"metadata": {"name": m.key.name}, "spec": {}}, references, m.digest)
        for m in manifests
    )
    return ManifestSet(release, tuple(manifests), documents)


def _manifest(data: Mapping[str, Any]) -> Manifest:
    metadata = data["metadata"]
    key = ObjectKey(data["apiVersion"], data["kind"], metadata["namespace"], metadata["name"])
    return Manifest(Address(SpecAddress("LLM", key.name), "main", "part"), key, key.kind, data, {})


def work(does: str, target: ClusterTarget, desired: ManifestSet) -> Mapping[str, int]:
    """How many objects there are of each action."""
    state = state_of(target)
    plan = plan_of(state, desired)
    if does == "plan":
        found: dict[str, int] = {}
        for change in plan.changes:
            found[change.action] = found.get(change.action, 0) + 1
        return found
    done = target.write(desired, plan, _RECORD, expected=state.identity, emit=lambda event: None)
    assert done.value is not None, done.diagnostics
    assert not done.diagnostics, done.diagnostics[:3]
    return dict(done.value.counts)


def state_of(target: ClusterTarget) -> TargetState:
    read = target.read()
    assert read.value is not None, read.diagnostics
    return read.value


def plan_of(state: TargetState, desired: ManifestSet) -> ReleasePlan:
    return diff_release(state, desired, effects={}).release


def disturb(target: ClusterTarget, desired: ManifestSet) -> Any:
    """Changes live objects behind our back, then plans: what was done against what was found."""
    import random

    drawn = random.Random(SEED)
    chosen = drawn.sample(desired.manifests, min(CHANGES, len(desired.manifests)))
    kinds = {str(m.address): drawn.choice(("edited", "deleted", "added to")) for m in chosen}
    asyncio.run(_change(chosen, kinds, target.settings))
    state = state_of(target)
    changes = {change.address: change for change in plan_of(state, desired).changes}
    found = {
        "edited": {a for a, change in changes.items() if change.action == "update" and change.cause == "drift"},
        "deleted": {a for a, change in changes.items() if change.action == "create"},
        "added to": {str(m.address) for m in chosen if any(_names(line, m) for line in state.unowned)},
    }
    told = {}
    for kind, addresses in found.items():
        done = {address for address, of in kinds.items() if of == kind}
        told[kind] = {"changed": len(done), "found": len(done & addresses), "wrongly": len(addresses - done)}
    return told


def _names(line: str, given: Manifest) -> bool:
    return line.startswith(f"{given.key}:")


async def _change(chosen: Sequence[Manifest], kinds: Mapping[str, str], settings: ClusterSettings) -> None:
    async with Client(find_server(settings)) as client:

        async def one(given: Manifest) -> None:
            path = f"{_PATHS[given.key.kind].format(given.key.namespace)}/{given.key.name}"
            match kinds[str(given.address)]:
                case "deleted":
                    await client.delete(path, {"propagationPolicy": "Background"})
                case "edited":
                    await client.patch(path, _edit(given), _PERSON, kind="merge")
                case _:
                    note = {"metadata": {"annotations": {"note": "by hand"}}}
                    await client.patch(path, note, _PERSON, kind="merge")

        await each(chosen, one)


def _edit(given: Manifest) -> Mapping[str, Any]:
    """Another value of a field that we applied."""
    match given.key.kind:
        case "ConfigMap":
            return {"data": {"value": "by hand"}}
        case "Deployment":
            return {"spec": {"revisionHistoryLimit": 9}}
        case _:
            return {"metadata": {"labels": {"team": "hand", "applyset.kubernetes.io/part-of": None}}}


if __name__ == "__main__":
    main()
