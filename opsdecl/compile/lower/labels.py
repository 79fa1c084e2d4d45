"""Labels and annotations of everything that a document is rendered to."""

from typing import Any

from msgspec.structs import replace

from opsdecl.addr import MAIN
from opsdecl.compile.lower.names import label_value
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.roles import DECODE
from opsdecl.compile.types import CompiledDocument

PREFIX = "opsdecl.dev"
VARIANT = f"{PREFIX}/variant"
ROLE_LABEL = "llm-d.ai/role"
"""By which endpoint pickers tell pods that prefill from those that decode."""
MANAGED_BY = "opsdecl"


def labelled(subject: Subject) -> Subject:
    """The subject with the labels that all its objects share."""
    pods = pod_labels(subject)
    return replace(subject, pod_labels=pods, object_labels=object_labels(subject, pods))


def selector(subject: Subject) -> dict[str, str]:
    """What ties pods to their document. Nothing in it ever changes, since selectors cannot."""
    return {
        f"{PREFIX}/kind": subject.document.address.kind,
        f"{PREFIX}/base": subject.base,
        f"{PREFIX}/variant": subject.variant,
    }


def selector_of_all(subject: Subject) -> dict[str, str]:
    """What ties all pods of a document to it, also those of its other role."""
    own = selector(subject)
    return {name: value for name, value in own.items() if name != VARIANT} if subject.is_split else own


def pod_labels(subject: Subject) -> dict[str, Any]:
    """Labels of pods: only what stays, because pods restart when one of their labels changes."""
    return {
        **selector(subject),
        "app.kubernetes.io/name": subject.base,
        "app.kubernetes.io/instance": subject.base,
        "app.kubernetes.io/component": subject.document.address.kind.lower(),
        "app.kubernetes.io/part-of": label_value(subject.project),
        "app.kubernetes.io/managed-by": MANAGED_BY,
        f"{PREFIX}/project": label_value(subject.project),
        f"{PREFIX}/environment": label_value(subject.environment_name),
        **({ROLE_LABEL: DECODE if subject.variant == MAIN else subject.variant} if subject.is_split else {}),
    }


def object_labels(subject: Subject, pods: dict[str, Any]) -> dict[str, Any]:
    """Labels of objects: those of pods but for their role, the owner, and the document's own, which cannot replace
    ours."""
    metadata = subject.metadata
    own = {key: traced(value, "metadata", "labels", key) for key, value in metadata.labels.items()}
    owner = traced(label_value(metadata.owner), "metadata", "owner") if metadata.owner else None
    shared = {key: value for key, value in pods.items() if key != ROLE_LABEL}
    return {**own, **shared, f"{PREFIX}/owner": owner}


def object_annotations(subject: Subject) -> dict[str, Any]:
    return {key: traced(value, "metadata", "annotations", key) for key, value in subject.metadata.annotations.items()}


def environment_labels(environment: CompiledDocument, project: str) -> dict[str, Any]:
    """Of objects that are the Environment's own."""
    metadata, name = environment.model.metadata, environment.address.name
    return {
        **{key: traced(value, "metadata", "labels", key) for key, value in metadata.labels.items()},
        f"{PREFIX}/kind": environment.address.kind,
        f"{PREFIX}/base": name,
        f"{PREFIX}/variant": MAIN,
        f"{PREFIX}/project": label_value(project),
        f"{PREFIX}/environment": label_value(name),
        f"{PREFIX}/owner": traced(label_value(metadata.owner), "metadata", "owner") if metadata.owner else None,
        "app.kubernetes.io/part-of": label_value(project),
        "app.kubernetes.io/managed-by": MANAGED_BY,
    }
