"""A merged document -> the model of its kind, or findings in the document's own words, each at its own path."""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import cache
from typing import Any

from pydantic import ValidationError

from opsdecl.diag import Checked, Diagnostic, Place, SpecPath
from opsdecl.diag.codes import spec as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.spec.kinds import KINDS, Part
from opsdecl.spec.rules import Finding, apply_rules
from opsdecl.spec.shapes import Shape, nodes_of
from opsdecl.spec.wording import PydanticError, findings_of, wrong_paths

Placer = Callable[[SpecPath], Place]


def check_document(kind: str, value: Mapping[str, Any], place: Placer, key_place: Placer) -> Checked[Any]:
    """The validated model of a whole document. `place` and `key_place` say where a path's value and name stand.

    All errors are reported, those of single fields and those between fields. The value is None where any is an error
    of a single field, or the kind is unknown.
    """
    if kind not in KINDS:
        hint = did_you_mean(kind, KINDS) or f"choose from {', '.join(KINDS)}"
        found = Finding(codes.UNKNOWN_KIND, ("kind",), f"there is no kind `{kind}`", hint)
        return Checked(None, (_diagnostic(found, "", place, key_place),))
    subject = _subject(kind, value)
    try:
        model, findings = _built(KINDS[kind].model).model_validate(value), []
    except ValidationError as error:
        errors = error.errors(include_url=False)
        model, findings = None, list(findings_of(kind, value, errors))
        findings += _findings_beside(kind, value, errors)
    else:
        findings += apply_rules(kind, model)
    diagnostics = (_diagnostic(finding, subject, place, key_place) for finding in findings)
    return Checked(model, tuple(dict.fromkeys(diagnostics)))


@cache
def _built(model: type[Part]) -> type[Part]:
    """What a part holds is built before it: pydantic would build it anew within everything that holds it."""
    for node in nodes_of(model).values():
        for part in _parts(node.shapes):
            _built(part)
    model.model_rebuild()
    return model


def _parts(shapes: tuple[Shape, ...]) -> Iterator[type[Part]]:
    for shape in shapes:
        if shape.model is not None:
            yield shape.model
        yield from _parts(shape.item)


def _findings_beside(kind: str, value: Mapping[str, Any], errors: list[PydanticError]) -> list[Finding]:
    """What the rules find in the parts of the document that are right."""
    wrong = tuple(dict.fromkeys(path for item in errors for path in wrong_paths(kind, item)))
    pruned = deepcopy(dict(value))
    for path in sorted(wrong, key=len, reverse=True):
        _remove(pruned, path)
    try:
        model = KINDS[kind].model.model_validate(pruned)
    except ValidationError:
        return []
    return list(apply_rules(kind, model, wrong))


def _remove(tree: Any, path: SpecPath) -> None:
    """Takes a mapping's entry out of a tree; items of lists go with the whole list, so that places stay right."""
    last = max((index for index, part in enumerate(path) if isinstance(part, str)), default=-1)
    cut = next((index for index, part in enumerate(path) if isinstance(part, int)), last + 1)
    for part in path[: cut - 1]:
        tree = tree.get(part) if isinstance(tree, dict) else None
    if isinstance(tree, dict) and cut > 0:
        tree.pop(path[cut - 1], None)


def _subject(kind: str, value: Mapping[str, Any]) -> str:
    metadata = value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    return f"{kind}.{name}" if isinstance(name, str) else ""


def _diagnostic(finding: Finding, subject: str, place: Placer, key_place: Placer) -> Diagnostic:
    at = (key_place if finding.on_key and finding.path else place)(finding.path)
    return Diagnostic(
        finding.code,
        finding.message,
        at,
        hint=finding.hint,
        severity_override=finding.severity,
        subject=subject,
    )
