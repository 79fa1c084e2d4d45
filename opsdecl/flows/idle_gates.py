"""Gates of an environment that would refuse for ever, or never: names that nothing has."""

from collections.abc import Iterator, Mapping

from opsdecl.compile.answers import ANSWERING
from opsdecl.compile.types import Graph
from opsdecl.diag import Diagnostic, SpecPath
from opsdecl.diag.codes.evidence import IDLE_GATE
from opsdecl.diag.nearest import did_you_mean
from opsdecl.flows.project import Project, place_of
from opsdecl.spec.types import Json


def idle_gates(project: Project, graph: Graph) -> Iterator[Diagnostic]:
    settings: Mapping[str, Mapping[str, Json]] = graph.environment.effective["spec"]["gates"]
    folders = project.specs.folders.values() if settings else ()
    declared = {d.name for documents in folders for d in documents if d.kind == "Evaluation"}
    known = {str(d.address) for d in graph.documents if d.address.kind in ANSWERING}
    for name, gate in sorted(settings.items()):
        path: SpecPath = ("spec", "gates", name)
        if gate["evaluation"] not in declared:
            said = f"`{gate['evaluation']}` is no Evaluation of any environment, so the gate never opens"
            hint = did_you_mean(gate["evaluation"], declared) or "declare it where its candidates are"
            yield _idle(graph, (*path, "evaluation"), said, hint)
        for index, document in enumerate(gate["documents"]):
            if document not in known:
                said = f"`{document[:100]}` is no LLM or Model of {graph.environment.address.name}"
                hint = did_you_mean(document, known) or f"there are: {', '.join(sorted(known)) or 'none'}"
                yield _idle(graph, (*path, "documents", index), said, hint)


def _idle(graph: Graph, path: SpecPath, said: str, hint: str) -> Diagnostic:
    address = graph.environment.address
    return Diagnostic(IDLE_GATE, said, at=place_of(graph, address, path), hint=hint, subject=str(address))
