"""A model whose prompts are worked out by pods of their own, as two subjects: the pods that decode, and these."""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from opsdecl.compile.lower.labels import labelled
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.roles import PREFILL, for_prefill, path_in
from opsdecl.compile.types import CompiledDocument, Resource, Traced


def decoding(subject: Subject) -> Subject:
    """The pods that answer, which keep the names and labels of a model that is not split."""
    return labelled(replace(subject, is_split=True))


def prefilling(subject: Subject) -> Subject:
    """The pods that prefill: another variant, with effective values of their own."""
    whole = subject.document
    own = {**whole.effective, "spec": for_prefill(whole.effective["spec"])}
    document = CompiledDocument(
        whole.address, whole.model, whole.value, own, whole.layers, whole.references, whole.digest
    )
    return labelled(replace(subject, document=document, whole=whole, variant=PREFILL, is_split=True))


def as_written(subject: Subject, resources: Iterable[Resource | None]) -> tuple[Resource, ...]:
    """Objects of the variant whose values come from where the document says them for these pods."""
    return tuple(
        replace(resource, inputs=moved(subject, resource.inputs)) for resource in resources if resource is not None
    )


def moved(subject: Subject, value: Any) -> Any:
    """The same tree; each value with the path that says it for the variant."""
    if isinstance(value, Traced):
        path = path_in(subject.variant, subject.document.value.get("spec") or {}, value.path)
        return Traced(moved(subject, value.value), path)
    if isinstance(value, dict):
        return {name: moved(subject, each) for name, each in value.items()}
    return [moved(subject, each) for each in value] if isinstance(value, list | tuple) else value
