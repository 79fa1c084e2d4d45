"""`evidence collect`: what finished runs of evaluations found, as files of the project. What is broken is no file."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.addr import ObjectKey
from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes import evidence as codes
from opsdecl.diag.codes.cluster import NOT_OBSERVED
from opsdecl.diag.codes.targets import NOT_WRITTEN
from opsdecl.evidence.files import encode
from opsdecl.evidence.result import read_result
from opsdecl.evidence.types import Evidence, Producer, Result, Stored
from opsdecl.flows.build import Built
from opsdecl.flows.evaluating import AskedRun, asked_runs, evidence_of
from opsdecl.flows.project import place_of
from opsdecl.flows.targets import open_reader, targets_of
from opsdecl.targets.cluster.looking import Observer
from opsdecl.targets.cluster.results import Left
from opsdecl.targets.cluster.rollouts import SERVING, latest
from opsdecl.targets.files import write_tree

VARIABLE = "EVALUATION"


class Collected(Struct, frozen=True):
    """Evidence that was found, and which files of it are new."""

    stored: tuple[Stored, ...]
    written: tuple[str, ...]


def collect(built: Built, root: Path, names: Sequence[str], target: str | None = None) -> Checked[Collected]:
    """From the cluster of each target, in their order. Files that are there already stay as they are."""
    asked = asked_runs(built, names)
    if asked.value is None:
        return Checked(None, asked.diagnostics)
    found: list[Evidence] = []
    findings: list[Diagnostic] = []
    for name in (target,) if target else targets_of(built):
        reader = open_reader(built, name)
        if reader is None:
            findings.append(_not_observed(built, name))
            continue
        read = _collect_from(built, reader, asked.value)
        findings += read.diagnostics
        found += read.value or ()
    kept = save(root, found)
    return Checked(kept.value, (*findings, *kept.diagnostics))


def record(built: Built, root: Path, name: str, label: str, message: str, who: str) -> Checked[Collected]:
    """A result that was found elsewhere, by the same program on the same request, such as in CI."""
    chosen = choose_run(built, name, label)
    if chosen.value is None:
        return Checked(None, chosen.diagnostics)
    run = chosen.value
    read = read_result(message, run.text, run.request, run.subject)
    if read.value is None:
        return Checked(None, read.diagnostics)
    return save(root, [evidence_of(built, run, read.value, Producer(by=who))])


def choose_run(built: Built, name: str, label: str = "") -> Checked[AskedRun]:
    """The candidate of an evaluation; its only one where none is named."""
    asked = asked_runs(built, [name])
    if asked.value is None:
        return Checked(None, asked.diagnostics)
    fitting = [run for run in asked.value if label in ("", run.label, str(run.candidate.address))]
    if len(fitting) == 1:
        return Checked(fitting[0])
    labels = ", ".join(run.label for run in asked.value) or "none"
    said = f"`{label[:100]}` is no candidate of it" if label else "it has several candidates"
    hint = f"name one with --candidate: {labels}"
    return Checked(None, (Diagnostic(codes.NO_SUCH_EVIDENCE, said, hint=hint, subject=f"Evaluation.{name}"),))


def save(root: Path, every: Sequence[Evidence]) -> Checked[Collected]:
    files = dict(map(encode, every))
    new = tuple(sorted(path for path in files if not (root / path).exists()))
    try:
        done = write_tree(root, files)
    except ValueError as error:
        said = f"`evidence` leads out of the project: {error}"
        return Checked(None, (Diagnostic(NOT_WRITTEN, said, hint="put a folder in its place"),))
    stored = tuple(Stored(encode(each)[0], each) for each in every)
    return Checked(Collected(stored, new) if done.value is not None else None, done.diagnostics)


def _collect_from(built: Built, reader: Observer, asked: Sequence[AskedRun]) -> Checked[tuple[Evidence, ...]]:
    left = reader.results([run.job for run in asked], VARIABLE)
    if left.value is None:
        return Checked(None, left.diagnostics)
    served = {run.job: _workloads(built, run) for run in asked if run.request["candidate"].get("address")}
    every = [key for keys in served.values() for key in keys]
    since = reader.rolled_out(every) if every else Checked[Sequence[str | None]](())
    if since.value is None:
        return Checked(None, since.diagnostics)
    out = dict(zip(every, since.value, strict=True))
    proof = {job: latest([out[key] for key in keys]) for job, keys in served.items()}
    found: list[Evidence] = []
    findings: list[Diagnostic] = []
    for run, one in zip(asked, left.value, strict=True):
        read = _read(built, run, one, proof)
        findings += read.diagnostics
        if read.value is not None:
            producer = Producer(cluster=reader.name, namespace=run.job.namespace, job=run.job.name, uid=one.uid)
            found.append(evidence_of(built, run, read.value, producer, one.image_id))
    return Checked(tuple(found), tuple(findings))


def _workloads(built: Built, run: AskedRun) -> tuple[ObjectKey, ...]:
    """What makes the pods of the model that was asked; several where its roles have pods of their own."""
    wanted = built.manifests.manifests if built.manifests is not None else ()
    return tuple(m.key for m in wanted if m.address.spec == run.candidate.address and m.key.kind in SERVING)


def _read(built: Built, run: AskedRun, left: Left, proof: Mapping[ObjectKey, str | None]) -> Checked[Result]:
    unfinished = _unfinished(built, run, left)
    if unfinished is not None:
        return Checked(None, (unfinished,))
    if left.request and left.request != run.text:
        said = f"{run.job} was asked for something else than the specs ask for now"
        hint = "somebody changed the Job; raise `run.attempt`, and apply"
        return Checked(None, (_at(built, run, Diagnostic(codes.RESULT_OF_OTHER, said, hint=hint)),))
    read = read_result(left.message, run.text, run.request, run.subject)
    if read.value is None:
        return Checked(None, tuple(_at(built, run, finding) for finding in read.diagnostics))
    if run.job in proof and not _proven(proof[run.job], left.started):
        said = f"whether only the declared version of {run.candidate.address} answered {run.job} cannot be told"
        hint = "raise `run.attempt` now that the version is out, and apply"
        return Checked(None, (_at(built, run, Diagnostic(codes.NOT_PROVEN, said, hint=hint)),))
    return Checked(replace(read.value, trust="simulated") if left.simulated else read.value)


def _proven(since: str | None, started: str) -> bool:
    """Both are of the cluster's own clocks, in whole seconds: within the same one nothing is proven."""
    return since is not None and since < started


