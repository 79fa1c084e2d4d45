"""Evaluations beside what they measure: namespaces, and whether evidence would be tied to any bytes."""

import re
from collections.abc import Iterator

from opsdecl.addr import SpecAddress
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic, Related
from opsdecl.diag.codes import evaluation as codes
from opsdecl.diag.codes import runs

_COMMIT = re.compile(r"[0-9a-f]{40}")
_KINDS = {"model": "Model", "llm": "LLM", "training": "Training"}


def evaluations(scene: Scene) -> Iterator[Diagnostic]:
    for document in scene.served():
        if document.address.kind == "Evaluation":
            for index, other in _candidates(scene, document):
                yield from _elsewhere(scene, document, index, other)
                yield from _untied(scene, document, index, other)
            yield from _data(scene, document)


def _candidates(scene: Scene, document: CompiledDocument) -> Iterator[tuple[int, CompiledDocument]]:
    for index, candidate in enumerate(document.effective["spec"]["candidates"]):
        for field, kind in _KINDS.items():
            other = scene.documents.get(SpecAddress(kind, candidate.get(field, "")))
            if other is not None:
                yield index, other


def _elsewhere(scene: Scene, document: CompiledDocument, index: int, other: CompiledDocument) -> Iterator[Diagnostic]:
    here, there = (d.effective["metadata"]["namespace"] for d in (document, other))
    if here != there:
        yield Diagnostic(
            codes.MEASURED_ELSEWHERE,
            f"{other.address} is in namespace `{there}`, and {document.address} runs in `{here}`",
            at=scene.place(document.address, ("spec", "candidates", index)),
            hint=f"set metadata.namespace of {document.address} to `{there}`",
            related=(Related("the candidate", scene.place(other.address, ("metadata", "namespace"))),),
            subject=str(document.address),
        )


def _untied(scene: Scene, document: CompiledDocument, index: int, other: CompiledDocument) -> Iterator[Diagnostic]:
    kind, spec = other.address.kind, other.effective["spec"]
    source = spec.get("source") or {}
    revision = (other.effective.get("model") or {}).get("revision", "")
    loose = (kind == "Model" and "uri" in source and "digest" not in source and "@sha256:" not in source["uri"]) or (
        kind == "LLM" and spec["weights"]["source"]["type"] == "hub" and not _COMMIT.fullmatch(revision)
    )
    if loose:
        named = f"`{source['uri']}`" if kind == "Model" else f"the model of {other.address}"
        yield Diagnostic(
            codes.NOTHING_TIED,
            f"nothing says which bytes {named} has, so evidence about it is tied to none",
            at=scene.place(document.address, ("spec", "candidates", index)),
            hint="add `digest: sha256:…` beside its uri" if kind == "Model" else "pin its `revision`",
            related=(Related("the candidate", scene.place(other.address, ("spec",))),),
            subject=str(document.address),
        )


def _data(scene: Scene, document: CompiledDocument) -> Iterator[Diagnostic]:
    """The same as for a training: a pod mounts volumes of its own namespace only."""
    used = scene.documents.get(SpecAddress("Dataset", document.effective["spec"].get("dataset") or ""))
    here = document.effective["metadata"]["namespace"]
    if used is not None and used.effective["metadata"]["namespace"] != here:
        there = used.effective["metadata"]["namespace"]
        yield Diagnostic(
            runs.DATA_ELSEWHERE,
            f"{used.address} lies in namespace `{there}`, and {document.address} runs in `{here}`",
            at=scene.place(document.address, ("spec", "dataset")),
            hint=f"set metadata.namespace of one of them to that of the other, such as `{there}`",
            related=(Related("the dataset", scene.place(used.address, ("metadata", "namespace"))),),
            subject=str(document.address),
        )
