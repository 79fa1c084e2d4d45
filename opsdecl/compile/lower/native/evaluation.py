"""An evaluation on plain Kubernetes: one Job for each candidate. What it found is the last message of its pod."""

from collections.abc import Iterator, Mapping
from typing import Any

from opsdecl._data import job_script
from opsdecl.addr import Address, digest_of_bytes
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
from opsdecl.spec.kinds.evaluation import EvaluationSpec

PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "tabular": ("evaluate_table",),
    "llm": ("evaluate_llm",),
    "attribution": ("explain_table", "evaluate_table"),
}
"""Of each recipe: the program that is started, and those that it takes from."""
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
    program = _program(subject, spec)
    jobs = [_job(subject, spec, one, program) for one in found]
    return Checked((*([program] if program is not None else ()), *jobs))


def evaluation_key(subject: Subject, spec: EvaluationSpec, candidate: Measured) -> str:
    """Over what the numbers depend on. Thresholds judge them afterwards, and machines change none."""
    written = plain(spec)
    inputs = {name: written.get(name) for name in _SEMANTIC}
    metrics = sorted(metric.name for metric in spec.metrics)
    data = [[chain_of(used.spec).content, files_of(used.spec, spec.split)] for used in subject.datasets]
    code = _code(spec)
    return run_key([inputs, metrics, data, candidate.label, candidate.identity, code, spec.run.attempt])


def _code(spec: EvaluationSpec) -> str:
    """Digest of the program that a recipe brings, with all that it takes from."""
    brought = "".join(job_script(name) for name in PROGRAMS.get(spec.recipe, ()))
    return digest_of_bytes(brought.encode()) if brought else ""


def _program(subject: Subject, spec: EvaluationSpec) -> Resource | None:
    if spec.recipe not in PROGRAMS:
        return None
    data = {f"{name}.py": job_script(name) for name in PROGRAMS[spec.recipe]}
    name = _program_name(subject, spec)
    return make_resource(subject, "program", "v1", "ConfigMap", {"data": data, "immutable": True}, name=name)


def _program_name(subject: Subject, spec: EvaluationSpec) -> str:
    return object_name(subject.base, f"program-{_code(spec).removeprefix('sha256:')[:8]}")


def _job(subject: Subject, spec: EvaluationSpec, candidate: Measured, program: Resource | None) -> Resource:
    image = Traced(subject.image(spec.image), ("spec", "image"))
    data = used_data(subject, image)
    key = evaluation_key(subject, spec, candidate)
    told = asked(subject, spec, candidate, key, _code(spec))
    own = {**declared(spec.env, ("spec", "env")), "EVALUATION": literal(told), "EVALUATION_RESULT": literal(RESULT)}
    parts = join((scratch(), candidate.parts(image), data.parts, _mounted(subject, spec, program), PodParts(env=own)))
    work = Work(
        key=key,
        step=candidate.label,
        image=image,
        command=[*_command(spec)],
        parts=parts,
        resources=amounts(spec.resources, ("spec", "resources"), gpu_limits(subject, spec.accelerator)),
        time_limit=spec.time_limit,
        retries=spec.retries,
        path=("spec",),
        accelerator=spec.accelerator,
        depends_on=(*data.after, *candidate.after),
    )
    return run_job(subject, spec, work)


def _command(spec: EvaluationSpec) -> Iterator[Any]:
    if spec.recipe in PROGRAMS:
        yield from ("python3", f"{PROGRAM_PATH}/{PROGRAMS[spec.recipe][0]}.py")
    yield from (Traced(text, ("spec", "command", at)) for at, text in enumerate(spec.command))
    yield from (Traced(text, ("spec", "args", at)) for at, text in enumerate(spec.args))


def _mounted(subject: Subject, spec: EvaluationSpec, program: Resource | None) -> PodParts:
    if program is None:
        return PodParts()
    needs: tuple[Address, ...] = (program.address,)
    return PodParts(
        volumes=({"name": "program", "configMap": {"name": _program_name(subject, spec)}},),
        mounts=({"name": "program", "mountPath": PROGRAM_PATH, "readOnly": True},),
        depends_on=needs,
    )
