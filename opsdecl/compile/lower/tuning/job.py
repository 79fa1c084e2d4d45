"""A search on plain Kubernetes: an indexed Job, a pod for each trial, with Optuna beside the program in each."""

import json
import math
from typing import Any

from msgspec.structs import replace

from opsdecl._data import job_script
from opsdecl.compile.lower.native.guard import unguarded
from opsdecl.compile.lower.native.parts import PodParts, join
from opsdecl.compile.lower.native.run_job import CONTAINER, job_body, run_object
from opsdecl.compile.lower.native.security import container_security
from opsdecl.compile.lower.native.training import output_volume
from opsdecl.compile.lower.native.variables import env_list, literal
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.lower.tuning.limits import beyond_job
from opsdecl.compile.lower.tuning.trial import Trial, from_training, trial_of
from opsdecl.compile.types import Resource
from opsdecl.diag import Checked
from opsdecl.spec.kinds.declare import Part
from opsdecl.spec.kinds.tuning import TuningSpec

FOLDER = "/trial"
SIDECAR = "tuner"
FAILED_SEARCH = 3
"""Exit status of a pod with which the search is over."""
PROGRAM = """\
until [ -e "$TRIAL/state" ]; do sleep 1; done
if [ "$(cat "$TRIAL/state")" = run ]; then
  TRAINING=$(cat "$TRIAL/training.json"); TRAINING_OUTPUT=$(cat "$TRIAL/output")
  export TRAINING TRAINING_OUTPUT
  "$@" &
  child=$!
  trap 'gone=1; kill -TERM "$child" 2>/dev/null' TERM INT
  (until [ -e "$TRIAL/stop" ]; do sleep 1; done; kill -TERM "$child"; sleep 30; kill -KILL "$child") 2>/dev/null &
  watch=$!
  wait "$child"; code=$?
  while kill -0 "$child" 2>/dev/null; do wait "$child"; code=$?; done
  kill "$watch" 2>/dev/null
  # A pod that is taken away says nothing of its trial, which another pod does again.
  [ -z "$gone" ] || exit 143
  echo "$code" > "$TRIAL/.code" && mv "$TRIAL/.code" "$TRIAL/code"
fi
until [ -e "$TRIAL/told" ]; do sleep 1; done
cat "$TRIAL/result.json" > "${RESULT:-/dev/termination-log}"
exit "$(cat "$TRIAL/told")"
"""
_RESOURCES = {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}}


def lower_tuning_job(subject: Subject) -> Checked[tuple[Resource, ...]]:
    spec: TuningSpec = subject.document.model.spec
    if findings := tuple(beyond_job(subject, spec)):
        return Checked(None, findings)
    made = (output_volume(subject, spec.output), _job(subject, spec, trial_of(subject, spec)))
    return Checked(tuple(resource for resource in made if resource is not None))


def _job(subject: Subject, spec: TuningSpec, trial: Trial) -> Resource:
    shared = PodParts(
        volumes=({"name": "trial", "emptyDir": {}},),
        mounts=({"name": "trial", "mountPath": FOLDER},),
        env={"TRIAL": literal(FOLDER), "TRAINING_METRICS": literal(f"{FOLDER}/metrics")},
    )
    beside = PodParts(init_containers=(_sidecar(subject, spec, trial),))
    command = ["/bin/sh", "-c", PROGRAM, "trial", *_program(trial)]
    work = replace(trial.work, parts=join((trial.work.parts, shared, beside)), command=command)
    body = from_training(job_body(trial.subject, trial.spec, replace(work, pods=spec.trials, indexed=True)))
    rounds = math.ceil(spec.trials / spec.parallel)
    body |= {
        "completions": traced(spec.trials, "spec", "trials"),
        "parallelism": traced(spec.parallel, "spec", "parallel"),
        "activeDeadlineSeconds": traced(rounds * trial.limit_s, "spec", "trials"),
        # A pod that fails costs its trial one of its starts; how many trials may fail is counted beside them.
        "backoffLimit": spec.trials * (trial.spec.retries + 1),
        "podFailurePolicy": {"rules": [*body["podFailurePolicy"]["rules"], _OVER]},
    }
    return run_object(trial.subject, trial.spec, work, "batch/v1", "Job", body)


_OVER = {
    "action": "FailJob",
    "onExitCodes": {"containerName": CONTAINER, "operator": "In", "values": [FAILED_SEARCH]},
}


def _program(trial: Trial) -> list[Any]:
    """The training's command without its marker: what was tried is in the journal."""
    return unguarded(trial.work.command)


def _sidecar(subject: Subject, spec: TuningSpec, trial: Trial) -> dict[str, Any]:
    assert spec.image is not None
    env = {
        "TUNING": literal(json.dumps(_declared(subject, spec, trial), sort_keys=True)),
        "TRAINING": trial.work.parts.env["TRAINING"],
        "TRIAL": literal(FOLDER),
        "HOME": literal("/tmp"),
    }
    volumes = {mount["name"]: mount for mount in trial.work.parts.mounts}
    return {
        "name": SIDECAR,
        "image": traced(subject.image(spec.image), "spec", "image"),
        "restartPolicy": "Always",
        "command": ["python3", "-c", job_script("tune")],
        "env": env_list(env),
        "resources": _RESOURCES,
        "volumeMounts": [volumes["output"], volumes["tmp"], {"name": "trial", "mountPath": FOLDER}],
        "securityContext": container_security(read_only_root=True),
    }


def _declared(subject: Subject, spec: TuningSpec, trial: Trial) -> dict[str, Any]:
    """What the program beside the trial goes by."""
    found = {
        "tuning": subject.document.address.name,
        "run": trial.key,
        "study": trial.key,
        "journal": f"{trial.folder}/journal.log",
        "output": trial.folder,
        "parameters": {name: _written(space) for name, space in spec.parameters.items()},
        "algorithm": spec.algorithm.type,
        "seed": spec.algorithm.seed,
        "metric": spec.objective.metric,
        "direction": spec.objective.direction,
        "goal": spec.objective.goal,
        "earlyStopping": _written(spec.early_stopping) if spec.early_stopping else None,
        "failures": spec.failures,
        "retries": trial.spec.retries,
        "limit": trial.limit_s,
    }
    return {name: value for name, value in found.items() if value is not None}


def _written(part: Part) -> dict[str, Any]:
    return part.model_dump(mode="json", by_alias=True, exclude_none=True)
