"""SpecSet x environment -> Graph, by named passes in a row. Each says what it needs and what it settles."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from opsdecl import __version__
from opsdecl.addr import Release, SpecAddress, digest_of_texts
from opsdecl.catalog.types import Catalog
from opsdecl.compile.checks import check_each, check_environment
from opsdecl.compile.document import DocumentResult
from opsdecl.compile.documents import Surroundings, check_documents_alone, compile_documents, compile_one
from opsdecl.compile.layers import Layers, Source, layers_of, unused_folders
from opsdecl.compile.lock import LockFacts, check_lock, locked_models
from opsdecl.compile.lower import lower_document
from opsdecl.compile.lower.external_secrets import after_secrets, external_secrets
from opsdecl.compile.lower.kserve.configuration import configurations, grouped_in
from opsdecl.compile.lower.kueue import queues
from opsdecl.compile.memo import Memo
from opsdecl.compile.merge import MergeRules
from opsdecl.compile.provenance import document_setters, winner
from opsdecl.compile.routed import sends_to
from opsdecl.compile.scene import Scene
from opsdecl.compile.schema import SchemaOf, schema_of
from opsdecl.compile.secrets import used_secrets
from opsdecl.compile.types import CompiledDocument, Graph, Resource, ResourcesByDocument, Setter
from opsdecl.compile.versions import satisfies
from opsdecl.diag import Checked, Diagnostic, Place, SpecPath
from opsdecl.diag.codes import compile as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.spec.types import Json, SpecSet

T = TypeVar("T")


Known = Callable[[Sequence[str]], Collection[str]]
"""Of some identities of documents (see `Graph.identities`) those whose resources the caller can do without: an earlier
run lowered them, and found nothing wrong."""


Checkpoints = Callable[[Mapping[str, Json]], float | None]
"""Effective values of an LLM -> GiB that a replica reads, reckoned from the shape of its model; None where unknown."""


def reckoned_by_nobody(effective: Mapping[str, Json]) -> float | None:
    return None


def known_to_nobody(identities: Sequence[str]) -> Collection[str]:
    return ()


class Draft(Struct, frozen=True):
    """An environment on its way: what was given, and what the passes have settled so far (None: not yet, or broken)."""

    specs: SpecSet
    name: str
    catalog: Catalog
    target: str | None = None
    memo: Memo | None = None
    known: Known = known_to_nobody
    checkpoints: Checkpoints = reckoned_by_nobody
    schemas: str = ""
    """What the objects' schemas come from, as the lock records it."""
    schema_of: SchemaOf = schema_of
    project: CompiledDocument | None = None
    layers: Layers | None = None
    environment: DocumentResult | None = None
    release: Release | None = None
    results: Mapping[SpecAddress, DocumentResult] | None = None
    documents: Mapping[SpecAddress, CompiledDocument] = field(default_factory=dict)
    """All that compiled, the environment among them, sorted by address."""
    clashing: frozenset[str] = frozenset()
    """Documents that take another's object names: their objects would only be reported again."""
    secrets: tuple[tuple[str, str], ...] = ()
    """Namespace and name of each Secret that External Secrets makes."""
    grouped: tuple[str, ...] = ()
    """Namespaces in which KServe spreads replicas over nodes."""
    resources: Sequence[Resource] = ()
    identities: Mapping[SpecAddress, str] = field(default_factory=dict)

    def surroundings(self) -> Surroundings:
        project = self.project.address.name if self.project else ""
        layers = _settled(self.layers)
        return Surroundings(
            project, layers, self.catalog, self.schema_of, self.environment, self.memo, self.specs.texts
        )

    def compiled(self) -> CompiledDocument:
        """The environment's own document."""
        return _settled(_settled(self.environment).document)

    def all_results(self) -> tuple[DocumentResult, ...]:
        """The environment's and those of its documents."""
        return _settled(self.environment), *_settled(self.results).values()


PassResult = tuple[Draft, tuple[Diagnostic, ...]]


