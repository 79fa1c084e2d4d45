"""A small release to change: one LLM with the objects that serve it."""

import dataclasses
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from opsdecl.addr import Address, ObjectKey, Release, SpecAddress
from opsdecl.diag import SpecPath
from opsdecl.diff.release import ReleaseDiff, diff_release, state_from_manifests
from opsdecl.diff.types import ChangeClass, DocumentChange, ObjectChange
from opsdecl.render.types import DocumentView, Manifest, ManifestSet

RELEASE = Release("acme", "prod", "main")
CHAT = SpecAddress("LLM", "chat")
VLLM = SpecAddress("Runtime", "vllm")
POD = ("spec", "template", "spec", "containers", 0)


@dataclass(frozen=True)
class Row:
    path: str
    change_class: ChangeClass
    reason: str
    rule: str = ""
    gone: str = ""
    shown: str = ""


EFFECTS: Mapping[str, tuple[Row, ...]] = {
    "LLM": (
        Row("spec.engine", "rolling", "pods restart with other settings"),
        Row("spec.engine.maxModelLen", "behaviour", "longer requests are accepted"),
        Row("spec.model", "behaviour", "another model answers"),
        Row("spec.parsers", "behaviour", "answers are taken apart differently"),
        Row("spec.weights.cache.type", "data-loss", "the volume is dropped", "from-pvc"),
        Row("spec.weights.cache.size", "data-loss", "a volume cannot shrink", "shrink"),
        Row("spec.weights.cache.storageClass", "data-loss", "the volume is made anew"),
    ),
    "Runtime": (Row("spec.version", "behaviour", "another engine version answers", "minor-version"),),
    "Route": (Row("spec.backends", "behaviour", "other models answer", shown="backends"),),
}


def document(name: str = "chat", **spec: Any) -> DocumentView:
    effective = {
        "metadata": {"name": name, "owner": "team-assist"},
        "spec": {
            "engine": {"maxModelLen": 8192, "maxNumSeqs": 256},
            "accelerator": {"gpu": "h100-80gb", "count": 1, "resource": "nvidia.com/gpu"},
            **spec,
        },
        "runtime": {"version": "0.33.0", "image": "vllm/vllm-openai:v0.33.0"},
    }
    return DocumentView(SpecAddress("LLM", name), effective, {"runtime": VLLM}, "")


def data_of(kind: str, name: str, **fields: Any) -> dict[str, Any]:
    version = {"Deployment": "apps/v1", "HorizontalPodAutoscaler": "autoscaling/v2", "Job": "batch/v1"}.get(kind, "v1")
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "assist"}, **deepcopy(fields)}


def manifest(view: DocumentView, role: str, data: dict[str, Any], **values: Any) -> Manifest:
    key = ObjectKey(data["apiVersion"], data["kind"], data["metadata"]["namespace"], data["metadata"]["name"])
    values.setdefault("origins", {})
    return Manifest(Address(view.address, "main", role), key, f"kubernetes:{key.kind}", data, **values)


def deployment(view: DocumentView, name: str = "chat", **values: Any) -> Manifest:
    spec, runtime = view.effective["spec"], view.effective["runtime"]
    args = [f"--max-model-len={spec['engine']['maxModelLen']}", f"--max-num-seqs={spec['engine']['maxNumSeqs']}"]
    if "tool" in spec.get("parsers", {}):
        args.append(f"--tool-call-parser={spec['parsers']['tool']}")
    container = {
        "name": "vllm",
        "image": runtime["image"],
        "args": args,
        "resources": {"limits": {"cpu": "8", "memory": "64Gi", "nvidia.com/gpu": "1"}},
    }
    origins: dict[SpecPath, SpecPath] = {
        (*POD, "image"): ("runtime", "image"),
        (*POD, "args", 0): ("spec", "engine", "maxModelLen"),
        (*POD, "args", 1): ("spec", "engine", "maxNumSeqs"),
        (*POD, "args", 2): ("spec", "parsers", "tool"),
    }
    body = {"selector": {"matchLabels": {"app": name}}, "template": {"spec": {"containers": [container]}}}
    data = data_of("Deployment", name, spec=body)
    return manifest(view, "deployment", data, origins=origins, **values)


def service(view: DocumentView, name: str = "chat", **values: Any) -> Manifest:
    return manifest(view, "service", data_of("Service", name, spec={"ports": [{"name": "http", "port": 80}]}), **values)


def hpa(view: DocumentView, name: str = "chat", low: int = 2, high: int = 6, **values: Any) -> Manifest:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    spec = {"scaleTargetRef": target, "minReplicas": low, "maxReplicas": high}
    return manifest(view, "hpa", data_of("HorizontalPodAutoscaler", name, spec=spec), **values)


def claim(view: DocumentView, name: str = "chat-cache", size: str = "60Gi", **values: Any) -> Manifest:
    spec = {"accessModes": ["ReadWriteMany"], "storageClassName": "fast", "resources": {"requests": {"storage": size}}}
    return manifest(view, "cache", data_of("PersistentVolumeClaim", name, spec=spec), **values)


def release(*manifests: Manifest, documents: tuple[DocumentView, ...] = ()) -> ManifestSet:
    ordered = tuple(sorted(manifests, key=lambda m: m.address))
    return ManifestSet(RELEASE, ordered, documents)


def chat(view: DocumentView | None = None, **values: Any) -> ManifestSet:
    """The whole LLM `chat`."""
    view = view or document(**values)
    return release(deployment(view), service(view), hpa(view), claim(view), documents=(view,))


def with_runtime(view: DocumentView, **values: Any) -> DocumentView:
    return replace(view, effective={**view.effective, "runtime": {**view.effective["runtime"], **values}})


def changed(source: Manifest, path: SpecPath, value: Any) -> Manifest:
    """The same object with another value; None takes the field away."""
    data = deepcopy(dict(source.data))
    at: Any = data
    for part in path[:-1]:
        at = at[part]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return dataclasses.replace(source, data=data)


def review(before: ManifestSet, after: ManifestSet, **values: Any) -> ReleaseDiff:
    return diff_release(state_from_manifests(before), after, effects=EFFECTS, **values)


def the_change(diff: ReleaseDiff, role: str = "deployment") -> ObjectChange:
    (found,) = [change for change in diff.release.changes if change.address.endswith(f"/{role}")]
    return found


def the_document(diff: ReleaseDiff, address: str = "LLM.chat") -> DocumentChange:
    (found,) = [change for change in diff.documents if change.address == address]
    return found
