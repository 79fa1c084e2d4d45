"""What sizing says of the language models of an environment: each distinct question asked once, also between runs."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import replace

from opsdecl.addr import digest_of
from opsdecl.catalog.architectures import Architecture
from opsdecl.catalog.types import Catalog, GpuFacts
from opsdecl.compile.memo import Memo
from opsdecl.compile.roles import by_role, path_in
from opsdecl.compile.types import CompiledDocument, Graph
from opsdecl.diag import Diagnostic, Place, Related, Severity
from opsdecl.diff.models import ModelRole
from opsdecl.flows.kept_sizes import decode_assessment, encode_assessment
from opsdecl.flows.project import place_of
from opsdecl.sizing.assess import Shapes, assess, figures, request_of
from opsdecl.sizing.served import FACETS, Reach, Served, path_of, served_of
from opsdecl.sizing.types import Assessment, Objection, Request

if TYPE_CHECKING:
    from opsdecl.catalog.architecture_table import ArchitectureTable

T = TypeVar("T")

ANY_NODES = 64
"""Where nobody says how many there are."""
_SHAPERS = {"gpu": "on this GPU", "engine": "under this release of the engine"}


class Models:
    """Assessments by what they depend on, under the facts of one project."""

    def __init__(self, catalog: Catalog, memo: Memo, reach: Callable[[str], Reach] = lambda gpu: Reach()) -> None:
        self._memo = memo
        self._catalog = catalog
        self._facts = catalog.digest
        self._shapes = _Shapes(catalog, memo)
        self._reach = reach

    def within(self, environment: CompiledDocument) -> "Models":
        """The same where replicas may be spread as far as the environment's pools and platform allow."""
        spec = environment.effective["spec"]
        return Models(self._catalog, self._memo, lambda gpu: reach_of(spec, gpu))

    def _served(self, effective: Mapping[str, Any]) -> Served | str:
        served = served_of(effective)
        return served if isinstance(served, str) else replace(served, reach=self._reach(served.gpu))

    @property
    def shapes(self) -> Shapes:
        """Of models and GPUs, as sizing asks for them."""
        return self._shapes

    def all(self, documents: Iterable[CompiledDocument]) -> Mapping[ModelRole, Assessment]:
        """Of every LLM and each role of its pods, with what is wrong. What was reckoned in an earlier run comes without
        its figures."""
        models = (document for document in documents if document.address.kind == "LLM")
        asked = {
            ModelRole(document.address, role): self._served(effective)
            for document in models
            for role, effective in by_role(document.effective).items()
        }
        self._memo.expect(self._key(each) for each in dict.fromkeys(asked.values()) if isinstance(each, Served))
        return {of: self._brief(each) for of, each in asked.items()}

    def whole(self, effective: Mapping[str, Any]) -> Assessment:
        """Of one document's effective values, with all figures; nobody may have looked for what is wrong."""
        served = self._served(effective)
        return Assessment(None, served) if isinstance(served, str) else self._known(served, "figures", figures)

    def checkpoint_gib(self, effective: Mapping[str, Any]) -> float | None:
        """What a replica reads; None where the model cannot be sized."""
        return self._brief(self._served(effective)).checkpoint_gib

    def request(self, effective: Mapping[str, Any]) -> Request | None:
        """The question itself; None where the document cannot be sized."""
        served = self._served(effective)
        found = served if isinstance(served, str) else request_of(served, self._shapes)
        return None if isinstance(found, str) else found

    def _brief(self, served: Served | str) -> Assessment:
        if isinstance(served, str):
            return Assessment(None, served)
        return self._kept(served) or self._known(served, "objections", assess)

    def _kept(self, served: Served) -> Assessment | None:
        """What an earlier run kept of it, asked for once."""
        name = ("kept", self._facts, served)
        known: tuple[Assessment | None] | None = self._memo.get(name)
        if known is None:
            known = (decode_assessment(self._memo.recall(self._key(served))),)
            self._memo.put(name, known)
        return known[0]

    def _known(self, served: Served, what: str, reckon: Callable[[Request], Assessment]) -> Assessment:
        """Reckoned once in a run. What has objections has all figures too."""
        known: Assessment | None = self._memo.get(("objections", self._facts, served))
        known = known or self._memo.get((what, self._facts, served))
        if known is None:
            request = request_of(served, self._shapes)
            known = Assessment(None, request) if isinstance(request, str) else reckon(request)
            self._memo.put((what, self._facts, served), known)
            if what == "objections" and known.verdict is not None:
                self._memo.keep(self._key(served), encode_assessment(known))
        return known

    def _key(self, served: Served) -> str:
        return f"sized {digest_of([self._facts, repr(served)])}"


