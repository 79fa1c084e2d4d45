"""Evaluations with the recipe `attribution` beside the models that they explain: their frameworks, and the method."""

from collections.abc import Iterator

from opsdecl.addr import SpecAddress
from opsdecl.compile.explained import RECIPE
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic, Related
from opsdecl.diag.codes import attribution as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.spec.kinds.attribution import ANY, METHODS, NONE, reader_of

_EVERY = tuple(name for names in METHODS.values() for name in names)
_KINDS = {"model": "Model", "training": "Training"}


def attributed(scene: Scene) -> Iterator[Diagnostic]:
    for document in scene.served():
        spec = document.effective["spec"]
        if document.address.kind != "Evaluation" or spec["recipe"] != RECIPE:
            continue
        method = spec.get("parameters", {}).get("method")
        if method is not None and method not in _EVERY:
            yield _unknown(scene, document, str(method))
        for index, candidate in enumerate(spec["candidates"]):
            for field, kind in _KINDS.items():
                other = scene.documents.get(SpecAddress(kind, candidate.get(field, "")))
                if other is not None:
                    yield from _fits(scene, document, other, index, method)


def _fits(
    scene: Scene, document: CompiledDocument, other: CompiledDocument, index: int, method: object
) -> Iterator[Diagnostic]:
    reader = reader_of(other.address.kind, other.effective["spec"])
    at, said = _framework(other)
    related = (Related("the candidate", scene.place(other.address, at)),)
    if reader == NONE:
        yield Diagnostic(
            codes.NOT_ATTRIBUTED,
            f"{other.address} has {said}, which no method of the recipe `{RECIPE}` explains",
            at=scene.place(document.address, ("spec", "candidates", index)),
            hint="bring a program that does: `recipe: custom`",
            related=related,
            subject=str(document.address),
        )
    elif reader != ANY and method in _EVERY and method not in METHODS[reader]:
        yield Diagnostic(
            codes.OTHER_METHOD,
            f"`{method}` does not explain {other.address}, which has {said}",
            at=scene.place(document.address, ("spec", "parameters", "method")),
            hint=f"remove it, or use one of: {', '.join(METHODS[reader])}",
            related=related,
            subject=str(document.address),
        )


def _framework(other: CompiledDocument) -> tuple[tuple[str, ...], str]:
    """Where it is declared, and as what."""
    spec = other.effective["spec"]
    if other.address.kind == "Model":
        return ("spec", "format"), f"the format `{spec['format']}`"
    if spec["recipe"] == "fine-tune":
        return ("spec", "recipe"), "the recipe `fine-tune`"
    return ("spec", "framework"), f"the framework `{spec['framework']}`"


def _unknown(scene: Scene, document: CompiledDocument, method: str) -> Diagnostic:
    return Diagnostic(
        codes.OTHER_METHOD,
        f"the recipe `{RECIPE}` has no method `{method}`",
        at=scene.place(document.address, ("spec", "parameters", "method")),
        hint=did_you_mean(method, _EVERY) or f"it has: {', '.join(_EVERY)}",
        subject=str(document.address),
    )
