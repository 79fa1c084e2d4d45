"""What a search becomes: natively a Job with a pod for each trial, with Katib an Experiment."""

import json
from typing import Any

import pytest
import yaml

from opsdecl.addr import ObjectKey, is_run
from opsdecl.compile.lower import lower_document
from opsdecl.diff.running import running
from opsdecl.render.manifests import render_resource
from opsdecl.render.schemas import examine_schemas
from opsdecl.render.types import Manifest
from tests.unit.lower.builders import CATALOG, compiled, environment, merged
from tests.unit.lower.test_dataset import CLAIMS
from tests.unit.lower.test_training import TUNE

SEARCH = """
metadata: {name: search, namespace: risk, owner: team-risk}
spec:
  training: tune
  parameters:
    rate: {type: double, min: 0.001, max: 0.3, scale: log}
    depth: {type: int, min: 2, max: 8, step: 2}
    booster: {type: categorical, values: [gbtree, dart]}
  algorithm: {seed: 7}
  objective: {metric: auc, direction: maximize, goal: 0.97}
  earlyStopping: {minTrials: 4, minReports: 2}
  trials: 10
  parallel: 3
  image: registry.test/acme/tuner:1
  output: {size: 20Gi}
"""
ALONE = "{spec: {accelerator: {nodes: null}, parameters: {depth: 4, booster: gbtree}, queue: nightly}}"
JOB = ObjectKey("batch/v1", "Job", "risk", "trial")
KATIB = "{platform: {tuning: katib}}"


def search(changes: str = "{}", env: str = "{}", training: str = "{}", data: str = "{}") -> dict[str, Manifest]:
    dataset = compiled("Dataset", merged(yaml.safe_load(CLAIMS), yaml.safe_load(data)))
    value = merged(merged(yaml.safe_load(TUNE), yaml.safe_load(ALONE)), yaml.safe_load(training))
    tuned = compiled("Training", value, {"dataset-claims": dataset})
    document = compiled("Tuning", merged(yaml.safe_load(SEARCH), yaml.safe_load(changes)), {"training": tuned})
    further = {"training/dataset-claims": dataset}
    done = lower_document(document, environment(env), {"training": tuned}, CATALOG, project="acme", further=further)
    assert done.diagnostics == ()
    return {r.address.role: render_resource(r)[0] for r in done.value or ()}


def run(*arguments: str) -> Manifest:
    return next(m for m in search(*arguments).values() if is_run(m.address))


def key(*arguments: str) -> str:
    return run(*arguments).key.name


def pod(*arguments: str) -> Any:
    return run(*arguments).data["spec"]["template"]["spec"]


def trial_job(*arguments: str) -> Any:
    changes = arguments[0] if arguments else "{}"
    return run(changes, KATIB, *arguments[1:]).data["spec"]["trialTemplate"]["trialSpec"]


def env(container: Any) -> dict[str, Any]:
    return {e["name"]: e.get("value", e.get("valueFrom")) for e in container["env"]}


@pytest.mark.parametrize("version", ["1.34", "1.37"])
def test_every_object_passes_kubernetes_own_schemas(version: str) -> None:
    trial = run("{}", KATIB)
    inner = Manifest(trial.address, JOB, "", {**trial_job(), "metadata": {"name": "trial", "namespace": "risk"}}, {})
    objects = [*search().values(), *search("{}", KATIB).values(), inner]
    assert examine_schemas(objects, version, lambda address, path: None).diagnostics == ()


