"""Graph -> ManifestSet: every resource becomes one complete Kubernetes object with the origins of its fields."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from opsdecl.addr import ObjectKey, SpecAddress, format_path
from opsdecl.compile.types import CompiledDocument, Graph, Resource
from opsdecl.diag import Checked, Diagnostic, Related, SpecPath
from opsdecl.diag.codes import render as codes
from opsdecl.render.patches import apply_patches, patches_of
from opsdecl.render.places import PlaceOf, placer
from opsdecl.render.schema_store import known_versions, load_schemas
from opsdecl.render.settle import Problem, settle
from opsdecl.render.types import DocumentView, Manifest, ManifestSet


def render(graph: Graph) -> Checked[ManifestSet]:
    """Errors: two resources with one object key, values that JSON readers would change, patches that do not
    apply, a version of Kubernetes that there are no schemas for."""
    documents = {document.address: document for document in graph.documents}
    rendered = [
        render_document(graph, documents.get(address), resources)
        for address, resources in resources_by_document(graph).items()
    ]
    found = tuple(finding for each in rendered for finding in each.diagnostics)
    manifests = sorted((m for each in rendered for m in each.value or ()), key=lambda manifest: manifest.address)
    together = assemble(graph, tuple(manifests))
    return Checked(together.value, found + together.diagnostics)


def resources_by_document(graph: Graph) -> Mapping[SpecAddress, Sequence[Resource]]:
    """In the order of the graph."""
    found: dict[SpecAddress, list[Resource]] = {}
    for resource in graph.resources:
        found.setdefault(resource.parent, []).append(resource)
    return found


def render_document(
    graph: Graph, document: CompiledDocument | None, resources: Sequence[Resource]
) -> Checked[tuple[Manifest, ...]]:
    """The objects of one document, patched, and what is wrong with each of them."""
    place_of = placer(graph)
    rendered = [render_resource(resource) for resource in resources]
    found = tuple(_problem(manifest, problem, place_of) for manifest, problems in rendered for problem in problems)
    manifests = tuple(manifest for manifest, _ in rendered)
    if document is None or not patches_of(document):
        return Checked(manifests, found)
    schemas = load_schemas(graph.environment.model.spec.kubernetes)
    patched = apply_patches(document, manifests, schemas, place_of)
    return Checked(patched.manifests, found + patched.diagnostics)


def assemble(graph: Graph, manifests: Sequence[Manifest]) -> Checked[ManifestSet]:
    """The objects of all documents together, sorted by address as they must be, and what is wrong between them."""
    place_of = placer(graph)
    documents = sorted(map(view_document, graph.documents), key=lambda document: document.address)
    together = ManifestSet(graph.release, manifests, tuple(documents))
    keys = {head.key for head in together.heads}
    clashes = _collisions(manifests, place_of) if len(keys) < len(together.heads) else ()
    return Checked(together, (*clashes, *_unknown_version(graph, place_of)))


def render_resource(resource: Resource) -> tuple[Manifest, tuple[Problem, ...]]:
    """The object of one resource, and values in it that cannot be written."""
    inputs, origins, problems = settle(resource.inputs)
    key = resource.key
    manifest = Manifest(
        address=resource.address,
        key=key,
        token=resource.token,
        data={"apiVersion": key.api_version, "kind": key.kind, **inputs, "metadata": _metadata(key, inputs)},
        origins={("metadata", "name"): ("metadata", "name"), **origins},
        depends_on=resource.depends_on,
        protect=resource.protect,
        aliases=resource.aliases,
        ignore_changes=resource.ignore_changes,
    )
    return manifest, problems


def view_document(document: CompiledDocument) -> DocumentView:
    return DocumentView(document.address, document.effective, document.references, document.digest)


def _metadata(key: ObjectKey, inputs: Mapping[str, Any]) -> dict[str, Any]:
    identity = {"name": key.name, "namespace": key.namespace} if key.namespace else {"name": key.name}
    return {**inputs.get("metadata", {}), **identity}


def _problem(manifest: Manifest, problem: Problem, place_of: PlaceOf) -> Diagnostic:
    path, message = problem
    return Diagnostic(
        codes.UNWRITABLE_VALUE,
        f"`{format_path(path)}` of {manifest.key}: {message}",
        at=place_of(manifest.address.spec, manifest.origin(path) or ()),
        hint="write it as text in quotes, or use a smaller number",
        subject=str(manifest.address.spec),
    )


def _collisions(manifests: Iterable[Manifest], place_of: PlaceOf) -> Iterable[Diagnostic]:
    first: dict[ObjectKey, Manifest] = {}
    for manifest in manifests:
        other = first.setdefault(manifest.key, manifest)
        if other is not manifest:
            yield _collision(other, manifest, place_of)


def _collision(first: Manifest, second: Manifest, place_of: PlaceOf) -> Diagnostic:
    name: SpecPath = ("metadata", "name")
    one, other = first.address.spec, second.address.spec
    return Diagnostic(
        codes.SAME_OBJECT_TWICE,
        f"{other} and {one} both make {first.key}",
        at=place_of(other, name),
        hint="rename one of them, or set metadata.objectName",
        related=(Related(f"{one} makes it as {first.address.role}", place_of(one, name)),),
        subject=str(other),
    )


def _unknown_version(graph: Graph, place_of: PlaceOf) -> Iterable[Diagnostic]:
    version, known = graph.environment.model.spec.kubernetes, known_versions()
    if version not in known:
        yield Diagnostic(
            codes.VERSION_UNKNOWN,
            f"there are no schemas for Kubernetes `{version}`",
            at=place_of(graph.environment.address, ("spec", "kubernetes")),
            hint=f"set spec.kubernetes to the version of the cluster; known are {known[0]} to {known[-1]}",
            subject=str(graph.environment.address),
        )
