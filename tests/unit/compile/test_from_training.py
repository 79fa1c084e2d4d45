"""Models and adapters that a training of the environment makes: objects, waiting, plans, cards, bills."""

import json
from typing import Any

import pytest

from opsdecl.addr import SpecAddress
from opsdecl.apply.readiness.pods import problem_of
from opsdecl.diff.types import BaseRef, Plan, SourceRef
from opsdecl.flows.bom import make_bill
from opsdecl.flows.card import make_card
from opsdecl.flows.plan import Wanted, plan_review
from opsdecl.render.types import Manifest
from opsdecl.spec.source import MemoryTree
from opsdecl.view.bom.document import render_json
from opsdecl.view.card import render_markdown
from tests.support.literate import MINIMAL_PROJECT
from tests.support.project import built

LIFE = """\
apiVersion: opsdecl.dev/v1
kind: Dataset
metadata: {name: claims, owner: team-risk}
spec:
  source:
    type: s3
    uri: s3://data/claims
    digest: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
  version: 2026-10
  format: csv
  storage: {size: 1Gi}
  license: proprietary
---
apiVersion: opsdecl.dev/v1
kind: Training
metadata: {name: churn, owner: team-risk}
spec:
  framework: xgboost
  image: registry.test/acme/churn:1
  command: [python, -m, churn]
  datasets: [claims]
  timeLimit: 1h
  output: {size: 1Gi}
---
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: mlserver}
spec: {engine: mlserver, version: "1.7.1", image: "seldonio/mlserver:1.7.1"}
---
apiVersion: opsdecl.dev/v1
kind: Model
metadata: {name: churn, owner: team-risk}
spec: {format: xgboost, runtime: mlserver, source: {training: churn}}
---
apiVersion: opsdecl.dev/v1
kind: Training
metadata: {name: tune, owner: team-assist}
spec:
  framework: torch
  image: registry.test/acme/tune:1
  command: [torchrun, tune.py]
  base: {model: qwen3-8b, method: qlora, rank: 16}
  datasets: [claims]
  timeLimit: 1h
  output: {size: 10Gi}
---
apiVersion: opsdecl.dev/v1
kind: Adapter
metadata: {name: legal, owner: team-assist}
spec: {base: qwen3-8b, source: {type: training, training: tune}, rank: 16}
---
apiVersion: opsdecl.dev/v1
kind: Training
metadata: {name: whole, owner: team-assist}
spec:
  framework: torch
  image: registry.test/acme/tune:1
  command: [torchrun, whole.py]
  base: {model: qwen3-8b, method: full}
  timeLimit: 1h
  output: {claim: models}
---
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat, owner: team-assist}
spec:
  model: qwen3-8b
  runtime: vllm
  adapters: [legal]
  weights: {source: {type: training, training: whole}}
"""


def tree(*changes: tuple[str, str]) -> MemoryTree:
    text = LIFE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return MemoryTree({**MINIMAL_PROJECT, "environments/dev/case.yaml": text})


def objects(*changes: tuple[str, str]) -> dict[str, Manifest]:
    return {str(m.address): m for m in built(tree(*changes), "dev").manifests.manifests}


def run_of(found: dict[str, Manifest], training: str) -> Manifest:
    return next(m for address, m in found.items() if address.startswith(f"Training.{training}/main/run-"))


def pod(found: dict[str, Manifest], document: str) -> Any:
    return found[f"{document}/main/deployment"].data["spec"]["template"]["spec"]


def test_what_the_run_writes_is_what_the_pods_mount_once_its_marker_is_there() -> None:
    found = objects()
    for training, document, volume in (("churn", "Model.churn", "model"), ("whole", "LLM.chat", "weights")):
        run, served = run_of(found, training), pod(found, document)
        writer = run.data["spec"]["template"]["spec"]
        wrote = next(e["value"] for e in writer["containers"][0]["env"] if e["name"] == "TRAINING_OUTPUT")
        output = next(m["mountPath"] for m in writer["containers"][0]["volumeMounts"] if m["name"] == "output")
        volumes = (*writer["volumes"], *served["volumes"])
        claims = {v["name"]: v["persistentVolumeClaim"] for v in volumes if "persistentVolumeClaim" in v}
        mount = next(m for m in served["containers"][0]["volumeMounts"] if m["name"] == volume)
        assert claims[volume] == {**claims["output"], "readOnly": True}
        assert mount["readOnly"]
        assert wrote == f"{output}/{mount['subPath']}"
        wait = next(c for c in served["initContainers"] if c["name"] == f"wait-{training}")
        marker = next(part for part in writer["containers"][0]["command"] if "/.runs/" in part)
        assert wait["command"][-2].removeprefix(wait["volumeMounts"][0]["mountPath"]) == marker.removeprefix(output)
        assert run.address in found[f"{document}/main/deployment"].depends_on


def test_a_loaded_adapter_is_waited_for_as_well() -> None:
    served = pod(objects(), "LLM.chat")
    assert [c["name"] for c in served["initContainers"]] == ["wait-whole", "wait-tune"]
    arguments = served["containers"][0]["args"]
    assert arguments[arguments.index("--lora-modules") + 1] == "legal=/models/adapters/legal"


def review(*changes: tuple[str, str]) -> Plan:
    base = BaseRef(ref="main", commit="1" * 40)
    planned = plan_review(tree(*changes), tree(), Wanted("dev"), SourceRef(ref="HEAD"), base)
    assert planned.plan is not None, planned.diagnostics
    return planned.plan