def test_a_pod_for_each_trial_some_at_a_time() -> None:
    spec = run().data["spec"]
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 10, 3)
    # Four rounds of twelve hours.
    assert spec["activeDeadlineSeconds"] == 4 * 12 * 3600
    assert run().data["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "nightly"
    over = spec["podFailurePolicy"]["rules"][-1]
    assert (over["action"], over["onExitCodes"]["values"]) == ("FailJob", [3])


def test_a_trial_runs_the_program_of_the_training_on_its_machines() -> None:
    (container,) = pod()["containers"]
    assert container["command"][-2:] == ["torchrun", "train.py"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 4
    assert pod()["nodeSelector"] == {"pool": "h100"}
    told = json.loads(env(container)["TRAINING"])
    assert "checkpoints" not in told, "no trial goes on where another stood"
    volumes = {v["name"]: v.get("persistentVolumeClaim", {}).get("claimName") for v in pod()["volumes"]}
    assert (volumes["output"], volumes["dataset-claims"]) == ("search-output", "claims-data")


def test_optuna_runs_beside_it_and_is_told_what_is_declared() -> None:
    wait, tuner = pod()["initContainers"]
    assert (wait["name"], tuner["name"], tuner["restartPolicy"]) == ("wait-claims", "tuner", "Always")
    declared = json.loads(env(tuner)["TUNING"])
    assert declared["parameters"]["rate"] == {"type": "double", "min": 0.001, "max": 0.3, "scale": "log"}
    folder = f"/output/{run().key.name.rpartition('-')[2]}"
    assert (declared["output"], declared["limit"], declared["failures"]) == (folder, 12 * 3600, 3)


def test_katib_says_the_same_in_its_words() -> None:
    spec = run("{}", KATIB).data["spec"]
    assert spec["objective"] == {"type": "maximize", "goal": 0.97, "objectiveMetricName": "auc"}
    assert (spec["maxTrialCount"], spec["parallelTrialCount"], spec["maxFailedTrialCount"]) == (10, 3, 3)
    assert {each["name"]: (each["parameterType"], each["feasibleSpace"]) for each in spec["parameters"]} == {
        "rate": ("double", {"min": "0.001", "max": "0.3", "distribution": "logUniform"}),
        "depth": ("int", {"min": "2", "max": "8", "step": "2"}),
        "booster": ("categorical", {"list": ["gbtree", "dart"]}),
    }
    assert trial_job()["metadata"]["labels"] == {"kueue.x-k8s.io/queue-name": "nightly"}


def test_katib_removes_trials_itself() -> None:
    """A trial whose Job Kubernetes takes away before Katib looked at it would count as lost."""
    later = "{spec: {run: {removeAfter: 1h}}}"
    trial = run(later, KATIB).data["spec"]["trialTemplate"]["trialSpec"]
    assert "ttlSecondsAfterFinished" not in trial["spec"]
    assert run(later).data["spec"]["ttlSecondsAfterFinished"] == 3600


def test_what_katib_puts_in_makes_what_the_program_is_told() -> None:
    """As its controller does it: the trial as JSON, with values in place of names."""
    spec = run("{}", KATIB).data["spec"]
    values = {"rate": "0.05", "depth": "4", "booster": "dart", "${trialSpec.Name}": "search-x"}
    text = json.dumps(spec["trialTemplate"]["trialSpec"])
    for each in spec["trialTemplate"]["trialParameters"]:
        text = text.replace(f"${{trialParameters.{each['name']}}}", values[each["reference"]])
    assert "trialParameters" not in text
    container = json.loads(text)["spec"]["template"]["spec"]["containers"][0]
    told = json.loads(env(container)["TRAINING"])
    assert told["parameters"] == {"rate": 0.05, "depth": 4, "booster": "dart"}
    assert told["output"] == env(container)["TRAINING_OUTPUT"]
    assert told["output"].endswith("/search-x/model")
    assert container["command"] == ["sh", "-c", "/bin/sh /opsdecl/run.sh"]


def test_it_is_the_same_run_on_both_platforms() -> None:
    assert (run("{}", KATIB).address, run("{}", KATIB).key.name) == (run().address, key())
    effective = {"spec": {"accelerator": {"gpu": "h100-80gb", "resource": "nvidia.com/gpu"}}}
    native = running(run().data, {}, effective)
    assert running(run("{}", KATIB).data, {}, effective) == native
    assert (native.pods, native.gpus) == ((3, 3), (12, 12))


NOT_SEMANTIC = (
    ("{spec: {parallel: 1, failures: 9, gpuHours: 9000, timeLimit: 1h, image: registry.test/acme/tuner:2}}", "{}"),
    ("{metadata: {owner: somebody}, spec: {output: {size: 40Gi}}}", "{}"),
    ("{}", "{spec: {queue: other, spot: true, resources: {memory: 256Gi}, run: {attempt: 3}}}"),
)


@pytest.mark.parametrize(("changes", "training"), NOT_SEMANTIC)
def test_what_changes_no_result_starts_no_other_search(changes: str, training: str) -> None:
    assert key(changes, "{}", training) == key()


SEMANTIC = (
    ("{spec: {trials: 11}}", "{}"),
    ("{spec: {algorithm: {type: random}}}", "{}"),
    ("{spec: {parameters: {depth: {max: 10}}}}", "{}"),
    ("{spec: {objective: {metric: loss}}}", "{}"),
    ("{spec: {run: {attempt: 2}}}", "{}"),
    ("{}", "{spec: {image: registry.test/acme/train:2}}"),
    ("{}", "{spec: {batch: {perDevice: 2}}}"),
)


@pytest.mark.parametrize(("changes", "training"), SEMANTIC)
def test_another_search_or_another_program_starts_another_one(changes: str, training: str) -> None:
    assert key(changes, "{}", training) != key()


def test_other_data_starts_another_one() -> None:
    assert key("{}", "{}", "{}", '{spec: {version: "2"}}') != key()
