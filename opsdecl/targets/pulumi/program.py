"""A release as Pulumi resources in data form: components for documents, children for objects."""

from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter
from typing import Any

from msgspec import Struct

from opsdecl.addr import Address, Release, SpecAddress, format_path
from opsdecl.render.types import Manifest, ManifestSet

COMPONENT_TYPE = "opsdecl:index:{kind}"


class Child(Struct, frozen=True):
    """One object as Pulumi is told of it. `aliases` are earlier logical names, `ignore_changes` Pulumi's own paths."""

    name: str
    token: str
    component: SpecAddress
    inputs: Mapping[str, Any]
    depends_on: tuple[str, ...]
    protect: bool
    aliases: tuple[str, ...]
    ignore_changes: tuple[str, ...]
    timeout_s: int | None = None
    """Most time that the provider may wait for it, where it does."""
    former_token: str = ""
    """Its type in the state, where that is another version of the same API."""
    delete_first: bool = False
    """Where it is replaced: the old one goes before the new one is made, and not after."""


class Component(Struct, frozen=True):
    """A document; its objects are its children. `aliases` are earlier names of the document."""

    name: str
    type: str
    aliases: tuple[str, ...]


class Program(Struct, frozen=True):
    """`children` come after everything that they depend on, otherwise in the order of their addresses."""

    project: str
    stack: str
    components: Mapping[SpecAddress, Component]
    children: tuple[Child, ...]
    provider: Mapping[str, str] | None = None
    """Inputs of an explicit provider; None leaves it to Pulumi's default, as for showing a graph."""


PROVIDER_NAME = "kubernetes"


def program_of(manifests: ManifestSet) -> Program:
    """Raises graphlib.CycleError where resources depend on each other in a circle, which lowering never makes."""
    by_address = {manifest.address: manifest for manifest in manifests.manifests}
    order: TopologicalSorter[Address] = TopologicalSorter()
    for manifest in manifests.manifests:
        order.add(manifest.address, *(address for address in manifest.depends_on if address in by_address))
    children = tuple(_child(by_address[address], by_address) for address in order.static_order())
    return Program(
        project=manifests.release.project,
        stack=stack_name(manifests.release),
        components=components_of((m.address.spec, m.aliases) for m in manifests.manifests),
        children=children,
    )


def stack_name(release: Release) -> str:
    """A stack per release: partitions are stacks of their own."""
    return f"{release.environment}-{release.partition}" if release.partition else release.environment


def components_of(objects: Iterable[tuple[SpecAddress, tuple[Address, ...]]]) -> dict[SpecAddress, Component]:
    """A component for each document of these objects; an object comes with its earlier addresses."""
    earlier: dict[SpecAddress, dict[str, None]] = {}
    for spec, aliases in objects:
        earlier.setdefault(spec, {}).update(dict.fromkeys(str(alias.spec) for alias in aliases))
    return {
        spec: Component(str(spec), COMPONENT_TYPE.format(kind=spec.kind), tuple(names))
        for spec, names in sorted(earlier.items())
    }


def _child(manifest: Manifest, known: Mapping[Address, Manifest]) -> Child:
    return Child(
        name=str(manifest.address),
        token=manifest.token,
        component=manifest.address.spec,
        inputs=manifest.data,
        depends_on=tuple(str(address) for address in manifest.depends_on if address in known),
        protect=manifest.protect,
        aliases=tuple(str(address) for address in manifest.aliases),
        ignore_changes=tuple(format_path(path) for path in manifest.ignore_changes),
    )
