"""Captum on models of PyTorch: its own numbers beside those worked out by hand, where PyTorch is; elsewhere that the
program is the one whose run is recorded."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from opsdecl._data import job_script
from opsdecl.addr import digest_of_bytes
from opsdecl.spec.kinds.attribution import METHODS, TORCH
from opsdecl.spec.source import MemoryTree
from tests.support.golden import UPDATE_VARIABLE, expect_file
from tests.support.measured import FIRST, STAGING, files
from tests.support.project import built
from tests.support.toolchain import tools_folder

HERE = Path(__file__).parent
RECORDED = HERE / "recorded" / "explain_torch.json"
PYTHON = tools_folder() / "torch/bin/python"
STEP, OTHER = 1.2, 12 / 7
"""How far the two columns are from their means, on average: 0 to 4, and 0 to 6, each as often."""
BY_HAND = {
    **dict.fromkeys(
        ("IntegratedGradients", "FeatureAblation", "ShapleyValueSampling", "KernelShap"), (0.5 * STEP, 0.25 * OTHER)
    ),
    "InputXGradient": (0.5 * 2, 0.25 * 3),
    "Saliency": (0.5, 0.25),
}
"""Of the linear model 0.5 late - 0.25 calls + 3. The others draw rows at random."""
NEAR = {"GradientShap": 0.05, "FeaturePermutation": 0.5}
"""How far those may be from a coefficient times the distance to the mean: other rows are further away than the mean."""
REASONS = STAGING.replace("  command: [evaluate]\n", "  recipe: attribution\n  parameters: {method: GradientShap}\n")

DEEP = """\
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: triton, owner: team-risk}
spec: {engine: custom, version: "25.09", image: "registry.example.com/triton:25.09", port: 8000}
---
apiVersion: opsdecl.dev/v1
kind: Model
metadata: {name: deep, owner: team-risk}
spec:
  format: pytorch
  runtime: triton
  source: {uri: "s3://models/deep/v1", digest: "DIGEST"}
""".replace("DIGEST", FIRST)


@pytest.fixture(scope="module")
def run() -> dict[str, Any]:
    """What the program said of each model and method, and of what it cannot read."""
    if not PYTHON.exists():
        pytest.skip(f"no PyTorch and Captum in {PYTHON.parents[1]}: run `make torch`")
    return _run()


def _run() -> dict[str, Any]:
    programs = {name: job_script(name) for name in ("explain_torch", "explain_table", "evaluate_table")}
    done = subprocess.run(
        [PYTHON, HERE / "torch_models.py"],
        input=json.dumps(programs),
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _expected(found: dict[str, Any]) -> None:
    methods = METHODS[TORCH]
    for file in ("line.pt2", "line.pt"):
        for name in methods:
            late, calls = (found["read"][f"{file} {name}"][column] for column in ("late", "calls"))
            by_hand, far = BY_HAND.get(name, BY_HAND["IntegratedGradients"]), NEAR.get(name, 1e-4)
            assert (late, calls) == pytest.approx(by_hand, rel=far), f"{file}, {name}"
            assert (late, calls) != pytest.approx(by_hand, rel=1e-4) or name not in NEAR, "it draws rows"
    assert found["read"]["classes.pt2 IntegratedGradients"] == pytest.approx({"late": 0.6, "calls": 0}, abs=1e-6)
    deep = found["read"]["deep.pt2 IntegratedGradients"]
    assert deep == pytest.approx(found["read"]["deep.pt IntegratedGradients"], rel=1e-4), "the same model, both ways"
    assert deep == pytest.approx(found["read"]["deep.pt2 KernelShap"], rel=0.15), "two methods of one idea"
    for case, heard in (
        ("weights.pt", "holds weights and no program"),
        ("module.pt", "holds weights and no program"),
        ("old.pt2", "has parts that are pickled"),
        ("pickled.pt2", "has parts that are pickled"),
        ("fixed.pt2", "export it with a dynamic first dimension"),
        ("steps 1", "raise `parameters.steps`"),
        ("features late, plan", "these columns are none: plan"),
        ("positive 7", "the model gives 3 numbers for a row, and `positive` is 7"),
        ("method DeepLift", "unknown method 'DeepLift'; there are IntegratedGradients, "),
    ):
        assert heard in found["refused"][case], case


@pytest.mark.slow
def test_what_captum_says_is_what_is_worked_out_by_hand(run: dict[str, Any]) -> None:
    _expected(run)
    assert run["engine"].startswith("captum 0.9.0 (IntegratedGradients, 50 steps), torch 2.15.0")
    if os.environ.get(UPDATE_VARIABLE):
        recorded = {"program": digest_of_bytes(job_script("explain_torch").encode()), **run}
        expect_file(json.dumps(recorded, indent=2, sort_keys=True) + "\n", RECORDED)


def test_the_program_is_the_one_whose_run_is_recorded() -> None:
    recorded = json.loads(RECORDED.read_text())
    said = "the program has changed since it ran: run `make torch`, then this module with --update-golden"
    assert recorded["program"] == digest_of_bytes(job_script("explain_torch").encode()), said
    _expected(recorded)


def test_the_program_takes_the_methods_that_are_declared() -> None:
    """Without PyTorch: the names stand in its text."""
    text = job_script("explain_torch").partition("METHODS = {")[2].partition("\n}\n")[0]
    found = [line.partition('"')[2].partition('"')[0] for line in text.splitlines() if line.startswith('    "')]
    assert tuple(found) == METHODS[TORCH]


def test_each_candidate_is_explained_by_the_program_of_its_framework() -> None:
    project = files(staging=REASONS)
    project["environments/base/deep.yaml"] = DEEP
    torch = {"explain_torch.py": ["evaluate_table.py", "explain_table.py", "explain_torch.py"]}
    table = {"explain_table.py": ["evaluate_table.py", "explain_table.py"]}
    assert _jobs(project) == torch, "of a custom format, the method says it"
    staging = "environments/staging/environment.yaml"
    project[staging] = REASONS.replace("  parameters: {method: GradientShap}\n", "")
    assert _jobs(project) == table
    project[staging] = project[staging].replace("[{model: churn}]", "[{model: churn}, {model: deep}]")
    assert _jobs(project) == table | torch


def _jobs(project: dict[str, str]) -> dict[str, list[str]]:
    """By the program that a Job starts, what lies beside it."""
    made = built(MemoryTree(project), "staging").manifests.manifests
    held = {m.key.name: sorted(m.data["data"]) for m in made if m.key.kind == "ConfigMap"}
    found = {}
    for job in (m for m in made if m.key.kind == "Job" and m.address.spec.kind == "Evaluation"):
        pod = job.data["spec"]["template"]["spec"]
        (name,) = [v["configMap"]["name"] for v in pod["volumes"] if "configMap" in v]
        found[pod["containers"][0]["command"][1].rpartition("/")[2]] = held[name]
    return found
