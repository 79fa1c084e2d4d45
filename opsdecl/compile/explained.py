"""Models beside the evaluations that they name as their explanation."""

from collections.abc import Iterator
from typing import Any

from opsdecl.addr import SpecAddress
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic, Related
from opsdecl.diag.codes.explaining import NOT_EXPLAINED

RECIPE = "attribution"


def explained(scene: Scene) -> Iterator[Diagnostic]:
    """An evaluation of another environment cannot be looked at here."""
    for document in scene.served():
        name = (document.effective["spec"].get("explain") or {}).get("attribution")
        other = scene.documents.get(SpecAddress("Evaluation", name or ""))
        if document.address.kind == "Model" and other is not None and not _explains(document, other):
            yield _finding(scene, document, other)


def _explains(document: CompiledDocument, other: CompiledDocument) -> bool:
    spec: Any = other.effective["spec"]
    return spec["recipe"] == RECIPE and any(each.get("model") == document.address.name for each in spec["candidates"])


def _finding(scene: Scene, document: CompiledDocument, other: CompiledDocument) -> Diagnostic:
    recipe = other.effective["spec"]["recipe"]
    is_other = recipe != RECIPE
    said = f"has the recipe `{recipe}`" if is_other else "does not have the model among its candidates"
    return Diagnostic(
        NOT_EXPLAINED,
        f"{other.address} {said}, so it explains no answers of {document.address}",
        at=scene.place(document.address, ("spec", "explain", "attribution")),
        hint=f"name an evaluation with `recipe: {RECIPE}` and the candidate `model: {document.address.name}`",
        related=(
            Related("the evaluation", scene.place(other.address, ("spec", "recipe" if is_other else "candidates"))),
        ),
        subject=str(document.address),
    )
