"""A release of small objects, and a person's plan for it, made by the real diff."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from opsdecl.addr import Address, ObjectKey, Release, SpecAddress
from opsdecl.apply.ports import Record
from opsdecl.compile.lower.resources import token_of
from opsdecl.diff.records import TargetState
from opsdecl.diff.release import diff_release
from opsdecl.diff.types import ReleasePlan
from opsdecl.render.types import DocumentView, Manifest, ManifestSet

RELEASE = Release("acme", "prod", "main")
NOW = "2026-03-01T09:12:00+00:00"
_API = {
    "Deployment": "apps/v1",
    "Service": "v1",
    "ConfigMap": "v1",
    "PersistentVolumeClaim": "v1",
    "Namespace": "v1",
    "Job": "batch/v1",
}


def manifest(
    address: str, kind: str, name: str, value: Any = 1, *, needs: tuple[str, ...] = (), **more: Any
) -> Manifest:
    """`value` is what tells one version of the object from another. The usual kinds are as an API server takes them."""
    namespace = more.pop("namespace", "assist")
    api_version = more.pop("api_version", None) or _API[kind]
    placed = {"namespace": namespace} if namespace else {}
    metadata = {"name": name, **placed, **more.pop("metadata", {})}
    data = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **_content(api_version, kind, name, value)}
    return Manifest(
        address=Address.parse(address),
        key=ObjectKey(api_version, kind, namespace, name),
        token=token_of(api_version, kind),
        data=data,
        origins={},
        depends_on=tuple(Address.parse(need) for need in needs),
        **more,
    )


def _content(api_version: str, kind: str, name: str, value: Any) -> dict[str, Any]:
    if kind == "Deployment":
        flag = {"name": "FLAG", "value": "yes"}
        pod = {"containers": [{"name": "server", "image": "registry.example.com/server:1", "env": [flag]}]}
        labels = {"app": name}
        template = {"metadata": {"labels": labels}, "spec": pod}
        selector = {"matchLabels": labels}
        return {"spec": {"replicas": 0, "revisionHistoryLimit": value, "selector": selector, "template": template}}
    if kind == "Job":
        run = {"name": "run", "image": "registry.example.com/train:1"}
        pod_of_run = {"containers": [run], "restartPolicy": "Never"}
        return {"spec": {"backoffLimit": value, "activeDeadlineSeconds": 3600, "template": {"spec": pod_of_run}}}
    if kind == "Service" and api_version == "v1":
        affinity = {"clientIP": {"timeoutSeconds": value}}
        ports = [{"name": "http", "port": 80}]
        spec = {"selector": {"app": name}, "ports": ports, "sessionAffinity": "ClientIP"}
        return {"spec": {**spec, "sessionAffinityConfig": affinity}}
    if kind == "PersistentVolumeClaim":
        size = {"requests": {"storage": f"{value}Gi"}}
        return {"spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "none", "resources": size}}
    return {} if kind == "Namespace" else {"data": {"value": str(value)}}


def release(*manifests: Manifest, of: Release = RELEASE, owner: str = "team-assist") -> ManifestSet:
    """A document for each parent of the objects."""
    parents = sorted({m.address.spec for m in manifests})
    documents = tuple(
        DocumentView(
            parent,
            {"metadata": {"name": parent.name, "owner": owner}, "spec": {}},
            {"runtime": SpecAddress("Runtime", "vllm")},
            f"sha256:{owner}",
        )
        for parent in parents
    )
    return ManifestSet(of, tuple(sorted(manifests, key=lambda m: m.address)), documents)


def chat(value: Any = 1, of: Release = RELEASE) -> ManifestSet:
    """A model with a Deployment, a Service and a cache."""
    return release(
        manifest("LLM.chat/main/deployment", "Deployment", "chat", value, needs=("LLM.chat/main/cache",)),
        manifest("LLM.chat/main/service", "Service", "chat"),
        manifest("LLM.chat/main/cache", "PersistentVolumeClaim", "chat-cache", protect=True),
        of=of,
    )


def training(key: str = "aa11", value: Any = 1, *, owner: str = "team-assist", **metadata: Any) -> ManifestSet:
    """A volume, and a run that writes to it. `key` tells runs apart, `value` is what does not count for a run."""
    address, name = f"Training.tune/main/run-{key}", f"tune-{key}"
    return release(
        manifest("Training.tune/main/output", "PersistentVolumeClaim", "tune-output"),
        manifest(address, "Job", name, value, needs=("Training.tune/main/output",), metadata=metadata),
        owner=owner,
    )


def nothing(of: Release = RELEASE) -> ManifestSet:
    return ManifestSet(of, (), ())


def plan_of(state: TargetState, desired: ManifestSet) -> ReleasePlan:
    return diff_release(state, desired, effects={}).release


def actions(plan: ReleasePlan) -> dict[str, str]:
    """Address -> action, without what stays."""
    return {change.address: change.action for change in plan.changes if change.action != "noop"}


def record(kind: str = "apply", summary: str = "prod: one change", **more: Any) -> Record:
    filled = Record(
        kind=kind,
        who="Ana Lopez <ana@acme.example>",
        at=NOW,
        source_commit="8d11e02" + "0" * 33,
        plan_digest="sha256:" + "a" * 64,
        tool_version="0.1.0",
        lock_digest="sha256:" + "b" * 64,
        summary=summary,
        approvals=("ml-leads (asserted by CI)",),
    )
    return replace(filled, **more)


def apply(target: Any, desired: ManifestSet, kind: str = "apply", **more: Any) -> Any:
    """Read, plan, write; the answer of the write."""
    state = target.read().value
    assert state is not None, target.read().diagnostics
    plan = plan_of(state, desired)
    return target.write(desired, plan, record(kind, **more), expected=state.identity, emit=lambda event: None)


def git(folder: Path, *arguments: str, data: bytes | None = None, env: Mapping[str, str] | None = None) -> str:
    """The test's own git, as a person at a shell would use it."""
    identity = ("-c", "user.name=Ben Hand", "-c", "user.email=ben@acme.example", "-c", "init.defaultBranch=main")
    done = subprocess.run(
        ["git", *identity, *arguments],
        cwd=folder,
        input=data,
        capture_output=True,
        check=True,
        env={**os.environ, **(env or {})},
    )
    return done.stdout.decode().strip()


def project(folder: Path) -> Path:
    """A repository with one commit on `main`."""
    (folder / "environments" / "prod").mkdir(parents=True)
    (folder / "environments" / "prod" / "chat.yaml").write_text("kind: LLM\n")
    (folder / ".gitignore").write_text(".opsdecl/\n")
    git(folder, "init", "--quiet", "--template=")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "specs")
    return folder


def edit_branch(
    repository: Path, scratch: Path, branch: str, files: Mapping[str, str | None], by: str = "Ben Hand"
) -> str:
    """Somebody's commit on the branch, through a clone of their own. None deletes. The new commit."""
    if not scratch.exists():
        git(repository, "clone", "--quiet", "--branch", branch, str(repository), str(scratch))
    git(scratch, "fetch", "--quiet", "origin", branch)
    git(scratch, "reset", "--quiet", "--hard", "FETCH_HEAD")
    for name, text in files.items():
        path = scratch / name
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    git(scratch, "add", "--all")
    git(scratch, "commit", "--quiet", "--message", "by hand", "--author", f"{by} <hand@acme.example>")
    git(scratch, "push", "--quiet", "origin", f"HEAD:{branch}")
    return git(scratch, "rev-parse", "HEAD")
