"""A search as an Experiment of Katib: its controller chooses, and makes a Job for each trial."""

import json
from typing import Any

from msgspec.structs import replace

from opsdecl.compile.lower.native.guard import unguarded
from opsdecl.compile.lower.native.parts import PodParts, join
from opsdecl.compile.lower.native.run_job import CONTAINER, job_body, run_object
from opsdecl.compile.lower.native.script import written
from opsdecl.compile.lower.native.training import output_volume
from opsdecl.compile.lower.native.variables import literal
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.lower.tuning.limits import beyond_katib
from opsdecl.compile.lower.tuning.trial import Trial, from_training, trial_of
from opsdecl.compile.types import Resource, Traced
from opsdecl.diag import Checked
from opsdecl.spec.kinds.tuning import Choice, IntRange, Space, TuningSpec

API_VERSION, KIND = "kubeflow.org/v1beta1", "Experiment"
NAME_LIMIT = 40
"""The operator puts a hash behind it for each trial, and names Jobs, pods and labels so."""
METRICS = "/metrics/metrics.log"
"""The operator mounts a volume of its own there."""
ALGORITHMS = {"random": "random", "grid": "grid", "tpe": "tpe", "bayesian": "bayesianoptimization"}


def lower_experiment(subject: Subject) -> Checked[tuple[Resource, ...]]:
    spec: TuningSpec = subject.document.model.spec
    if findings := tuple(beyond_katib(subject, spec)):
        return Checked(None, findings)
    made = (output_volume(subject, spec.output), _experiment(subject, spec, trial_of(subject, spec)))
    return Checked(tuple(resource for resource in made if resource is not None))


def _experiment(subject: Subject, spec: TuningSpec, trial: Trial) -> Resource:
    goal, seed = spec.objective.goal, spec.algorithm.seed
    early = spec.early_stopping
    at = ("spec", "objective")
    body = {
        "objective": {
            "type": traced(spec.objective.direction, *at, "direction"),
            "goal": traced(goal, *at, "goal") if goal is not None else None,
            "objectiveMetricName": traced(spec.objective.metric, *at, "metric"),
        },
        "algorithm": {
            "algorithmName": traced(ALGORITHMS[spec.algorithm.type], "spec", "algorithm", "type"),
            "algorithmSettings": _settings("algorithm", random_state=seed) if seed is not None else None,
        },
        "earlyStopping": {
            "algorithmName": "medianstop",
            "algorithmSettings": _settings(
                "earlyStopping", min_trials_required=early.min_trials, start_step=early.min_reports
            ),
        }
        if early
        else None,
        "maxTrialCount": traced(spec.trials, "spec", "trials"),
        "parallelTrialCount": traced(spec.parallel, "spec", "parallel"),
        "maxFailedTrialCount": traced(spec.failures, "spec", "failures"),
        "parameters": [_parameter(name, space) for name, space in spec.parameters.items()],
        "metricsCollectorSpec": {
            "collector": {"kind": "File"},
            "source": {"fileSystemPath": {"path": METRICS, "kind": "File", "format": "TEXT"}},
        },
        "resumePolicy": "Never",
        "trialTemplate": _template(spec, trial),
    }
    # The queue lets trials start one by one, each with a Job of its own.
    work = replace(trial.work, job_labels={})
    return run_object(trial.subject, trial.spec, work, API_VERSION, KIND, body, limit=NAME_LIMIT)


def _settings(field: str, **values: int) -> list[Any]:
    return [{"name": name, "value": traced(str(value), "spec", field)} for name, value in values.items()]


def _parameter(name: str, space: Space) -> dict[str, Any]:
    return {"name": name, "parameterType": space.type, "feasibleSpace": Traced(_feasible(space), _at(name))}


def _feasible(space: Space) -> dict[str, Any]:
    """All as texts. Katib puts them into the program's parameters as they are."""
    if isinstance(space, Choice):
        return {"list": [_as_text(value) for value in space.values]}
    found = {"min": _as_text(space.min), "max": _as_text(space.max)}
    if space.scale == "log":
        return {**found, "distribution": "logUniform"}
    stepped = space.step is not None and not (isinstance(space, IntRange) and space.step == 1)
    return {**found, "step": _as_text(space.step)} if stepped else found


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _template(spec: TuningSpec, trial: Trial) -> dict[str, Any]:
    names = [*spec.parameters]
    references = [
        {"name": f"p{at}", "reference": traced(name, *_at(name)), "description": name} for at, name in enumerate(names)
    ]
    program, run = written(from_training(unguarded(trial.work.command)), trial.work.image)
    told = PodParts(
        env={
            "TRAINING": literal(_told(spec, trial)),
            "TRAINING_OUTPUT": literal(_output(trial)),
            "TRAINING_METRICS": literal(METRICS),
        }
    )
    # The operator joins the words of a command anew, so there is but one.
    command = ["sh", "-c", " ".join(run)]
    work = replace(trial.work, parts=join((trial.work.parts, program, told)), command=command)
    own = frozenset(("timeLimit",)) if spec.time_limit else frozenset()
    # The operator reads a trial's end off its Job, and removes Jobs itself.
    body = {**job_body(trial.subject, trial.spec, work), "ttlSecondsAfterFinished": None}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"labels": from_training({**trial.work.job_labels}) or None},
        "spec": from_training(body, own),
    }
    named = {"name": "trialName", "reference": "${trialSpec.Name}", "description": "of the trial"}
    return {"primaryContainerName": CONTAINER, "trialParameters": [*references, named], "trialSpec": job}


def _output(trial: Trial) -> str:
    return f"{trial.folder}/${{trialParameters.trialName}}/model"


def _told(spec: TuningSpec, trial: Trial) -> str:
    """What the program is told, with a place for each value that Katib puts in: bare for numbers, quoted for texts."""
    told = json.loads(trial.work.parts.env["TRAINING"]["value"])
    marks = {name: f"\0{at}\0" for at, name in enumerate(spec.parameters)}
    told |= {"parameters": {**told["parameters"], **marks}, "output": _output(trial)}
    text = json.dumps(told, sort_keys=True)
    for at, (name, space) in enumerate(spec.parameters.items()):
        place = f"${{trialParameters.p{at}}}"
        text = text.replace(json.dumps(marks[name]), f'"{place}"' if _is_text(space) else place)
    return text


def _is_text(space: Space) -> bool:
    return isinstance(space, Choice) and isinstance(space.values[0], str)


def _at(name: str) -> tuple[str, ...]:
    return ("spec", "parameters", name)
