"""Recipes of trainings beside the data that they read: its format, its splits, its columns."""

from collections.abc import Iterator

from opsdecl.addr import SpecAddress
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic, Related, SpecPath
from opsdecl.diag.codes import evaluation
from opsdecl.diag.codes import recipes as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.spec.kinds.recipe import FINE_TUNE_METRICS
from opsdecl.spec.kinds.training import TrainingSpec

READ = ("csv", "jsonl", "parquet")
"""Formats that programs of recipes read."""


def reported_by(spec: TrainingSpec) -> tuple[str, ...] | None:
    """Numbers that a run reports; None where that is the program's own affair."""
    if spec.recipe == "tabular" and spec.table is not None:
        return tuple(spec.table.metrics)
    return FINE_TUNE_METRICS if spec.recipe == "fine-tune" else None


def recipes(scene: Scene) -> Iterator[Diagnostic]:
    for document in scene.served():
        if document.address.kind == "Training" and document.effective["spec"]["recipe"] != "custom":
            for name in document.effective["spec"].get("datasets", ()):
                used = scene.documents.get(SpecAddress("Dataset", name))
                if used is not None:
                    yield from _splits(scene, document, used)
                    yield from _format(scene, document, used)
                    yield from _columns(scene, document, used)


def _splits(scene: Scene, document: CompiledDocument, used: CompiledDocument) -> Iterator[Diagnostic]:
    known = used.effective["spec"].get("splits", {})
    rows = document.effective["spec"].get("rows") or {}
    for field in ("train", "validation"):
        if field in rows and rows[field] not in known:
            yield Diagnostic(
                evaluation.UNKNOWN_SPLIT,
                f"{used.address} has no split `{rows[field]}`",
                at=scene.place(document.address, ("spec", "rows", field)),
                hint=did_you_mean(rows[field], tuple(known)) or f"it has: {', '.join(known) or 'none'}",
                subject=str(document.address),
            )


def _format(scene: Scene, document: CompiledDocument, used: CompiledDocument) -> Iterator[Diagnostic]:
    spec = document.effective["spec"]
    if used.effective["spec"]["format"] not in READ:
        message = f"{used.address} has the format `{used.effective['spec']['format']}`, and the recipe "
        message += f"`{spec['recipe']}` reads {', '.join(READ)}"
        hint = f"prepare it into one of these: {', '.join(READ)}"
        yield _unread(scene, document, used, ("spec", "datasets", 0), message, hint, ("spec", "format"))


def _columns(scene: Scene, document: CompiledDocument, used: CompiledDocument) -> Iterator[Diagnostic]:
    """Only where the dataset says which columns it has."""
    columns = used.effective["spec"].get("schema", {})
    table = document.effective["spec"].get("table") or {}
    named: list[tuple[SpecPath, str]] = [(("spec", "table", "target"), table["target"])] if table else []
    named += [(("spec", "table", "features", at), name) for at, name in enumerate(table.get("features", ()))]
    for path, name in named if columns else ():
        if name not in columns:
            message = f"{used.address} has no column `{name}`"
            hint = did_you_mean(name, tuple(columns)) or f"its schema has: {', '.join(columns)}"
            yield _unread(scene, document, used, path, message, hint, ("spec", "schema"))


def _unread(
    scene: Scene,
    document: CompiledDocument,
    used: CompiledDocument,
    path: SpecPath,
    message: str,
    hint: str,
    there: SpecPath,
) -> Diagnostic:
    return Diagnostic(
        codes.UNREAD_DATA,
        message,
        at=scene.place(document.address, path),
        hint=hint,
        related=(Related("the dataset", scene.place(used.address, there)),),
        subject=str(document.address),
    )
