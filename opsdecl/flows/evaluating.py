"""Runs that an environment asks its evaluations for, and evidence made of what they found."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from opsdecl.addr import ObjectKey, SpecAddress, is_run
from opsdecl.compile.answers import ANSWERING, answers_of
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes.evidence import NO_SUCH_EVIDENCE
from opsdecl.diag.nearest import did_you_mean
from opsdecl.evidence.judging import judge
from opsdecl.evidence.types import CandidateUse, DataUse, EvaluationUse, Evidence, Producer, Result, Verdict
from opsdecl.flows.build import Built
from opsdecl.render.types import Manifest
from opsdecl.spec.kinds.evaluation import EvaluationSpec, Threshold
from opsdecl.transparency.composition import compose
from opsdecl.transparency.lineage import Library


class AskedRun(Struct, frozen=True):
    """One candidate of one evaluation: its Job, and the request as the program gets it."""

    evaluation: CompiledDocument
    candidate: CompiledDocument
    label: str
    job: ObjectKey
    text: str
    request: Mapping[str, Any]

    @property
    def subject(self) -> str:
        return str(self.evaluation.address)


def asked_runs(built: Built, names: Sequence[str] = ()) -> Checked[tuple[AskedRun, ...]]:
    """Of the named evaluations, or of all; in the order in which each names its candidates."""
    known = {d.address.name: d for d in built.graph.documents if d.address.kind == "Evaluation"}
    asked = [name.removeprefix("Evaluation.") for name in names]
    missing = [name for name in asked if name not in known]
    if missing:
        return Checked(None, tuple(_missing(name, sorted(known), built) for name in missing))
    chosen = [known[name] for name in asked] if asked else list(known.values())
    return Checked(tuple(run for document in chosen for run in _runs(built, document)))


def _missing(name: str, known: Sequence[str], built: Built) -> Diagnostic:
    said = f"`{name[:100]}` is no Evaluation of {built.environment.address.name}"
    return Diagnostic(
        NO_SUCH_EVIDENCE, said, hint=did_you_mean(name, known) or f"there are: {', '.join(known) or 'none'}"
    )


def _runs(built: Built, document: CompiledDocument) -> Iterator[AskedRun]:
    spec: EvaluationSpec = document.model.spec
    others = {d.address for d in built.graph.documents} - {document.address}
    jobs = {m.address.role: m for m in built.manifests.without(others) if is_run(m.address)}
    for candidate in spec.candidates:
        made = next((m for role, m in jobs.items() if role.rpartition("-")[0] == f"run-{candidate.label}"), None)
        other = built.graph.document(SpecAddress.parse(candidate.document))
        if made is not None and other is not None:
            text = request_of(made)
            yield AskedRun(document, other, candidate.label, made.key, text, json.loads(text))


def request_of(job: Manifest) -> str:
    """What the Job asks its program for."""
    (container,) = job.data["spec"]["template"]["spec"]["containers"]
    return next(str(each["value"]) for each in container["env"] if each["name"] == "EVALUATION")


def evidence_of(built: Built, run: AskedRun, result: Result, producer: Producer, image_id: str = "") -> Evidence:
    request = run.request
    data = request["data"]
    return Evidence(
        project=built.graph.release.project,
        environment=built.environment.address.name,
        evaluation=EvaluationUse(
            name=run.evaluation.address.name,
            run=request["run"],
            recipe=request["recipe"],
            image=request["image"],
            image_id=image_id,
            code=request["code"],
            engine=result.engine,
            parameters=request["parameters"],
            prompts=request["promptDigests"],
        ),
        candidate=_candidate(built, run, result),
        data=DataUse(dataset=data["dataset"], split=data["split"], content=data["content"], digest=result.data)
        if data
        else None,
        samples=result.samples,
        metrics=result.metrics,
        thresholds=verdicts_of(run.evaluation.model.spec, result.metrics),
        trust=result.trust,
        producer=producer,
        started_at=result.started_at,
        finished_at=result.finished_at,
    )


def _candidate(built: Built, run: AskedRun, result: Result) -> CandidateUse:
    document, asked = run.candidate, run.request["candidate"]
    answers = document.address.kind in ANSWERING
    library = Library(built.project.catalog)
    return CandidateUse(
        document=str(document.address),
        adapter=asked.get("adapter", ""),
        identity=asked["identity"],
        answers=answers_of(document.address.kind, document.effective, document.references),
        model=result.model,
        output=asked.get("output", ""),
        composition=compose(document.address, document.effective, document.references, library) if answers else None,
    )


def verdicts_of(
    spec: EvaluationSpec, metrics: Mapping[str, float], asked: Sequence[Threshold] | None = None
) -> tuple[Verdict, ...]:
    """The thresholds of an evaluation, or others of its metrics, beside the values that were found."""
    directions = {metric.name: metric.direction for metric in spec.metrics}
    return tuple(
        judge(
            Verdict(
                metric=each.metric,
                direction=directions[each.metric],
                value=metrics[each.metric],
                min=_number(each.min),
                max=_number(each.max),
                against=each.against or "",
                tolerance=float(each.tolerance),
            )
        )
        for each in (spec.thresholds if asked is None else asked)
    )


def _number(value: float | None) -> float | None:
    return float(value) if value is not None else None