class Pass(Struct, frozen=True):
    """One step over the whole environment: what must be settled before, and what is settled after."""

    name: str
    run: Callable[[Draft], PassResult]
    needs: frozenset[str]
    settles: frozenset[str]


def compile_environment(
    specs: SpecSet,
    environment: str,
    catalog: Catalog,
    *,
    target: str | None = None,
    memo: Memo | None = None,
    known: Known = known_to_nobody,
    checkpoints: Checkpoints = reckoned_by_nobody,
    schemas: str = "",
) -> Checked[Graph]:
    """The graph of one environment, for its first target where none is named.

    Documents with errors are left out of the graph, so a graph with error findings must not be applied. None where
    there is no such environment, or the environment or the project is itself broken. `memo` is shared by calls.
    `schemas` says where the schemas of the objects come from, for the lock.
    """
    draft = Draft(specs, environment, catalog, target, memo, known, checkpoints, schemas)
    diagnostics: list[Diagnostic] = []
    for step in PASSES:
        if all(_is_settled(draft, name) for name in step.needs):
            draft, found = step.run(draft)
            diagnostics += found
    if draft.release is None or draft.results is None:
        return Checked(None, tuple(diagnostics))
    return Checked(_graph(draft), tuple(diagnostics))


def _is_settled(draft: Draft, name: str) -> bool:
    if name == "environment":
        return draft.environment is not None and draft.environment.document is not None
    return getattr(draft, name) is not None


def _settled(value: T | None) -> T:
    if value is None:
        raise ValueError("a pass ran before what it needs")
    return value


def lay_folders(draft: Draft) -> PassResult:
    """Settles `layers`."""
    checked = layers_of(draft.specs, draft.name)
    return replace(draft, layers=checked.value), (*checked.diagnostics, *unused_folders(draft.specs))


def read_project(draft: Draft) -> PassResult:
    """Settles `project`. That there is none is the loader's to report."""
    document = draft.specs.project
    if document is None:
        return draft, ()
    source = Source(document.address, (document,))
    result = compile_one(source, draft.surroundings())
    project = result.document
    return replace(draft, project=project), (*result.diagnostics, *(_tool_version(project) if project else ()))


def _tool_version(project: CompiledDocument) -> tuple[Diagnostic, ...]:
    required = project.effective["spec"].get("requires", "")
    if satisfies(__version__, required):
        return ()
    message = f"the project requires opsdecl {required}, this is {__version__}"
    at = project.layers[-1].place(("spec", "requires"))
    hint = f"install a version that fits: pip install 'opsdecl{required.replace(' ', '')}'"
    return (Diagnostic(codes.TOOL_VERSION, message, at=at, hint=hint, subject=str(project.address)),)


def read_environment(draft: Draft) -> PassResult:
    """Settles `environment`. Where it is broken, the documents are still checked as far as they can be without it."""
    layers = _settled(draft.layers)
    result = compile_one(layers.environment, draft.surroundings())
    if result.document is not None:
        return replace(draft, environment=result), result.diagnostics
    others = check_documents_alone(draft.surroundings())
    return draft, (*result.diagnostics, *(d for other in others for d in other.diagnostics))


def name_release(draft: Draft) -> PassResult:
    """Settles `release`."""
    environment = draft.compiled()
    targets = environment.effective["spec"]["targets"]
    target = draft.target or next(iter(targets), "")
    if target not in targets:
        name = environment.address.name
        message = f"environment `{name}` has no target `{target}`" if target else f"environment `{name}` has no targets"
        hint = did_you_mean(target, targets) or f"targets: {', '.join(targets) or 'none, so declare one'}"
        at = winner(environment.layers, _rules(draft, environment.address.kind), ("spec", "targets"))
        return draft, (Diagnostic(codes.UNKNOWN_TARGET, message, at=at, hint=hint),)
    project = _settled(draft.project).address.name
    return replace(draft, release=Release(project, environment.address.name, target)), ()