def reach_of(settings: Mapping[str, Any], gpu: str) -> Reach:
    """Of the pools with that GPU the largest; without any, whatever the platform can do."""
    joins = settings["platform"]["multiNode"] != "none"
    pools = [p for p in settings["capacity"]["pools"].values() if p.get("gpu") == gpu and p["sharing"] == 1]
    per_node = max((p["gpusPerNode"] for p in pools), default=Reach().per_node)
    return Reach(per_node, max((p["nodes"] for p in pools), default=ANY_NODES) if joins else 1)


class _Shapes:
    """The catalogue as sizing asks it, read when somebody asks; each name looked up once."""

    def __init__(self, catalog: Catalog, memo: Memo) -> None:
        self._catalog = catalog
        self._memo = memo

    def find(self, name: str) -> Architecture | None:
        return self._known("architecture", name, lambda table: table.find(name))

    def gpu(self, name: str) -> GpuFacts | None:
        return self._known("gpu", name, lambda table: table.gpu(name))

    def _known(self, what: str, name: str, look: "Callable[[ArchitectureTable], T]") -> T:
        key = (what, self._catalog.digest, name)
        known: tuple[T] | None = self._memo.get(key)
        if known is None:
            known = (look(self._table()),)
            self._memo.put(key, known)
        return known[0]

    def _table(self) -> "ArchitectureTable":
        from opsdecl.catalog.architecture_table import load_architectures

        key = ("architectures", self._catalog.digest)
        table: ArchitectureTable = self._memo.get(key) or load_architectures(self._catalog)
        self._memo.put(key, table)
        return table


def misfits(graph: Graph, assessments: Mapping[ModelRole, Assessment]) -> tuple[Diagnostic, ...]:
    """What sizing holds against the models of an environment, at the values that decide; of a model with prefill pods
    against each role."""
    documents = {document.address: document for document in graph.documents}
    return tuple(
        _misfit(graph, documents[of.address], of.role, objection)
        for of, assessment in assessments.items()
        for objection in assessment.objections
    )


def role_name(of: ModelRole) -> str:
    """How messages name pods of a model: `LLM.chat`, `LLM.chat (prefill)`."""
    return f"{of.address} ({of.role})" if of.role else str(of.address)


def _misfit(graph: Graph, document: CompiledDocument, role: str, objection: Objection) -> Diagnostic:
    effective = by_role(document.effective)[role]
    written = document.value.get("spec") or {}
    at = place_of(graph, document.address, path_in(role, written, path_of(objection.facet, effective)))
    eased = document.effective["spec"].get("sizing") is not None and objection.code.severity is Severity.ERROR
    return Diagnostic(
        objection.code,
        f"{role_name(ModelRole(document.address, role))}: {objection.message}",
        at=at,
        hint=objection.hint,
        related=_shapers(graph, document, role, at),
        severity_override=Severity.WARNING if eased else None,
        subject=str(document.address),
    )


def _shapers(graph: Graph, document: CompiledDocument, role: str, at: Place | None) -> tuple[Related, ...]:
    """The GPU and the release of the engine, which often are set in other files and by other people."""
    written = document.value.get("spec") or {}
    places = {
        words: place_of(graph, document.address, path_in(role, written, FACETS[facet].field))
        for facet, words in _SHAPERS.items()
    }
    return tuple(Related(words, place) for words, place in places.items() if place is not None and place != at)
