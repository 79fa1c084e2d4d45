"""What a document asks for and groups of pods cannot give."""

from collections.abc import Iterator

from opsdecl.compile.lower.leader_worker_set.members import ENGINES
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.rollout import way_of
from opsdecl.diag import Code, Diagnostic, SpecPath
from opsdecl.diag.codes import render as codes
from opsdecl.fleet.strategy import rounded
from opsdecl.spec.kinds.llm import LLMSpec


def beyond_groups(subject: Subject, spec: LLMSpec) -> Iterator[Diagnostic]:
    """Errors: an engine that cannot be told of the other nodes, bounds of a rollout that the operator refuses."""
    engine = subject.runtime.engine if subject.runtime else "custom"
    if engine not in ENGINES:
        message = f"the engine `{engine}` of runtime `{spec.runtime}` cannot be told of the other nodes of its replica"
        hint = f"use a runtime whose engine is one of: {', '.join(sorted(ENGINES))}"
        yield _finding(subject, codes.ENGINE_ON_ONE_NODE, ("spec", "accelerator", "nodes"), message, hint)
    if spec.rollout.strategy == "rolling":
        yield from _bounds(subject, spec)


def _bounds(subject: Subject, spec: LLMSpec) -> Iterator[Diagnostic]:
    way, replicas = way_of(subject.document.effective["spec"], subject.pools), spec.replicas.lowest
    path: SpecPath = ("spec", "rollout")
    if replicas and rounded(way, replicas) == (0, 0):
        message = f"`maxSurge` and `maxUnavailable` both come to 0 of {replicas} replicas"
        yield _finding(subject, codes.ROLLOUT_OF_NOTHING, path, message, "set `maxUnavailable` to 1")


def _finding(subject: Subject, code: Code, path: SpecPath, message: str, hint: str) -> Diagnostic:
    return Diagnostic(code, message, at=subject.place(path), hint=hint, subject=str(subject.document.address))
