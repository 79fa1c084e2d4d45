"""Objects and verdicts by document: what an earlier run rendered and found right is neither made nor judged again.

A document's objects follow from its identity in the graph; whether they are right, from that and the policies.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache

from opsdecl.addr import Address, SpecAddress, digest_of
from opsdecl.compile.memo import Memo
from opsdecl.compile.types import CompiledDocument, Graph, Resource
from opsdecl.diag import Checked
from opsdecl.render.manifests import assemble, render_document, resources_by_document
from opsdecl.render.recall import RecalledManifest
from opsdecl.render.types import Manifest, ManifestSet
from opsdecl.spec.types import Json

Rendered = Checked[tuple[Manifest, ...]]


def render_remembered(graph: Graph, memo: Memo) -> Checked[ManifestSet]:
    """As `render`, document by document."""
    documents = {document.address: document for document in graph.documents}
    grouped = resources_by_document(graph)
    memo.expect(_objects_key(graph.identities[address]) for address in grouped)
    rendered = [_render(graph, documents[address], resources, memo) for address, resources in grouped.items()]
    found = tuple(finding for each in rendered for finding in each.diagnostics)
    together = assemble(graph, (manifest for each in rendered for manifest in each.value or ()))
    return Checked(together.value, found + together.diagnostics)


def _objects_key(identity: str) -> str:
    return f"objects {identity}"


def _render(graph: Graph, document: CompiledDocument, resources: Sequence[Resource], memo: Memo) -> Rendered:
    """Kept for later runs where there are no findings: those hold places."""
    key = _objects_key(graph.identities[document.address])
    rendered: Rendered | None = memo.get(key)
    if rendered is None:
        recalled = _recalled(memo.recall(key), resources, lambda: render_document(graph, document, resources))
        rendered = recalled or render_document(graph, document, resources)
        memo.put(key, rendered)
        if recalled is None and rendered.value is not None and not rendered.diagnostics:
            memo.keep(key, [manifest.digest for manifest in rendered.value])
    return rendered


def _recalled(digests: Json, resources: Sequence[Resource], render: Callable[[], Rendered]) -> Rendered | None:
    @cache
    def again() -> Mapping[Address, Manifest]:
        return {manifest.address: manifest for manifest in render().value or ()}

    if not isinstance(digests, list) or len(digests) != len(resources):
        return None
    return Checked(tuple(RecalledManifest(r, str(digest), again) for r, digest in zip(resources, digests, strict=True)))


class Verdicts:
    """Which documents are known to be right, with all their objects, under these policies."""

    def __init__(self, graph: Graph, policies: Sequence[CompiledDocument], memo: Memo) -> None:
        rules = digest_of([policy.digest for policy in policies])
        self._memo = memo
        self._keys = {address: f"right {rules} {identity}" for address, identity in graph.identities.items()}
        memo.expect(self._keys.values())

    def unknown(self) -> frozenset[SpecAddress]:
        """Documents that must be judged."""
        return frozenset(address for address, key in self._keys.items() if self._memo.recall(key) is not True)

    def keep(self, right: Iterable[SpecAddress]) -> None:
        """For later runs."""
        for address in right:
            self._memo.keep(self._keys[address], True)
