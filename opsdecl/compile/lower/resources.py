"""Inputs -> Resource: key, Pulumi token, labels, dependencies."""

from collections.abc import Iterable, Mapping
from typing import Any

from opsdecl.addr import Address, ObjectKey, SpecAddress
from opsdecl.compile.lower.labels import object_annotations
from opsdecl.compile.lower.names import object_name
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Resource
from opsdecl.diag import SpecPath


def make_resource(
    subject: Subject,
    role: str,
    api_version: str,
    kind: str,
    inputs: Mapping[str, Any],
    *,
    name: str = "",
    annotations: Mapping[str, Any] | None = None,
    labels: Mapping[str, Any] | None = None,
    depends_on: Iterable[Address] = (),
    protect: bool = False,
    ignore_changes: tuple[SpecPath, ...] = (),
) -> Resource:
    """A namespaced object of the document; its name is the document's base where none is given. `labels` are beside
    those of all its objects."""
    metadata = {
        "labels": {**subject.object_labels, **(labels or {})},
        "annotations": {**object_annotations(subject), **(annotations or {})} or None,
    }
    return Resource(
        address=subject.address(role),
        token=token_of(api_version, kind),
        key=ObjectKey(api_version, kind, subject.namespace, name or object_name(subject.base, variant=subject.variant)),
        inputs={"metadata": metadata, **inputs},
        depends_on=tuple(depends_on),
        protect=protect,
        aliases=_aliases(subject, role),
        ignore_changes=ignore_changes,
    )


def token_of(api_version: str, kind: str) -> str:
    """Pulumi's name of a type: `kubernetes:apps/v1:Deployment`, `kubernetes:core/v1:Service`."""
    return f"kubernetes:{api_version if '/' in api_version else f'core/{api_version}'}:{kind}"


def _aliases(subject: Subject, role: str) -> tuple[Address, ...]:
    kind = subject.document.address.kind
    return tuple(Address(SpecAddress(kind, old), subject.variant, role) for old in subject.metadata.moved_from)
