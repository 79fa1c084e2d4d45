"""Fields that do nothing in this environment: an error where its own layers set them, a note where inherited."""

from collections.abc import Mapping, Sequence
from typing import Any

from opsdecl.addr import format_path, parse_path
from opsdecl.compile.provenance import layer_setters, winner
from opsdecl.compile.schema import KindSchema, NoEffect, schema_of
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic, Place, Related, Severity, SpecPath
from opsdecl.diag.codes import spec as codes
from opsdecl.spec.types import Document, Json


def ineffective_fields(
    layers: Sequence[Document],
    schema: KindSchema,
    written: tuple[Mapping[str, Json], Any],
    surroundings: tuple[CompiledDocument | None, Mapping[str, CompiledDocument]],
    *,
    own: bool,
) -> tuple[Diagnostic, ...]:
    """`written` is the merged value and its model. `own` says that the last layer lies in the environment's own folder.
    `surroundings` are the environment (None for the environment itself) and what the document refers to, by root."""
    value, model = written
    environment, documents = surroundings
    runtime = documents["runtime"].model if "runtime" in documents else None
    deciding = model if environment is None else environment.model
    rules = [rule for rule in schema.no_effect if _is_written(value, rule.path)]
    found = [(rule, rule.applies(model, deciding, runtime)) for rule in rules]
    return tuple(
        _finding(layers, schema, rule, reason, environment, own=own) for rule, reason in found if reason is not None
    )


def _is_written(value: Json, path: SpecPath) -> bool:
    """Asked first, because most rules are about fields that most documents leave out."""
    for part in path:
        if not isinstance(value, Mapping) or part not in value:
            return False
        value = value[str(part)]
    return True


def _finding(
    layers: Sequence[Document],
    schema: KindSchema,
    rule: NoEffect,
    reason: str,
    environment: CompiledDocument | None,
    *,
    own: bool,
) -> Diagnostic:
    setters = layer_setters(layers, schema.merge, rule.path)
    is_own = own and any(_lies_in(setter.place, layers[-1]) for setter in setters)
    decided = _deciding_place(layers, schema, reason, environment)
    return Diagnostic(
        codes.NO_EFFECT,
        f"`{format_path(rule.path[1:])}` has no effect here: {reason}",
        at=winner(layers, schema.merge, rule.path, key=True),
        hint=rule.hint if is_own else f"leave it where another environment needs it, else {rule.hint}",
        label=f"ignored: {reason}",
        related=(Related("decided here", decided),) if decided else (),
        severity_override=None if is_own else Severity.NOTE,
        subject=f"{schema.kind}.{layers[-1].name}",
    )


def _lies_in(place: Place, layer: Document) -> bool:
    return (place.file, place.document) == (layer.file, layer.index)


def _deciding_place(
    layers: Sequence[Document], schema: KindSchema, reason: str, environment: CompiledDocument | None
) -> Place | None:
    """Reasons begin with the field that decides, of the document itself or of the environment."""
    try:
        path: SpecPath = ("spec", *parse_path(reason.split(" ", 1)[0]))
    except ValueError:
        return None
    if len(path) > 1 and schema.has_field(path):
        return winner(layers, schema.merge, path)
    rules = schema_of("Environment")
    if environment is not None and rules is not None and len(path) > 1 and rules.has_field(path):
        return winner(environment.layers, rules.merge, path)
    return None
