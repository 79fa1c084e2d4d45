"""Documents -> policies and the things they look at. Nothing here evaluates an expression."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import SpecPath
from opsdecl.policy.exceptions import longest_days_of, read_exemptions
from opsdecl.policy.types import Match, Policy, Rule, Subject
from opsdecl.render.types import Manifest, ManifestSet

NEVER_JUDGED = frozenset({"Project", "Environment", "Policy"})
"""Kinds that configure opsdecl itself."""


def read_policy(document: CompiledDocument) -> Policy:
    """From the effective tree; anything that is not as declared was reported when the document was checked."""
    spec = _mapping(document.effective.get("spec"))
    match = _mapping(spec.get("match"))
    rules = spec.get("rules") or []
    return Policy(
        document.address,
        str(spec.get("description") or ""),
        spec.get("level") != "warn",
        Match(
            **{name: _texts(match.get(name)) for name in ("kinds", "objects", "environments", "namespaces")},
            labels={str(key): str(value) for key, value in _mapping(match.get("labels")).items()},
        ),
        tuple(_rule(document, index, _mapping(rule)) for index, rule in enumerate(rules)),
        read_exemptions(document.address, document.effective),
        longest_days_of(document.effective),
    )


def _rule(document: CompiledDocument, index: int, rule: Mapping[str, Any]) -> Rule:
    texts = {"name", "expression", "message", "path"}
    found = {name: str(rule.get(name) or "") for name in texts}
    return Rule(document.address, index, message_expression=str(rule.get("messageExpression") or ""), **found)


def holds_in(match: Match, environment: str) -> bool:
    return not match.environments or environment in match.environments


def selects(policy: Policy, subject: Subject) -> bool:
    """Whether everything that the policy asks for fits. For objects, labels are the object's own."""
    match = policy.match
    kinds = (not match.kinds or subject.document.kind in match.kinds) and subject.document.kind not in NEVER_JUDGED
    objects = not match.objects or subject.kind in match.objects
    namespaces = not match.namespaces or subject.namespace in match.namespaces
    return kinds and objects and namespaces and _has_labels(subject.labels, match.labels)


def _has_labels(labels: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in wanted.items())


def spec_subjects(documents: Sequence[CompiledDocument], environment: CompiledDocument) -> Iterator[Subject]:
    about = environment_value(environment)
    for document in documents:
        if document.address.kind in NEVER_JUDGED:
            continue
        values = {name: without_nulls(value) for name, value in document.effective.items()}
        metadata = _mapping(values.get("metadata"))
        yield Subject(
            document.address,
            str(document.address),
            document.address.kind,
            str(metadata.get("namespace") or ""),
            _mapping(metadata.get("labels")),
            {
                "metadata": metadata,
                "spec": {},
                "runtime": {},
                "model": {},
                **values,
                "kind": document.address.kind,
                "environment": about,
            },
            _same,
        )


def object_subjects(manifests: ManifestSet) -> Iterator[Subject]:
    for manifest in manifests.manifests:
        metadata = _mapping(manifest.data.get("metadata"))
        yield Subject(
            manifest.address.spec,
            str(manifest.key),
            manifest.key.kind,
            manifest.key.namespace,
            _mapping(metadata.get("labels")),
            {"object": manifest.data},
            _through(manifest),
        )


def environment_value(environment: CompiledDocument) -> dict[str, Any]:
    """What `environment` is in rules: the fields of its spec, and `name` and `labels`."""
    metadata = _mapping(environment.effective.get("metadata"))
    spec = _mapping(without_nulls(environment.effective.get("spec")))
    return {**spec, "name": environment.address.name, "labels": _mapping(metadata.get("labels"))}


def without_nulls(value: Any) -> Any:
    """A field that is null is a field that is not there, so that `has` means what people expect."""
    if isinstance(value, Mapping):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [without_nulls(item) for item in value]
    return value


def _same(path: SpecPath) -> SpecPath | None:
    return path if path and path[0] not in ("kind", "environment") else None


def _through(manifest: Manifest) -> Callable[[SpecPath], SpecPath | None]:
    def origin(path: SpecPath) -> SpecPath | None:
        return manifest.origin(path[1:])

    return origin


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(item) for item in value or ())
