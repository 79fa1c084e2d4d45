"""`bom`: what an environment is made of."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opsdecl import __version__
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Checked
from opsdecl.flows.build import Built
from opsdecl.flows.described import card_of, find_described
from opsdecl.flows.memory import Memory
from opsdecl.flows.models import Models
from opsdecl.render.types import Manifest
from opsdecl.transparency.bill import Bill, parts_of


def make_bill(built: Built, names: Sequence[str], memory: Memory | None = None) -> Checked[Bill]:
    """Of the named documents, or of all. None where a name is that of no document with a card."""
    found = find_described(built, names)
    if found.value is None:
        return Checked(None, found.diagnostics)
    models = Models(built.project.catalog, (memory or Memory()).memo).within(built.environment)
    described = [(card_of(built, document, models), _images(built, document)) for document in found.value]
    release = built.graph.release
    return Checked(
        Bill(
            project=release.project,
            environment=release.environment,
            tool_version=__version__,
            digest=built.manifests.digest,
            parts=parts_of(described),
        )
    )


def _images(built: Built, document: CompiledDocument) -> tuple[str, ...]:
    """Every image that the document's rendered objects name: containers, those that prepare, and mounted ones."""
    others = {each.address for each in built.graph.documents} - {document.address}
    return tuple(image for manifest in built.manifests.without(others) for image in _images_in(manifest))


def _images_in(manifest: Manifest) -> Iterator[str]:
    for spec in _pod_specs(manifest.data):
        for name in ("initContainers", "containers"):
            yield from (container["image"] for container in spec.get(name) or () if "image" in container)
        for volume in spec.get("volumes") or ():
            if "image" in volume:
                yield volume["image"]["reference"]


def _pod_specs(value: Any) -> Iterator[Mapping[str, Any]]:
    """Wherever an object holds one: what has containers is one."""
    if isinstance(value, Mapping):
        if isinstance(value.get("containers"), list):
            yield value
        for inner in value.values():
            yield from _pod_specs(inner)
