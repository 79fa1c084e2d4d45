"""Manifests -> findings against the schemas of a Kubernetes version, each distinct shape checked once."""

from collections.abc import Hashable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from opsdecl.addr import ObjectKey, SpecAddress, digest_of_bytes, format_path
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import render as codes
from opsdecl.render.places import PlaceOf
from opsdecl.render.schema_store import IDENTITY_NAMES, Schema, Schemas, load_schemas
from opsdecl.render.schema_walk import Violation, violations
from opsdecl.render.types import Manifest

LARGEST_INT32 = 2**31 - 1


class SchemaReport(NamedTuple):
    """`objects` were judged by checking `shapes` of them. Documents in `unchecked` have objects without a schema."""

    diagnostics: tuple[Diagnostic, ...]
    objects: int
    shapes: int
    unchecked: frozenset[SpecAddress] = frozenset()


def check_schemas(manifests: Sequence[Manifest], version: str, place_of: PlaceOf) -> tuple[Diagnostic, ...]:
    """Findings of `examine_schemas`, at the places that set the fields."""
    return examine_schemas(manifests, version, place_of).diagnostics


class RightShapes(Protocol):
    """Shapes that were checked before, by names that mean the same in any run."""

    def knows(self, name: str) -> bool: ...

    def learn(self, name: str) -> None: ...


def examine_schemas(
    manifests: Sequence[Manifest], version: str, place_of: PlaceOf, right: RightShapes | None = None
) -> SchemaReport:
    """Every object against the schema that Kubernetes `major.minor` publishes for its kind.

    Two objects have one shape if they differ only in values that no schema looks at. Only shapes without findings are
    remembered, so every object that is wrong is named with its own values. Kinds without a schema are noted once each.
    A version without schemas checks nothing: `render` has reported it at the environment.
    """
    schemas = load_schemas(version)
    if schemas is None:
        return SchemaReport((), len(manifests), 0)
    good: set[Hashable] = set()
    noted: dict[tuple[str, str], Diagnostic] = {}
    unchecked: set[SpecAddress] = set()
    found: list[Diagnostic] = []
    checked = 0
    for manifest in manifests:
        key = manifest.key
        shape = (key.api_version, key.kind, shape_of(manifest.data))
        if shape in good:
            continue
        name = digest_of_bytes(repr((version, shape)).encode())
        if right is not None and right.knows(name):
            good.add(shape)
            continue
        schema = schemas.of(key.api_version, key.kind)
        if schema is None:
            unchecked.add(manifest.address.spec)
            if (key.api_version, key.kind) not in noted:
                noted[key.api_version, key.kind] = _unknown_kind(manifest, version, place_of)
            continue
        checked += 1
        wrong = tuple(_findings(schemas, schema, manifest, place_of))
        found.extend(wrong)
        if not wrong and schemas.tells_by_type(key.api_version, key.kind):
            good.add(shape)
            if right is not None:
                right.learn(name)
    return SchemaReport((*found, *noted.values()), len(manifests), checked, frozenset(unchecked))


def shape_of(value: Any) -> Hashable:
    """The value with its texts and small integers replaced by their types, except those of apiVersion and kind.

    Keys, booleans, fractions, and integers that might not fit in 32 bits stay. Mappings are told apart by the order of
    their keys as well, which costs a check at most.
    """
    kind = type(value)
    if kind is dict:
        inner = [_member(key, item) for key, item in value.items()]
        return (*value, *inner)
    if kind is list:
        return (list, *[str if type(item) is str else shape_of(item) for item in value])
    if kind is str:
        return str
    if kind is int:
        return int if -LARGEST_INT32 <= value <= LARGEST_INT32 else value
    return kind, value


def _member(key: str, item: Any) -> Hashable:
    if type(item) is str:
        return item if key in IDENTITY_NAMES else str
    return shape_of(item)


def _findings(schemas: Schemas, schema: Schema, manifest: Manifest, place_of: PlaceOf) -> Iterator[Diagnostic]:
    found = list(violations(schemas, schema, manifest.data))
    if not found and schemas.has_rules(manifest.key.api_version, manifest.key.kind):
        from opsdecl.render.schema_rules import broken_rules  # CEL is loaded on use

        # As the API server does it: rules are for objects that fit the schema otherwise.
        found += broken_rules(schema, manifest.data)
    for violation in found:
        yield _finding(manifest, violation, place_of)


def _finding(manifest: Manifest, violation: Violation, place_of: PlaceOf) -> Diagnostic:
    origin = manifest.origin(violation.path)
    where = format_path(violation.path) or "the object"
    return Diagnostic(
        codes.SCHEMA_VIOLATION,
        f"`{where}` of {manifest.key} {violation.message}",
        at=place_of(manifest.address.spec, origin or ()),
        hint=violation.hint or "compare with the fields that Kubernetes documents for this kind",
        subject=str(manifest.address.spec),
    )


def _unknown_kind(manifest: Manifest, version: str, place_of: PlaceOf) -> Diagnostic:
    key: ObjectKey = manifest.key
    return Diagnostic(
        codes.SCHEMA_UNKNOWN,
        f"Kubernetes {version} publishes no schema for {key.kind} of {key.api_version}",
        at=place_of(manifest.address.spec, ()),
        hint="a server-side dry run can check it",
        subject=str(manifest.address.spec),
    )
