"""Objects and verdicts by document: what an earlier run rendered and found right is neither made nor judged again.

A document's objects follow from its identity in the graph; whether they are right, from that and the policies.
"""

from collections.abc import Callable, Collection, Sequence

from opsdecl.addr import SpecAddress, digest_of
from opsdecl.compile.memo import Memo
from opsdecl.compile.types import CompiledDocument, Graph
from opsdecl.diag import Checked
from opsdecl.render.manifests import assemble, render_document
from opsdecl.render.recall import RecalledObjects, RenderedObjects, Row, decode_objects, encode_objects
from opsdecl.render.types import DocumentObjects, Manifest, ManifestsByDocument, ManifestSet


class Objects:
    """The objects of documents that are known by what they are made from."""

    def __init__(self, memo: Memo) -> None:
        self._memo = memo

    def known(self, identities: Sequence[str]) -> Collection[str]:
        """Those of which an earlier run wrote down all that a plan must know."""
        self._memo.expect(map(_key, identities))
        return {i for i in identities if self._memo.get(("objects", i)) is not None or self._rows(i) is not None}

    def render(self, graph: Graph) -> Checked[ManifestSet]:
        """As `render.manifests.render`, document by document; what is known is rendered when somebody looks."""
        rendered = {document.address: self._part(graph, document) for document in graph.documents}
        found = tuple(finding for each in rendered.values() for finding in each.diagnostics)
        parts = {address: each.value for address, each in rendered.items() if each.value is not None}
        together = assemble(graph, ManifestsByDocument(parts))
        return Checked(together.value, found + together.diagnostics)

    def _part(self, graph: Graph, document: CompiledDocument) -> Checked[DocumentObjects]:
        identity = graph.identities.get(document.address)
        if identity is None:
            return _rendered(graph, document, "")
        key = ("objects", identity)
        part: Checked[DocumentObjects] | None = self._memo.get(key)
        if part is None:
            part = self._recalled(graph, document, identity) or self._made(graph, document, identity)
            self._memo.put(key, part)
        return part

    def _recalled(self, graph: Graph, document: CompiledDocument, identity: str) -> Checked[DocumentObjects] | None:
        rows = self._rows(identity)
        if rows is None:
            return None
        return Checked(RecalledObjects(document.address, identity, rows, lambda: _manifests(graph, document)))

    def _made(self, graph: Graph, document: CompiledDocument, identity: str) -> Checked[DocumentObjects]:
        """Written down for later runs where there are no findings: those hold places."""
        rendered = _rendered(graph, document, identity)
        if rendered.value is not None and not rendered.diagnostics:
            self._memo.keep(_key(identity), encode_objects(rendered.value.manifests))
        return rendered

    def _rows(self, identity: str) -> Sequence[Row] | None:
        key = _key(identity)
        known: tuple[Sequence[Row] | None] | None = self._memo.get(key)
        if known is None:
            known = (decode_objects(self._memo.recall(key)),)
            self._memo.put(key, known)
        return known[0]


def _key(identity: str) -> str:
    return f"objects {identity}"


def _rendered(graph: Graph, document: CompiledDocument, identity: str) -> Checked[DocumentObjects]:
    rendered = render_document(graph, document, graph.resources_of(document.address))
    graph.forget_resources(document.address)
    return Checked(RenderedObjects(identity, rendered.value or ()), rendered.diagnostics)


def _manifests(graph: Graph, document: CompiledDocument) -> tuple[Manifest, ...]:
    return render_document(graph, document, graph.resources_of(document.address)).value or ()


class Verdicts:
    """Which documents are known to be right, with all their objects, under these policies."""

    def __init__(self, graph: Graph, policies: Sequence[CompiledDocument], memo: Memo) -> None:
        rules = digest_of([policy.digest for policy in policies])
        self._memo = memo
        self._graph = graph
        self._key = f"right {graph.release.environment} {rules}"
        self._right = memo.names(self._key)

    def unknown(self) -> frozenset[SpecAddress]:
        """Documents that must be judged."""
        known = {address for address, identity in self._graph.identities.items() if identity in self._right}
        return frozenset(document.address for document in self._graph.documents) - known

    def keep(self, right: Collection[SpecAddress]) -> None:
        """For later runs."""
        identities = self._graph.identities
        self._memo.add_names(self._key, {i for a, i in identities.items() if a in right}, identities.values())


class Shapes:
    """Shapes of objects that meet their schemas."""

    def __init__(self, memo: Memo) -> None:
        self._memo = memo

    def knows(self, name: str) -> bool:
        return self._memo.recall(f"shape {name}") is True

    def learn(self, name: str) -> None:
        self._memo.keep(f"shape {name}", True)


def remembered_names(
    graph: Graph, what: str, look: Callable[[], frozenset[SpecAddress]], memo: Memo
) -> frozenset[SpecAddress]:
    """Some of the documents of a graph, by what was found out about all of them; worked out where that is not known."""
    if len(graph.identities) < len(graph.documents):
        return look()
    key = f"{what} {digest_of(sorted(graph.identities.values()))}"
    documents = {str(document.address): document.address for document in graph.documents}
    try:
        return frozenset(documents[name] for name in memo.recall(key)["documents"])
    except (TypeError, KeyError):
        found = look()
    memo.keep(key, {"documents": sorted(map(str, found))})
    return found
