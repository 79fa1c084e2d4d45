"""An evaluation on plain Kubernetes: one Job for each candidate. What it found is the last message of its pod."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from opsdecl._data import job_script
from opsdecl.addr import digest_of_bytes
from opsdecl.compile.lower.names import object_name
from opsdecl.compile.lower.native.accelerators import gpu_limits
from opsdecl.compile.lower.native.dataset_keys import chain_of, plain, run_key
from opsdecl.compile.lower.native.evaluation_candidate import Measured, measured
from opsdecl.compile.lower.native.evaluation_data import files_of, split_of
from opsdecl.compile.lower.native.evaluation_request import RESULT, asked
from opsdecl.compile.lower.native.parts import PodParts, join
from opsdecl.compile.lower.native.run_job import Work, amounts, run_job
from opsdecl.compile.lower.native.training_data import used_data
from opsdecl.compile.lower.native.variables import declared, literal
from opsdecl.compile.lower.native.volumes import scratch
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Resource, Traced
from opsdecl.diag import Checked, Diagnostic
from opsdecl.spec.kinds.attribution import TORCH, program_of
from opsdecl.spec.kinds.evaluation import EvaluationSpec

PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "tabular": ("evaluate_table",),
    "llm": ("evaluate_llm",),
    "attribution": ("explain_table", "evaluate_table"),
}
"""Of each recipe: the program that is started, and those that it takes from."""
FOR_PYTORCH = ("explain_torch", *PROGRAMS["attribution"])
"""Of the recipe `attribution`, where the model is one of PyTorch."""
PROGRAM_PATH = "/etc/opsdecl/evaluation"
_SEMANTIC = ("recipe", "image", "command", "args", "env", "parameters", "prompts")


def lower_evaluation(subject: Subject) -> Checked[tuple[Resource, ...]]:
    """Errors: a split that the dataset does not have, a candidate that has no files."""
    spec: EvaluationSpec = subject.document.model.spec
    findings: list[Diagnostic] = [*split_of(subject, spec)]
    found: list[Measured] = []
    for index, candidate in enumerate(spec.candidates):
        one = measured(subject, candidate, index)
        found += [one.value] if one.value is not None else []
        findings += one.diagnostics
    if findings or len(found) != len(spec.candidates):
        return Checked(None, tuple(findings))
    brought = dict.fromkeys(_brought(spec, one) for one in found)
    programs = {names: _program(subject, names) for names in brought if names}
    jobs = [_job(subject, spec, one, programs.get(_brought(spec, one))) for one in found]
    return Checked((*programs.values(), *jobs))


def evaluation_key(subject: Subject, spec: EvaluationSpec, candidate: Measured) -> str:
    """Over what the numbers depend on. Thresholds judge them afterwards, and machines change none."""
    written = plain(spec)
    inputs = {name: written.get(name) for name in _SEMANTIC}
    metrics = sorted(metric.name for metric in spec.metrics)
    data = [[chain_of(used.spec).content, files_of(used.spec, spec.split)] for used in subject.datasets]
    code = _code(_brought(spec, candidate))
    return run_key([inputs, metrics, data, candidate.label, candidate.identity, code, spec.run.attempt])


def _brought(spec: EvaluationSpec, candidate: Measured) -> tuple[str, ...]:
    """Names of the program that is started, and of those that it takes from; none where the image has its own."""
    document = candidate.document
    if spec.recipe == "attribution":
        chosen = program_of(document.address.kind, document.effective["spec"], spec.parameters.get("method"))
        return FOR_PYTORCH if chosen == TORCH else PROGRAMS[spec.recipe]
    return PROGRAMS.get(spec.recipe, ())


def _code(names: Iterable[str]) -> str:
    """Digest of the programs."""
    brought = "".join(job_script(name) for name in names)
    return digest_of_bytes(brought.encode()) if brought else ""


def _program(subject: Subject, names: tuple[str, ...]) -> Resource:
    data = {f"{name}.py": job_script(name) for name in names}
    role = "program-torch" if names == FOR_PYTORCH else "program"
    name = object_name(subject.base, f"program-{_code(names).removeprefix('sha256:')[:8]}")
    return make_resource(subject, role, "v1", "ConfigMap", {"data": data, "immutable": True}, name=name)


def _job(subject: Subject, spec: EvaluationSpec, candidate: Measured, program: Resource | None) -> Resource:
    names = _brought(spec, candidate)
    image = Traced(subject.image(spec.image), ("spec", "image"))
    data = used_data(subject, image, spec.accelerator)
    key = evaluation_key(subject, spec, candidate)
    told = asked(subject, spec, candidate, key, _code(names))
    own = {**declared(spec.env, ("spec", "env")), "EVALUATION": literal(told), "EVALUATION_RESULT": literal(RESULT)}
    parts = join((scratch(), candidate.parts(image), data.parts, _mounted(program), PodParts(env=own)))
    work = Work(
        key=key,
        step=candidate.label,
        image=image,
        command=[*_command(spec, names)],
        parts=parts,
        resources=amounts(spec.resources, ("spec", "resources"), gpu_limits(subject, spec.accelerator)),
        time_limit=spec.time_limit,
        retries=spec.retries,
        path=("spec",),
        accelerator=spec.accelerator,
        depends_on=(*data.after, *candidate.after),
    )
    return run_job(subject, spec, work)


def _command(spec: EvaluationSpec, names: tuple[str, ...]) -> Iterator[Any]:
    if names:
        yield from ("python3", f"{PROGRAM_PATH}/{names[0]}.py")
    yield from (Traced(text, ("spec", "command", at)) for at, text in enumerate(spec.command))
    yield from (Traced(text, ("spec", "args", at)) for at, text in enumerate(spec.args))


def _mounted(program: Resource | None) -> PodParts:
    if program is None:
        return PodParts()
    return PodParts(
        volumes=({"name": "program", "configMap": {"name": program.key.name}},),
        mounts=({"name": "program", "mountPath": PROGRAM_PATH, "readOnly": True},),
        depends_on=(program.address,),
    )
