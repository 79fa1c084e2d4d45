"""Rows of one stack's state -> the same rows in another's, and what is left. Pure: both exports arrive as data.

A resource's URN names its stack; its parent, its provider and what it depends on are URNs, and are said anew, too.
What stays behind keeps no reference to what went, since the engine refuses a state with such.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from msgspec import Struct

from opsdecl.targets.pulumi.decorations import FIELD_MANAGER

Deployment = Mapping[str, Any]
Row = dict[str, Any]
_MANAGER = "__fieldManager"
_STACK = "pulumi:pulumi:Stack"


class Course(Struct, frozen=True):
    """From which stack to which, and from which field manager to which; stacks without their organisation."""

    project: str
    source: str
    destination: str
    manager: str

    def renamed(self, urn: str) -> str:
        """The URN as it is in the other stack."""
        start, end = f"urn:pulumi:{self.source}::", f"::{_STACK}::{self.project}-{self.source}"
        if not urn.startswith(start):
            return urn
        moved = f"urn:pulumi:{self.destination}::{urn.removeprefix(start)}"
        return f"{moved.removesuffix(end)}::{_STACK}::{self.project}-{self.destination}" if urn.endswith(end) else moved


def holds_secrets(deployment: Deployment, addresses: Collection[str]) -> bool:
    """Whether values of these resources are sealed, with a key that the other stack does not have."""
    return any('"ciphertext"' in json.dumps(row) for row in _moving(deployment, addresses))


def given(deployment: Deployment, addresses: Collection[str]) -> Row:
    """Without the resources of these addresses, and the components that have no other."""
    gone = {row["urn"] for row in _moving(deployment, addresses)}
    before = {row.get("parent") for row in deployment["resources"] if row["urn"] in gone}
    left = {row.get("parent") for row in deployment["resources"] if row["urn"] not in gone}
    gone |= {urn for urn in before - left if urn is not None}
    rows = [_without(row, gone) for row in deployment["resources"] if row["urn"] not in gone]
    return {**deployment, "resources": rows}


def taken(deployment: Deployment, source: Deployment, addresses: Collection[str], course: Course) -> Row:
    """With the resources of these addresses, after what they need: the stack itself, the provider, their components.
    What is there already stays as it is."""
    rows = list(deployment.get("resources") or ())
    known = {row["urn"] for row in rows}
    moving = list(_moving(source, addresses))
    providers = {str(row["type"]): f"{row['urn']}::{row['id']}" for row in rows if _is_provider(row)}
    for row in (*_scaffold(source, moving), *moving):
        urn = course.renamed(row["urn"])
        if urn in known or (_is_provider(row) and row["type"] in providers):
            continue
        known.add(urn)
        moved = _renamed(row, course, known)
        if "provider" in moved:
            moved["provider"] = providers.get(_type_of(row["provider"]), course.renamed(row["provider"]))
        rows.append(moved)
    return {**deployment, "resources": rows}


def _moving(deployment: Deployment, addresses: Collection[str]) -> Iterator[Row]:
    for row in deployment.get("resources") or ():
        if str(row["type"]).startswith("kubernetes:") and row["urn"].rpartition("::")[2] in addresses:
            yield row


def _scaffold(deployment: Deployment, moving: Collection[Row]) -> Iterator[Row]:
    """The stack, the provider and the components of these rows, in the order of the state."""
    parents = {row.get("parent") for row in moving}
    for row in deployment.get("resources") or ():
        if row["type"] == _STACK or _is_provider(row) or row["urn"] in parents:
            yield row


def _is_provider(row: Mapping[str, Any]) -> bool:
    return str(row["type"]).startswith("pulumi:providers:")


def _type_of(reference: str) -> str:
    """Of a provider, from what a resource says of its own."""
    return reference.split("::")[2]


def _renamed(row: Row, course: Course, known: Collection[str]) -> Row:
    moved = {**row, "urn": course.renamed(row["urn"])}
    if "parent" in row:
        moved["parent"] = course.renamed(row["parent"])
    if row.get("dependencies"):
        moved["dependencies"] = [urn for urn in map(course.renamed, row["dependencies"]) if urn in known]
    moved.pop("propertyDependencies", None)
    for name in ("inputs", "outputs"):
        if isinstance(row.get(name), dict):
            moved[name] = _managed(row[name], course.manager)
    return moved


def _managed(data: Mapping[str, Any], manager: str) -> Row:
    """In the name of the other stack's field manager, where a manager is named at all."""
    found = {**data, _MANAGER: manager} if _MANAGER in data else dict(data)
    metadata = found.get("metadata") or {}
    notes = metadata.get("annotations") or {}
    if FIELD_MANAGER in notes:
        found["metadata"] = {**metadata, "annotations": {**notes, FIELD_MANAGER: manager}}
    return found


def _without(row: Row, gone: Collection[str]) -> Row:
    kept = dict(row)
    if row.get("dependencies"):
        kept["dependencies"] = [urn for urn in row["dependencies"] if urn not in gone]
    if row.get("propertyDependencies"):
        kept["propertyDependencies"] = {
            name: [urn for urn in urns or () if urn not in gone] for name, urns in row["propertyDependencies"].items()
        }
    return kept
