"""Datasets beside those that their checks compare them with: where these lie, their splits, formats and columns."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from opsdecl.addr import SpecAddress
from opsdecl.compile.recipes import READ
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Code, Diagnostic, Related, SpecPath
from opsdecl.diag.codes import drift as codes
from opsdecl.diag.codes import evaluation, runs
from opsdecl.diag.nearest import did_you_mean
from opsdecl.spec.kinds.dataset_checks import COMPARED_BY, Column, DriftCheck, family_of


def drift(scene: Scene) -> Iterator[Diagnostic]:
    for document in scene.served():
        checks = document.model.spec.checks if document.address.kind == "Dataset" else None
        for index, check in enumerate(checks.drift if checks is not None else ()):
            used = scene.documents.get(SpecAddress("Dataset", check.reference.dataset or ""))
            if used is not None:
                yield from _found(_Pair(scene, document, used), check, ("spec", "checks", "drift", index))


class _Pair(Struct, frozen=True):
    """A dataset and its reference, and how to report on them."""

    scene: Scene
    document: CompiledDocument
    used: CompiledDocument

    def finding(self, code: Code, path: SpecPath, message: str, hint: str, there: SpecPath) -> Diagnostic:
        """`there`: what of the reference says so."""
        return Diagnostic(
            code,
            message,
            at=self.scene.place(self.document.address, path),
            hint=hint,
            related=(Related("the reference", self.scene.place(self.used.address, there)),),
            subject=str(self.document.address),
        )


def _found(pair: _Pair, check: DriftCheck, path: SpecPath) -> Iterator[Diagnostic]:
    used, named = pair.used, (*path, "reference", "dataset")
    here, there = (each.effective["metadata"]["namespace"] for each in (pair.document, used))
    if here != there:
        message = f"{used.address} lies in namespace `{there}`, and {pair.document.address} is checked in `{here}`"
        hint = f"set metadata.namespace of one of them to that of the other, such as `{there}`"
        yield pair.finding(runs.DATA_ELSEWHERE, named, message, hint, ("metadata", "namespace"))
    splits, split = used.model.spec.splits, check.reference.split
    if split is not None and split not in splits:
        message = f"{used.address} has no split `{split}`"
        hint = did_you_mean(split, splits) or f"it has: {', '.join(splits) or 'none'}"
        where: SpecPath = ("spec", "splits") if splits else ("spec",)
        yield pair.finding(evaluation.UNKNOWN_SPLIT, (*path, "reference", "split"), message, hint, where)
    if used.model.spec.format not in READ:
        message = f"{used.address} has the format `{used.model.spec.format}`, and only {', '.join(READ)} are compared"
        hint = f"name a dataset of one of these formats: {', '.join(READ)}"
        yield pair.finding(codes.OTHER_COLUMNS, named, message, hint, ("spec", "format"))
    yield from _columns(pair, check, path)


def _columns(pair: _Pair, check: DriftCheck, path: SpecPath) -> Iterator[Diagnostic]:
    """Only where both say which columns they have."""
    own: Mapping[str, Column] = pair.document.model.spec.schema_
    theirs: Mapping[str, Column] = pair.used.model.spec.schema_
    if not theirs:
        return
    for index, name in enumerate(check.columns):
        at: SpecPath = (*path, "columns", index)
        if name not in theirs:
            message = f"{pair.used.address} has no column `{name}`"
            hint = did_you_mean(name, theirs) or f"its schema has: {', '.join(theirs)}"
            yield pair.finding(codes.OTHER_COLUMNS, at, message, hint, ("spec", "schema"))
        elif name in own:
            yield from _types(pair, (name, own[name], theirs[name]), at)
    if own and not check.columns:
        at = (*path, "reference", "dataset")
        common = {name: column for name, column in own.items() if column.type in COMPARED_BY[check.method]}
        if common and not common.keys() & theirs.keys():
            message = f"{pair.used.address} has none of the columns that `{check.method}` could compare: "
            hint = f"its schema has: {', '.join(theirs)}"
            yield pair.finding(codes.OTHER_COLUMNS, at, message + ", ".join(common), hint, ("spec", "schema"))
        for name in common:
            if name in theirs:
                yield from _types(pair, (name, own[name], theirs[name]), at)


def _types(pair: _Pair, column: tuple[str, Column, Column], at: SpecPath) -> Iterator[Diagnostic]:
    name, own, theirs = column
    if family_of(own.type) != family_of(theirs.type):
        message = f"`{name}` is of the type `{own.type}` here, and `{theirs.type}` in {pair.used.address}"
        hint = "give both the same type, or leave the column out: `columns: [...]`"
        yield pair.finding(codes.OTHER_COLUMNS, at, message, hint, ("spec", "schema", name, "type"))
