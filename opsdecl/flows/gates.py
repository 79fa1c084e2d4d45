"""The gates of an environment beside what a plan changes: which are open, and what the others wait for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from opsdecl.addr import SpecAddress, format_path
from opsdecl.compile.answers import ANSWERING, answers_of
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic, Related, SpecPath
from opsdecl.diag.codes import evidence as codes
from opsdecl.diff.classify import document_meaning
from opsdecl.diff.compare import differences
from opsdecl.diff.records import StoredDocument, TargetState
from opsdecl.diff.types import DocumentChange, GateState
from opsdecl.evidence.files import decode_all
from opsdecl.evidence.gates import Answers, Changing, Demand, Moved, Opinion, opinion
from opsdecl.evidence.types import Stored
from opsdecl.flows.build import Built
from opsdecl.flows.effects import effect_table
from opsdecl.flows.project import place_of
from opsdecl.spec.types import Json, SourceTree

_NEW = ("create", "adopt", "replace")
_HINTS: Mapping[str, Callable[[str], str]] = {
    codes.NO_EVIDENCE.id: lambda name: f"let Evaluation.{name} measure it, collect what it finds, and commit that",
    codes.STALE_EVIDENCE.id: lambda name: f"let Evaluation.{name} measure it again, and collect what it finds",
    codes.FAILED_EVIDENCE.id: lambda name: "improve the model, or change what the evaluation demands",
    codes.SIMULATED_EVIDENCE.id: lambda name: "measure on real nodes, or set `allowSimulated` of the gate",
    codes.NOT_COMPARED.id: lambda name: f"let Evaluation.{name} measure the version in use as well",
}


class Gated(Struct, frozen=True):
    """What a plan says of gates; a finding for each that is not open."""

    states: tuple[GateState, ...] = ()
    findings: tuple[Diagnostic, ...] = ()


def read_evidence(tree: SourceTree) -> tuple[tuple[Stored, ...], tuple[Diagnostic, ...]]:
    """All evidence of a project, the oldest first, and a warning for each file that cannot be used."""
    return decode_all((entry.path for entry in tree.entries() if entry.mode != "120000"), tree.read)


def gates_of(
    built: Built,
    documents: Sequence[DocumentChange],
    states: Sequence[TargetState | None],
    unknown: Sequence[SpecAddress] = (),
) -> Gated:
    """Nothing is read where the environment has no gates, or no document of theirs would answer otherwise."""
    settings: Mapping[str, Mapping[str, Json]] = built.environment.effective["spec"]["gates"]
    if not settings:
        return Gated()
    pairs = [
        (name, gate, document)
        for name, gate in sorted(settings.items())
        for document in _demanding(built, gate, documents, unknown)
    ]
    every, broken = read_evidence(built.project.tree) if pairs else ((), ())
    current = {d.address: d for state in states if state is not None for d in state.documents}
    rows = [(g, d, _opinion(name, g, d, current, every), name) for name, g, d in pairs]
    found = tuple(_state(name, gate, document, said) for gate, document, said, name in rows)
    closed = tuple(_finding(built, name, gate, document, said) for gate, document, said, name in rows if said.code)
    ordered = tuple(sorted(found, key=lambda state: (state.address, state.gate)))
    return Gated(ordered, (*broken, *closed))


def _demanding(
    built: Built, gate: Mapping[str, Json], documents: Sequence[DocumentChange], unknown: Sequence[SpecAddress]
) -> Iterator[CompiledDocument]:
    for change in documents:
        address = SpecAddress.parse(change.address)
        document = built.graph.document(address)
        if document is None or address.kind not in gate["kinds"] or address.kind not in ANSWERING:
            continue
        if gate["documents"] and change.address not in gate["documents"]:
            continue
        classes = {c for field in change.fields for c in field.classes}
        if change.action in _NEW or address in unknown or classes & set(gate["classes"]):
            yield document


def _opinion(
    name: str,
    gate: Mapping[str, Json],
    document: CompiledDocument,
    current: Mapping[SpecAddress, StoredDocument],
    every: Sequence[Stored],
) -> Opinion:
    kind, metadata = document.address.kind, document.effective["metadata"]
    names = (document.address.name, *metadata.get("movedFrom", ()))
    before = next((current[SpecAddress(kind, n)] for n in names if SpecAddress(kind, n) in current), None)
    changing = Changing(
        kind=kind,
        name=document.address.name,
        answers=answers_of(kind, document.effective, document.references),
        current=answers_of(kind, before.effective, before.references) if before is not None else None,
        output=str((document.effective["spec"].get("source") or {}).get("uri", "")),
    )
    demand = Demand(name, gate["evaluation"], gate["allowSimulated"])
    return opinion(demand, changing, every, moved_in(kind, document.references))


def moved_in(kind: str, references: Mapping[str, SpecAddress]) -> Moved:
    """What a plan would call a change of class `behaviour`; a patch version of the engine is none."""

    def moved(recorded: Answers, now: Answers) -> tuple[str, ...]:
        found = []
        for difference in differences(recorded, now):
            meaning = document_meaning(effect_table(), kind, references, difference)
            if not meaning.classes or "behaviour" in meaning.classes:
                found.append(_shown(difference.path))
        return tuple(dict.fromkeys(found))

    return moved


def _shown(path: Sequence[Any]) -> str:
    """As plans show it: without the leading `spec`."""
    return format_path(tuple(path[1:] if path and path[0] == "spec" else path))


def _state(name: str, gate: Mapping[str, Json], document: CompiledDocument, said: Opinion) -> GateState:
    return GateState(
        address=str(document.address),
        gate=name,
        evaluation=gate["evaluation"],
        state=said.state,
        reason=said.reason,
        fields=said.fields,
        evidence=said.evidence,
    )


def _finding(
    built: Built, name: str, gate: Mapping[str, Json], document: CompiledDocument, said: Opinion
) -> Diagnostic:
    assert said.code is not None
    environment = built.environment.address
    at = place_of(built.graph, environment, ("spec", "gates", name))
    return Diagnostic(
        said.code,
        f"gate `{name}` of {environment.name} is closed for {document.address}: {said.reason}",
        at=_place(built, document, said.fields),
        hint=_HINTS[said.code.id](gate["evaluation"]),
        related=(Related("the gate", at),),
        subject=str(document.address),
    )


def _place(built: Built, document: CompiledDocument, fields: Sequence[str]) -> Any:
    """The first field that moved, else the document."""
    if fields:
        root = fields[0].partition(".")[0]
        path: SpecPath = (root,) if root in document.references or root == "model" else ("spec", root)
        return place_of(built.graph, document.address, path)
    return place_of(built.graph, document.address, ("metadata", "name"))