def read_documents(draft: Draft) -> PassResult:
    """Settles `results` and `documents`."""
    results = compile_documents(draft.surroundings())
    found = {r.source.address: r.document for r in (_settled(draft.environment), *results.values()) if r.document}
    documents = {address: found[address] for address in sorted(found)}
    findings = tuple(finding for result in results.values() for finding in result.diagnostics)
    return replace(draft, results=results, documents=documents), findings


def check_together(draft: Draft) -> PassResult:
    """Settles `clashing`: what can only be seen when all documents are there. That nothing is wrong is kept for later
    runs, of all together and of each."""
    memo = draft.memo or Memo()
    identities = [result.identity for result in draft.all_results()]
    key = f"together {digest_of_texts([draft.catalog.digest, *identities])}"
    if memo.recall(key) is True:
        return draft, ()
    scene = _scene(draft)
    found = check_environment(scene) + _check_each(draft, scene, memo)
    if not found:
        memo.keep(key, True)
    clashing = frozenset(d.subject for d in found if d.code is codes.NAME_CLAIMED_TWICE)
    return replace(draft, clashing=clashing), found


def _check_each(draft: Draft, scene: Scene, memo: Memo) -> tuple[Diagnostic, ...]:
    """Only the documents in which an earlier run did not look in vain, as long as environment and catalogue stay."""
    key = f"each {digest_of_texts([draft.catalog.digest, _settled(draft.environment).identity])}"
    identities = {str(result.source.address): result.identity for result in draft.all_results()}
    silent = memo.names(key)
    unknown = {a: d for a, d in scene.documents.items() if identities[str(a)] not in silent}
    found = check_each(replace(scene, documents=unknown))
    wrong = {finding.subject for finding in found}
    if wrong <= identities.keys():
        memo.add_names(key, {i for a, i in identities.items() if a not in wrong}, identities.values())
    return found


def _scene(draft: Draft) -> Scene:
    results, documents = draft.all_results(), draft.documents
    used = frozenset(name for result in results for name in result.used)
    complete = all(result.document is not None for result in results)
    return Scene(draft.compiled(), documents, draft.catalog, used, complete, partial(_place, draft, documents))


def _place(
    draft: Draft, documents: Mapping[SpecAddress, CompiledDocument], address: SpecAddress, path: SpecPath
) -> Place:
    setters = document_setters(documents, partial(_rules, draft), address, path)
    return setters[-1].place if setters else documents[address].layers[-1].place()


def compare_lock(draft: Draft) -> PassResult:
    """What compiled the project before, and what does now."""
    environment, documents = draft.compiled(), draft.documents
    protected = environment.effective["spec"]["protected"]
    at = _place(draft, documents, environment.address, ("spec", "protected")) if protected else None
    facts = LockFacts(__version__, draft.catalog.digest, draft.schemas, locked_models(tuple(documents.values())))
    return draft, check_lock(draft.specs.lock, facts, protected=at)


def lower_documents(draft: Draft) -> PassResult:
    """Settles `resources` and `identities`. Documents that the caller knows are lowered when somebody looks."""
    documents = draft.documents
    environment = draft.compiled()
    draft = replace(draft, secrets=used_secrets(environment, documents), grouped=grouped_in(environment, documents))
    identities = {a: _identity(draft, d) for a, d in documents.items() if str(a) not in draft.clashing}
    known = draft.known(tuple(identities.values()))
    lower = {a: partial(_lower, draft, a) for a in identities}
    lowered = {a: lower[a]() for a, identity in identities.items() if identity not in known}
    resources = ResourcesByDocument(
        {a: partial(_resources, each) for a, each in lower.items()},
        {a: each.value or () for a, each in lowered.items()},
    )
    findings = tuple(finding for each in lowered.values() for finding in each.diagnostics)
    silent = {a: identity for a, identity in identities.items() if a not in lowered or not lowered[a].diagnostics}
    return replace(draft, resources=resources, identities=silent), findings


