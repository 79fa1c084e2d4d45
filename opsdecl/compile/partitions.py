"""Which partition of its environment a document belongs to, and which partitions need which."""

import re
from collections.abc import Iterator, Mapping, Set

from opsdecl.addr import SpecAddress
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic, SpecPath
from opsdecl.diag.codes import compile as codes
from opsdecl.spec.types import Json

REST = ""
"""The partition of documents that name no other, and of environments that are not cut at all."""
REST_NAME = "none"
"""What people call it."""
NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")

Needs = Mapping[str, Set[str]]
"""Partition -> the others that it needs."""


def partition_of(document: CompiledDocument, settings: Mapping[str, Json]) -> str:
    """`settings` is the environment's effective `spec`."""
    return partition_of_value(document.effective, settings)


def partition_of_value(value: Mapping[str, Json], settings: Mapping[str, Json]) -> str:
    """Of a document's effective values, or of what one of its files says."""
    path = _path(settings)
    return _value(value, path) if path else REST


def shown_partition(partition: str) -> str:
    return partition or REST_NAME


def is_partitioned(settings: Mapping[str, Json]) -> bool:
    return bool(settings["partitionBy"] != "none")


def _path(settings: Mapping[str, Json]) -> SpecPath:
    if settings["partitionBy"] == "owner":
        return ("metadata", "owner")
    label = settings.get("partitionLabel")
    return ("metadata", "labels", label) if settings["partitionBy"] == "label" and label else ()


def _value(effective: Mapping[str, Json], path: SpecPath) -> str:
    value: Json = effective
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else REST


def order_partitions(needs: Needs) -> tuple[str, ...]:
    """What others need comes first; where some need each other, names decide."""
    left, ordered = dict(needs), list[str]()
    while left:
        ready = [name for name, needed in left.items() if not needed & (left.keys() - {name})]
        following = min(ready or left)
        ordered.append(following)
        del left[following]
    return tuple(ordered)


def reach(start: Set[str], needs: Needs) -> frozenset[str]:
    """The partitions themselves, and all that need one of them, directly or not."""
    found = set(start)
    while more := {name for name, needed in needs.items() if name not in found and needed & found}:
        found |= more
    return frozenset(found)


def needs_of(partitions: Mapping[SpecAddress, str], edges: Iterator[tuple[SpecAddress, SpecAddress]]) -> Needs:
    """From edges between documents: the first needs the second."""
    found: dict[str, set[str]] = {partition: set() for partition in partitions.values()}
    for one, other in edges:
        if one in partitions and other in partitions and partitions[one] != partitions[other]:
            found[partitions[one]].add(partitions[other])
    return found


def partition_findings(scene: Scene) -> Iterator[Diagnostic]:
    """A label that nobody names, and values that cannot name a partition: one finding for each value."""
    settings = scene.settings
    if settings["partitionBy"] == "label" and not settings.get("partitionLabel"):
        yield Diagnostic(
            codes.PARTITION_LABEL,
            "`partitionBy: label` needs the label: `partitionLabel` is not set",
            at=scene.in_environment(("spec", "partitionBy")),
            hint="add `partitionLabel: team`, or whichever label names the partition",
            subject=str(scene.environment.address),
        )
    seen = set[str]()
    for document in scene.documents.values():
        name = partition_of(document, settings)
        if name in seen or not name or (NAME.fullmatch(name) and name != REST_NAME):
            continue
        seen.add(name)
        yield Diagnostic(
            codes.PARTITION_NAME,
            f"`{name[:80]}` cannot name the partition of {document.address}",
            at=scene.place(document.address, _path(settings)),
            hint="use at most 63 letters, digits, `-`, `_` and `.`, and another word than `none`",
            subject=str(document.address),
        )
