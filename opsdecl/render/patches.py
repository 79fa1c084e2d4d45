"""Typed patches: fields of rendered objects that the kinds do not model, checked against the objects' schemas."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

from opsdecl.addr import format_path, parse_path
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Code, Diagnostic, SpecPath
from opsdecl.diag.codes import render as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.render.places import PlaceOf
from opsdecl.render.schema_store import Schemas
from opsdecl.render.schema_walk import find_field
from opsdecl.render.settle import settle
from opsdecl.render.types import Manifest

OUR_LABELS = "opsdecl.dev/"
_FIXED: tuple[SpecPath, ...] = (
    ("apiVersion",),
    ("kind",),
    ("metadata", "name"),
    ("metadata", "namespace"),
    ("spec", "selector"),
    ("spec", "podSelector"),
    ("spec", "scaleTargetRef"),
)
_HOLDS_FIXED: tuple[SpecPath, ...] = (("spec", "template"), ("spec", "template", "metadata"))


class Patch(NamedTuple):
    """One item of `spec.patches`. `position` counts from 0."""

    position: int
    target: str
    path: SpecPath
    value: Any

    @property
    def origin(self) -> SpecPath:
        return ("spec", "patches", self.position)


class Patched(NamedTuple):
    manifests: tuple[Manifest, ...]
    diagnostics: tuple[Diagnostic, ...]


def patches_of(document: CompiledDocument) -> tuple[Patch, ...]:
    """In the order of the document."""
    items = document.effective.get("spec", {}).get("patches", ())
    return tuple(
        Patch(index, item["target"], parse_path(item["path"]), item.get("value")) for index, item in enumerate(items)
    )


def apply_patches(
    document: CompiledDocument, manifests: Sequence[Manifest], schemas: Schemas | None, place_of: PlaceOf
) -> Patched:
    """The document's manifests with its patches; one that cannot be applied is reported and left out.

    Without schemas for the environment's version paths are not checked here. Whether the value fits is for
    `check_schemas` to say, at the patch's value.
    """
    by_role = {manifest.address.role: manifest for manifest in manifests}
    found: list[Diagnostic] = []
    for patch in patches_of(document):
        problem = _problem(patch, by_role, schemas)
        if problem is not None:
            code, field, message, hint = problem
            at = place_of(document.address, (*patch.origin, field))
            found.append(Diagnostic(code, message, at=at, hint=hint, subject=str(document.address)))
        else:
            by_role[patch.target] = patched(by_role[patch.target], patch)
    return Patched(tuple(by_role[manifest.address.role] for manifest in manifests), tuple(found))


def patched(manifest: Manifest, patch: Patch) -> Manifest:
    """A copy; every field below the patched path now comes from the patch."""
    data = copy.deepcopy(dict(manifest.data))
    _set(data, patch.path, settle({"value": patch.value})[0].get("value", {}))
    length = len(patch.path)
    origins = {path: origin for path, origin in manifest.origins.items() if path[:length] != patch.path}
    origins[patch.path] = (*patch.origin, "value")
    return replace(manifest, data=data, origins=origins)


_Problem = tuple[Code, str, str, str]


def _problem(patch: Patch, by_role: Mapping[str, Manifest], schemas: Schemas | None) -> _Problem | None:
    """Code, field of the patch, message, hint."""
    manifest = by_role.get(patch.target)
    if manifest is None:
        roles = ", ".join(sorted(by_role))
        message = f"`target: {patch.target}` is no object of this document"
        return (
            codes.PATCH_TARGET_UNKNOWN,
            "target",
            message,
            did_you_mean(patch.target, by_role) or f"use one of {roles}",
        )
    if _is_fixed(patch.path):
        message = f"`{format_path(patch.path)}` ties the {manifest.key.kind} to its document"
        return codes.PATCH_FORBIDDEN, "path", message, "change metadata of the document instead"
    if patch.value is None or settle({"value": patch.value})[2]:
        message = f"`{format_path(patch.path)}` of {manifest.key.kind} cannot hold this value"
        return codes.UNWRITABLE_VALUE, "value", message, "write a value without null, and numbers within 2^53"
    return _unknown_path(patch, manifest, schemas)


def _unknown_path(patch: Patch, manifest: Manifest, schemas: Schemas | None) -> _Problem | None:
    schema = schemas.of(manifest.key.api_version, manifest.key.kind) if schemas else None
    wrong = find_field(schemas, schema, patch.path) if schemas and schema else None
    if wrong is not None:
        message = f"`{format_path(wrong.path)}` of {manifest.key.kind} {wrong.message}"
        return codes.PATCH_PATH_UNKNOWN, "path", message, wrong.hint or "correct the path"
    for path, index, items in _lists_on(manifest.data, patch.path):
        if index > items:
            message = f"`{format_path(path)}` of {manifest.key.kind} has {items} items"
            return codes.PATCH_PATH_UNKNOWN, "path", message, f"use an index up to {items}, which appends"
    return None


def _is_fixed(path: SpecPath) -> bool:
    if path in _HOLDS_FIXED or any(path[: len(fixed)] == fixed or fixed[: len(path)] == path for fixed in _FIXED):
        return True
    labels = path[path.index("labels") + 1 :] if "labels" in path else None
    # The label itself, or the whole mapping that holds it.
    return labels is not None and (not labels or str(labels[0]).startswith(OUR_LABELS))


def _lists_on(value: Any, path: SpecPath) -> Iterator[tuple[SpecPath, int, int]]:
    """The lists that the path goes into: path, index, and how many items there are."""
    for length, part in enumerate(path):
        if isinstance(part, int):
            items = len(value) if isinstance(value, list) else 0
            yield path[:length], part, items
            value = value[part] if part < items else None
        else:
            value = value.get(part) if isinstance(value, dict) else None


def _set(data: Any, path: SpecPath, value: Any) -> None:
    """In place; what is missing on the way is made."""
    for part, following in pairwise(path):
        data = _enter(data, part, [] if isinstance(following, int) else {})
    last = path[-1]
    if isinstance(data, list) and last == len(data):
        data.append(value)
    else:
        data[last] = value


def _enter(data: Any, part: Any, empty: Any) -> Any:
    if isinstance(data, list):
        if part == len(data):
            data.append(empty)
        return data[part]
    return data.setdefault(part, empty)