def _identity(draft: Draft, document: CompiledDocument) -> str:
    """Equal for equal documents, environments, references and facts: findings hold places, so layers count."""
    results = _settled(draft.results)
    near = tuple(document.references.values())
    far = (a for other in near if other in draft.documents for a in draft.documents[other].references.values())
    routes = (route.address for route in _routes_to(draft, document))
    involved = [results[a].identity for a in (document.address, *near, *far, *routes) if a in results]
    project, environment = _settled(draft.project).address.name, _settled(draft.environment).identity
    fetched = repr((draft.secrets, draft.grouped)) if document.address == draft.compiled().address else ""
    return digest_of_texts([*document.address, environment, draft.catalog.digest, project, fetched, *involved])


def _lower(draft: Draft, address: SpecAddress) -> Checked[tuple[Resource, ...]]:
    document = draft.documents[address]
    references = {root: draft.documents[other] for root, other in document.references.items()}
    project = _settled(draft.project).address.name
    environment, used = draft.compiled(), draft.secrets
    if address == environment.address:
        named = (*external_secrets(environment, project, used), *configurations(environment, project, draft.grouped))
        return Checked((*named, *queues(environment, project, draft.catalog)))
    lowered = lower_document(
        document,
        environment,
        references,
        draft.catalog,
        project=project,
        reckoned_gib=_reckoned(draft, document),
        further=_further(draft, references),
        routes=_routes_to(draft, document),
    )
    if lowered.value is None or not used:
        return lowered
    return Checked(after_secrets(lowered.value, environment.address, used), lowered.diagnostics)


def _further(draft: Draft, references: Mapping[str, CompiledDocument]) -> Mapping[str, CompiledDocument]:
    """What the documents refer to that a document refers to. What a dataset is compared with is its own affair."""
    return {
        f"{root}/{inner}": draft.documents[address]
        for root, other in references.items()
        if other.address.kind != "Dataset"
        for inner, address in other.references.items()
    }


def _routes_to(draft: Draft, document: CompiledDocument) -> tuple[CompiledDocument, ...]:
    """Routes whose requests a canary of the document gets a share of."""
    if document.effective["spec"].get("rollout", {}).get("strategy") != "canary":
        return ()
    return tuple(found for found in draft.documents.values() if sends_to(found, document.address))


def _reckoned(draft: Draft, document: CompiledDocument) -> float | None:
    """GiB of weights whose size nobody says: what the document or the catalogue says comes first."""
    model = document.effective.get("model")
    unsaid = document.address.kind == "LLM" and isinstance(model, Mapping) and "weightsGiB" not in model
    return draft.checkpoints(document.effective) if unsaid else None


def _resources(lower: Callable[[], Checked[tuple[Resource, ...]]]) -> tuple[Resource, ...]:
    return lower().value or ()


def _rules(draft: Draft, kind: str) -> MergeRules:
    return _settled(draft.schema_of(kind)).merge


def _graph(draft: Draft) -> Graph:
    documents = draft.documents

    def setters(address: SpecAddress, path: SpecPath) -> tuple[Setter, ...]:
        return document_setters(documents, partial(_rules, draft), address, path)

    return Graph(
        release=_settled(draft.release),
        environment=draft.compiled(),
        documents=tuple(documents.values()),
        resources=draft.resources,
        setters=setters,
        identities=draft.identities,
    )


def _pass(name: str, run: Callable[[Draft], PassResult], needs: str = "", settles: str = "") -> Pass:
    return Pass(name, run, frozenset(needs.split()), frozenset(settles.split()))


PASSES = (
    _pass("lay-folders", lay_folders, settles="layers"),
    _pass("read-project", read_project, needs="layers", settles="project"),
    _pass("read-environment", read_environment, needs="layers", settles="environment"),
    _pass("name-release", name_release, needs="project environment", settles="release"),
    _pass("read-documents", read_documents, needs="layers environment", settles="results"),
    _pass("check-together", check_together, needs="environment results", settles="clashing"),
    _pass("compare-lock", compare_lock, needs="environment results"),
    _pass("lower-documents", lower_documents, needs="project environment results clashing", settles="resources"),
)
"""A pass whose needs are not met is left out, and so is everything that needs it; the others still report."""
