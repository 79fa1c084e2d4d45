"""The files of a dataset that an evaluation measures on."""

from collections.abc import Iterator

from opsdecl.compile.lower.subject import Subject
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import evaluation as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.spec.kinds.dataset import DatasetSpec
from opsdecl.spec.kinds.evaluation import EvaluationSpec

ALL = "**/*"


def files_of(spec: DatasetSpec, split: str | None) -> str:
    """The pattern of a split that there is; all files where none is named."""
    return spec.splits[split].path if split is not None and split in spec.splits else ALL


def split_of(subject: Subject, spec: EvaluationSpec) -> Iterator[Diagnostic]:
    """A split that the dataset does not have."""
    for used in subject.datasets:
        if spec.split is not None and spec.split not in used.spec.splits:
            known = ", ".join(used.spec.splits) or "none"
            yield Diagnostic(
                codes.UNKNOWN_SPLIT,
                f"Dataset.{used.name} has no split `{spec.split}`",
                at=subject.place(("spec", "split")),
                hint=did_you_mean(spec.split, used.spec.splits) or f"it has: {known}",
                subject=str(subject.document.address),
            )
