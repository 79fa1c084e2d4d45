"""Whether guardrails can ask their judge, and whether requests must go through them."""

from collections.abc import Iterator, Mapping
from typing import Any

from opsdecl.compile.judged import ROOT
from opsdecl.compile.lower.labels import PREFIX
from opsdecl.compile.lower.names import base_name, shorten
from opsdecl.compile.routed import POOLED_ENGINES
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic, Related, Severity, SpecPath
from opsdecl.diag.codes import guardrails as codes

_AT: SpecPath = ("spec", "guardrails")


def checks_passed_by(scene: Scene) -> Iterator[Diagnostic]:
    """Errors: a platform that sends requests to the engine itself. A warning where nothing keeps others from it."""
    for document in scene.served():
        if document.effective["spec"].get("guardrails"):
            yield from _passed_by(scene, document)


def judges(scene: Scene) -> Iterator[Diagnostic]:
    """Errors: a judge that lets its caller not in."""
    for document in scene.served():
        if document.effective["spec"].get("guardrails"):
            yield from _judge(scene, document)


def _passed_by(scene: Scene, document: CompiledDocument) -> Iterator[Diagnostic]:
    platform = scene.settings["platform"]
    where = f"set platform.serving of {scene.environment.address.name} to native"
    if platform["serving"] == "kserve":
        message = "KServe makes a Service of its own to port 8000 of the pods, whichever container has it"
        yield _finding(scene, document, _AT, message, where)
    engine = (document.effective.get("runtime") or {}).get("engine")
    if platform["routing"] == "inference-extension" and engine in POOLED_ENGINES:
        message = "the endpoint picker reads the engine's load at the port that requests are sent to"
        yield _finding(scene, document, _AT, message, "set platform.routing to gateway-api")
    if not scene.settings["networkPolicy"]["enabled"]:
        message = "nothing keeps other pods from the engine's own port: `networkPolicy.enabled` is false"
        yield _finding(scene, document, _AT, message, "remove `networkPolicy: {enabled: false}`", Severity.WARNING)


def _judge(scene: Scene, document: CompiledDocument) -> Iterator[Diagnostic]:
    address = document.references.get(ROOT)
    judge = scene.documents.get(address) if address is not None else None
    if judge is None or not scene.settings["networkPolicy"]["enabled"]:
        return
    home = document.effective["metadata"]["namespace"]
    if any(_lets_in(peer, document, judge) for peer in _peers(judge)):
        return
    yield Diagnostic(
        codes.JUDGE_NOT_REACHED,
        f"{judge.address} lets pods of {document.address} in namespace `{home}` not in",
        at=scene.place(document.address, (*_AT, "judge")),
        hint=f"add `access: {{from: [{{namespace: {home}}}]}}` to {judge.address}, with its other callers",
        related=(Related("who may call the judge", scene.place(judge.address, ("spec", "access"))),),
        subject=str(document.address),
    )


def _peers(judge: CompiledDocument) -> list[Mapping[str, Any]]:
    """Without a list, the judge's own namespace."""
    access = judge.effective["spec"].get("access")
    return [{}] if access is None else list(access.get("from", ()))


def _lets_in(peer: Mapping[str, Any], document: CompiledDocument, judge: CompiledDocument) -> bool:
    home = document.effective["metadata"]["namespace"]
    if peer.get("namespace", judge.effective["metadata"]["namespace"]) != home:
        return False
    labels = _labels(document)
    return all(labels.get(name) == value for name, value in peer.get("labels", {}).items())


def _labels(document: CompiledDocument) -> Mapping[str, str]:
    """Labels of a model's pods by which a judge may name it."""
    base, kind = shorten(base_name(document.model.metadata)), document.address.kind
    return {
        "app.kubernetes.io/name": base,
        "app.kubernetes.io/instance": base,
        "app.kubernetes.io/component": kind.lower(),
        f"{PREFIX}/base": base,
        f"{PREFIX}/kind": kind,
    }


def _finding(
    scene: Scene,
    document: CompiledDocument,
    path: SpecPath,
    message: str,
    hint: str,
    severity: Severity | None = None,
) -> Diagnostic:
    return Diagnostic(
        codes.CHECKS_PASSED_BY,
        message,
        at=scene.place(document.address, path),
        hint=hint,
        severity_override=severity,
        subject=str(document.address),
    )