@pytest.mark.parametrize(
    ("change", "models"),
    [
        (("[python, -m, churn]", "[python, -m, churn2]"), {"Model.churn"}),
        (("version: 2026-10", "version: 2026-11"), {"Model.churn", "LLM.chat", "Adapter.legal"}),
        (("[torchrun, tune.py]", "[torchrun, tune2.py]"), {"LLM.chat", "Adapter.legal"}),
        (("timeLimit: 1h", "timeLimit: 2h"), set()),
    ],
)
def test_another_run_is_another_model_and_nothing_else_is(change: tuple[str, str], models: set[str]) -> None:
    plan = review(change)
    changed = {c.address: c for c in plan.documents if c.address.partition(".")[0] in ("Model", "LLM", "Adapter")}
    assert set(changed) == models
    assert all("behaviour" in change.classes for change in changed.values())


def test_pods_that_wait_say_for_which_run() -> None:
    found = objects()
    template = found["Model.churn/main/deployment"].data["spec"]["template"]
    name = run_of(found, "churn").key.name
    waits = {"name": "wait-churn", "state": {"running": {"startedAt": "2026-11-29T12:00:00Z"}}}
    live = {**template, "status": {"phase": "Pending", "initContainerStatuses": [waits]}}
    problem = problem_of([live])
    assert problem is not None
    assert problem.words == f"waiting for training run {name}"
    ended = {**live, "status": {"initContainerStatuses": [{"name": "wait-churn", "state": {"terminated": {}}}]}}
    assert problem_of([ended]) is None


def test_card_and_bill_name_the_run_the_data_and_the_base() -> None:
    made = built(tree(), "dev")
    run = run_of(objects(), "churn").key.name
    card = make_card(made, "Model.churn").value
    assert card is not None
    text = render_markdown(card)
    assert f"run {run} of Training churn (xgboost)" in text
    assert "**claims** `s3://data/claims`, licence proprietary. Dataset claims, version 2026-10" in text
    bill = make_bill(made, ()).value
    assert bill is not None
    found = json.loads(render_json(bill, None))
    parts = {c["bom-ref"]: c for c in found["components"]}
    needs = {row["ref"]: row.get("dependsOn", []) for row in found["dependencies"]}
    (data,) = [ref for ref, part in parts.items() if part["type"] == "data"]
    assert parts[data]["hashes"][0]["content"].startswith("9f86d081")
    weights = next(ref for ref in needs["Model.churn"] if ref.startswith("weights:"))
    assert needs[weights] == [data]
    adapter = next(ref for ref in needs["LLM.chat"] if ref.startswith("adapter:"))
    assert needs[adapter] == [data]
    assert {"name": "opsdecl:training", "value": "tune"} in parts[adapter]["properties"]
    whole = next(ref for ref in needs["LLM.chat"] if ref.startswith("weights:"))
    assert next(a["name"] for a in parts[whole]["pedigree"]["ancestors"]) == "Qwen3-8B"


def test_an_adapter_of_a_training_names_it_in_its_own_card() -> None:
    card = make_card(built(tree(), "dev"), "Adapter.legal").value
    assert card is not None
    assert card.composition.weights is not None
    assert card.composition.weights.made is not None
    assert card.composition.weights.made.training == "tune"
    assert built(tree(), "dev").graph.document(SpecAddress("Adapter", "legal")) is not None


EVALUATION = """\
---
apiVersion: opsdecl.dev/v1
kind: Evaluation
metadata: {name: quality, owner: team-risk}
spec:
  candidates: [{model: churn}, {llm: chat, adapter: legal}]
  image: registry.test/acme/evaluate:1
  command: [python, evaluate.py]
  metrics: [{name: score}]
"""


def test_an_evaluation_reads_what_the_run_makes_and_another_run_makes_its_evidence_stale() -> None:
    end = "weights: {source: {type: training, training: whole}}\n"
    found = objects((end, end + EVALUATION))
    runs = {address for address in found if address.startswith("Evaluation.quality/main/run-")}
    changed = objects((end, end + EVALUATION), ("[torchrun, tune.py]", "[torchrun, tune2.py]"))
    job = next(found[address] for address in runs if "wait-training" in str(found[address].data))
    reader = job.data["spec"]["template"]["spec"]["containers"][0]
    mount = next(m for m in reader["volumeMounts"] if m["name"] == "model")
    assert mount["subPath"] == f"{run_of(found, 'churn').key.name.removeprefix('churn-')}/model"
    again = {address for address in changed if address.startswith("Evaluation.quality/main/run-")}
    assert len(runs & again) == len(runs) - 1


def test_pods_that_kserve_makes_wait_for_the_run_as_well() -> None:
    environment = MINIMAL_PROJECT["environments/dev/environment.yaml"]
    files = {**MINIMAL_PROJECT, "environments/dev/environment.yaml": f"{environment}  platform: {{serving: kserve}}\n"}
    made = built(MemoryTree({**files, "environments/dev/case.yaml": LIFE}), "dev").manifests.manifests
    run = next(m.key.name for m in made if str(m.address).startswith("Training.churn/main/run-"))
    predictor = next(m for m in made if m.key.kind == "InferenceService").data["spec"]["predictor"]
    assert predictor["annotations"] == {"opsdecl.dev/waits-for-runs": run}
    assert [c["name"] for c in predictor["initContainers"]] == ["wait-churn"]
