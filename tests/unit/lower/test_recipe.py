"""What a training by recipe becomes: the program goes with the run, and what it depends on names the run."""

import json
from typing import Any

import pytest

from tests.unit.lower.test_training import env, key, pod, run, training

TABLE = """
spec:
  framework: sklearn
  recipe: tabular
  command: []
  base: null
  batch: null
  accelerator: null
  table: {estimator: logistic-regression, target: left, features: [late, calls, plan], metrics: [roc_auc, log_loss]}
  parameters: {C: 0.5, rate: null, depth: null, booster: null}
"""
SPLITS = "{spec: {splits: {all: {path: '**/*.csv'}, test: {path: 'test/*.csv'}}}}"


def told(changes: str = "{}") -> dict[str, Any]:
    """$TRAINING, of the training by recipe with changes."""
    found: dict[str, Any] = json.loads(env(both(changes), SPLITS)["TRAINING"])
    return found


def both(changes: str) -> str:
    import yaml

    from tests.unit.lower.builders import merged

    return str(yaml.safe_dump(merged(yaml.safe_load(TABLE), yaml.safe_load(changes))))


def test_the_program_goes_with_the_run() -> None:
    """As text in the run's own object, so that no other object can be missing when a pod is started again."""
    command = pod(TABLE)["containers"][0]["command"]
    assert command[-2:] == ["/tmp/opsdecl-train.py", "python3"]
    program = env(TABLE)["TRAINING_PROGRAM"]
    compile(program, "train.py", "exec")
    assert "$(" not in program, "Kubernetes would put in variables"
    assert set(training(TABLE)) == {"output", run(TABLE).address.role}


def test_it_is_told_what_to_learn_from_which_files() -> None:
    found = told("{spec: {rows: {train: all, validation: test, seed: 3}}}")
    assert found["table"]["features"] == ["late", "calls", "plan"]
    assert found["data"] == {
        "dataset": "claims",
        "format": "csv",
        "path": "/datasets/claims",
        "train": "**/*.csv",
        "validation": "test/*.csv",
        "measured": "test",
    }
    assert found["rows"]["seed"] == 3
    assert (found["parameters"], found["recipe"]) == ({"C": 0.5}, "tabular")


OTHER = [
    "{spec: {table: {estimator: ridge}}}",
    "{spec: {table: {target: calls}}}",
    "{spec: {parameters: {C: 0.6}}}",
    "{spec: {rows: {seed: 1}}}",
    "{spec: {table: {positive: 0}}}",
]


@pytest.mark.parametrize("changes", OTHER)
def test_another_model_is_another_run(changes: str) -> None:
    assert key(both(changes)) != key(both("{}"))


def test_the_key_follows_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key(TABLE)
    monkeypatch.setattr("opsdecl.compile.lower.native.recipe.job_script", lambda name: "print()")
    assert key(TABLE) != before


@pytest.mark.parametrize("platform", ["{platform: {training: kubeflow-trainer, trainingRuntimes: {sklearn: plain}}}"])
def test_operators_run_the_same_program(platform: str) -> None:
    there = run(TABLE, "{}", platform).data["spec"]["trainer"]
    assert there["command"][-2:] == ["/tmp/opsdecl-train.py", "python3"]
    assert {e["name"] for e in there["env"]} >= {"TRAINING_PROGRAM", "TRAINING"}
    assert run(TABLE, "{}", platform).key.name == key(TABLE)