def _unfinished(built: Built, run: AskedRun, left: Left) -> Diagnostic | None:
    words = {"missing": "is not there", "running": "still works", "failed": "failed"}
    if left.state == "done" and not left.said:
        return None
    said = f"{run.job} {words.get(left.state, 'ended')}" + (f": {left.said}" if left.said else "")
    hint = {
        "missing": f"apply {built.environment.address.name}; a run whose Job is gone is repeated with `run.attempt`",
        "running": "collect again later",
    }.get(left.state, "mend its cause, and raise `run.attempt`")
    return _at(built, run, Diagnostic(codes.NOT_ENDED, said[:300], hint=hint))


def _at(built: Built, run: AskedRun, finding: Diagnostic) -> Diagnostic:
    """At the candidate in the evaluation."""
    index = list(_labels(run)).index(run.label)
    path = ("spec", "candidates", index)
    return replace(finding, at=place_of(built.graph, run.evaluation.address, path), subject=run.subject)


def _labels(run: AskedRun) -> Iterator[str]:
    return (candidate.label for candidate in run.evaluation.model.spec.candidates)


def _not_observed(built: Built, name: str) -> Diagnostic:
    kind = built.environment.effective["spec"]["targets"][name]["type"]
    return Diagnostic(
        NOT_OBSERVED,
        f"target `{name}` is of type `{kind}`, and nothing says on which cluster its runs are",
        at=place_of(built.graph, built.environment.address, ("spec", "targets", name)),
        hint="name a context that may read: `observe: {kubeContext: …}`; or record results: opsdecl evidence record",
        subject=str(built.environment.address),
    )
