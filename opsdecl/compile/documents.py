"""All documents of an environment, each after what it refers to."""

from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any

from msgspec import Struct, field

from opsdecl.addr import SpecAddress, digest_of, digest_of_bytes
from opsdecl.catalog.types import Catalog
from opsdecl.compile.document import DocumentResult, check_alone, compile_document
from opsdecl.compile.layers import Layers, Source
from opsdecl.compile.memo import Answer, Ask, Memo, Question, remember
from opsdecl.compile.recall import DocumentCodec
from opsdecl.compile.references import Broken, Cycle
from opsdecl.compile.schema import SchemaOf
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag.nearest import nearest
from opsdecl.spec.check import check_document
from opsdecl.spec.kinds import KINDS

Results = dict[SpecAddress, DocumentResult]
Trail = tuple[SpecAddress, ...]


class Surroundings(Struct, frozen=True, dict=True):
    """What documents may ask for. `environment` is None while the environment itself is compiled."""

    project: str
    layers: Layers
    catalog: Catalog
    schema_of: SchemaOf
    environment: DocumentResult | None = None
    memo: Memo | None = None
    texts: Mapping[str, str] = field(default_factory=dict)

    def key(self, source: Source) -> str:
        """Stands for all that a document is compiled from, but for what it asks."""
        return f"document {source.identity} {self._identity}"

    @cached_property
    def _identity(self) -> str:
        return digest_of([self.project, self.environment.identity if self.environment else None])

    @cached_property
    def answers(self) -> dict[Question, Answer]:
        """Those given already that are the same whoever asks."""
        return {}


def compile_documents(surroundings: Surroundings) -> Mapping[SpecAddress, DocumentResult]:
    """Sorted by address."""
    results: Results = {}
    addresses = sorted(surroundings.layers.documents)
    if surroundings.memo is not None:
        surroundings.memo.expect(surroundings.key(surroundings.layers.documents[address]) for address in addresses)
    for address in addresses:
        _compile(address, surroundings, results, ())
    return {address: results[address] for address in addresses}


def compile_one(source: Source, surroundings: Surroundings) -> DocumentResult:
    """A document beside the others: the project, the environment."""
    return _remembered(source, surroundings, {}, ())


def check_documents_alone(surroundings: Surroundings) -> tuple[DocumentResult, ...]:
    """Layers and shape only."""
    results: list[DocumentResult] = []
    for _, source in sorted(surroundings.layers.documents.items()):
        schema = surroundings.schema_of(source.address.kind)
        ask = _asking(surroundings, {}, ())
        results.append(_unknown_kind(source) if schema is None else check_alone(source, schema, ask))
    return tuple(results)


def _compile(address: SpecAddress, surroundings: Surroundings, results: Results, trail: Trail) -> None:
    if address not in results:
        source = surroundings.layers.documents[address]
        results[address] = _remembered(source, surroundings, results, (*trail, address))


def _remembered(source: Source, surroundings: Surroundings, results: Results, trail: Trail) -> DocumentResult:
    def compile_now(ask: Ask) -> DocumentResult:
        schema = surroundings.schema_of(source.address.kind)
        return _unknown_kind(source) if schema is None else compile_document(source, schema, ask)

    ask = _asking(surroundings, results, trail)
    codec = DocumentCodec(source, lambda: compile_now(ask))
    return remember(surroundings.memo, surroundings.key(source), ask, compile_now, codec)


def _unknown_kind(source: Source) -> DocumentResult:
    layer = source.layers[-1]
    found = check_document(layer.kind, layer.value, layer.place, partial(layer.place, key=True))
    return DocumentResult(source, None, (), found.diagnostics)


def _asking(surroundings: Surroundings, results: Results, trail: Trail) -> Ask:
    def ask(question: Question) -> Answer:
        if question.about == "document":
            return _document(SpecAddress(question.kind, question.name), surroundings, results, trail)
        answer = surroundings.answers.get(question)
        if answer is None:
            answer = surroundings.answers[question] = _plain_answer(question, surroundings)
        return answer

    return ask


def _plain_answer(question: Question, surroundings: Surroundings) -> Answer:
    if question.about == "environment":
        environment = surroundings.environment
        return Answer(environment.document if environment else None, environment.identity if environment else "")
    value = _fact(question, surroundings)
    return Answer(value, digest_of_bytes(repr(value).encode("utf-8", "surrogatepass")))


def _document(address: SpecAddress, surroundings: Surroundings, results: Results, trail: Trail) -> Answer:
    if address in trail:
        way = (*trail[trail.index(address) :], address)
        return Answer(Cycle(way), None)
    if address not in surroundings.layers.documents:
        return Answer(Broken(), "mistyped") if _is_mistyped(address, surroundings.layers) else Answer(None, "")
    _compile(address, surroundings, results, trail)
    result = results[address]
    return Answer(result.document or Broken(), result.identity)


def _is_mistyped(address: SpecAddress, layers: Layers) -> bool:
    """Whether a document of that name has a kind that does not exist, and probably this one was meant."""
    others = [kind for kind, name in layers.documents if name == address.name and kind not in KINDS]
    return any(nearest(kind, KINDS) == address.kind for kind in others)


def _fact(question: Question, surroundings: Surroundings) -> Any:
    """Plain facts, compared by value; None where there is no such thing."""
    catalog, layers = surroundings.catalog, surroundings.layers
    match question.about:
        case "project":
            return surroundings.project
        case "model":
            return catalog.models.get(question.name)
        case "weights":
            return catalog.published(question.name)
        case "gpu":
            return catalog.gpu(question.name)
        case "pool" | "namespace":
            return question.name if question.name in _environment_names(question.about, surroundings) else None
        case "text":
            return _text(question.name, surroundings.texts)
        case "inherited":
            return layers.inherited.get(question.kind, ())
        case "mistyped":
            return _is_mistyped(SpecAddress(question.kind, question.name), layers)
        case "names":
            return _names(question.kind, surroundings)
    raise ValueError(f"nobody answers {question}")


def _text(path: str, texts: Mapping[str, str]) -> str | None:
    """The content of a file that a document names; None where there is none that could be read as text."""
    try:
        return texts.get(path)
    except (OSError, ValueError):
        return None


def _names(of: str, surroundings: Surroundings) -> tuple[str, ...]:
    if of == "catalog/models":
        return tuple(surroundings.catalog.models)
    if of == "catalog/gpus":
        gpus = surroundings.catalog.gpus
        return (*gpus, *(f"{gpu.name}:{profile}" for gpu in gpus.values() for profile in gpu.mig))
    if of in ("pools", "namespaces"):
        return _environment_names(of.removesuffix("s"), surroundings)
    return tuple(address.name for address in sorted(surroundings.layers.documents) if address.kind == of)


def _environment_names(of: str, surroundings: Surroundings) -> tuple[str, ...]:
    document: CompiledDocument | None = surroundings.environment.document if surroundings.environment else None
    spec = document.effective["spec"] if document else {}
    return tuple(spec["namespaces"] if of == "namespace" else spec["capacity"]["pools"]) if spec else ()
