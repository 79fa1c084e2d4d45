"""What an evaluation becomes: a Job for each candidate, whose name follows what the numbers depend on."""

import hashlib
import json
from typing import Any

import pytest
import yaml

from opsdecl.addr import is_run
from opsdecl.compile.evaluated import measured_facts
from opsdecl.compile.lower import lower_document
from opsdecl.compile.types import CompiledDocument
from opsdecl.render.manifests import render_resource
from opsdecl.render.schemas import examine_schemas
from opsdecl.render.types import Manifest
from tests.unit.lower.builders import CATALOG, CHAT, FRAUD, compiled, environment, merged
from tests.unit.lower.test_dataset import CLAIMS
from tests.unit.lower.test_training import TUNE

QUALITY = """
metadata: {name: quality, namespace: risk, owner: team-risk}
spec:
  candidates: [{model: fraud}]
  recipe: tabular
  image: registry.test/acme/table:1
  dataset: claims
  split: test
  parameters: {target: fraud}
  metrics: [{name: roc_auc}, {name: log_loss, direction: minimize}]
  thresholds: [{metric: roc_auc, min: 0.8}]
  resources: {cpu: "2", memory: 4Gi}
"""
SPLITS = {"spec": {"splits": {"test": {"path": "test/*.csv"}, "all": {"path": "**/*.csv"}}}}


def documents(changes: dict[str, Any]) -> dict[str, CompiledDocument]:
    """What the evaluation may refer to, by address, with changes to any of them."""

    def made(kind: str, base: str, name: str, references: dict[str, CompiledDocument] | None = None) -> Any:
        return compiled(kind, merged(yaml.safe_load(base), changes.get(name, {})), references)

    claims = made("Dataset", CLAIMS, "claims")
    claims = compiled("Dataset", merged({"metadata": claims.value["metadata"], "spec": claims.value["spec"]}, SPLITS))
    return {
        "dataset-claims": claims,
        "model-fraud": made("Model", FRAUD, "fraud"),
        "training-tune": made("Training", TUNE, "tune", {"dataset-claims": claims}),
        "llm-chat": made("LLM", CHAT, "chat"),
    }


def evaluation(text: str = "{}", /, **others: Any) -> dict[str, Manifest]:
    """Manifests by role. `others` are changes to what it measures, by name."""
    value = merged(yaml.safe_load(QUALITY), yaml.safe_load(text))
    spec = value["spec"]
    named = {f"{kind}-{name}" for c in spec["candidates"] for kind, name in c.items() if kind != "adapter"}
    named |= {f"dataset-{spec['dataset']}"} if spec.get("dataset") else set()
    references = {root: d for root, d in documents(others).items() if root in named}
    item = compiled("Evaluation", value, references)
    facts = {r: measured_facts(d) for r, d in references.items() if d.address.kind != "Dataset"}
    item.effective.update(facts)
    done = lower_document(item, environment(), references, CATALOG, project="acme")
    assert done.diagnostics == ()
    return {r.address.role: render_resource(r)[0] for r in done.value or ()}


def run(text: str = "{}", /, **others: Any) -> Manifest:
    return next(m for m in evaluation(text, **others).values() if is_run(m.address))


def pod(*arguments: str) -> Any:
    return run(*arguments).data["spec"]["template"]["spec"]


def env(*arguments: str) -> dict[str, str]:
    return {e["name"]: e["value"] for e in pod(*arguments)["containers"][0]["env"]}


LLM = "{spec: {candidates: [{llm: chat}], recipe: llm, dataset: null, split: null, parameters: {tasks: gsm8k}}}"
TRAINED = "{spec: {candidates: [{training: tune}]}}"
OWN = "{spec: {recipe: custom, command: [evaluate], args: [--fast]}}"
CASES = {"a model": "{}", "a language model": LLM, "a training": TRAINED, "a program of one's own": OWN}


@pytest.mark.parametrize("version", ["1.34", "1.37"])
@pytest.mark.parametrize("case", CASES)
def test_every_object_passes_kubernetes_own_schemas(case: str, version: str) -> None:
    report = examine_schemas(list(evaluation(CASES[case]).values()), version, lambda address, path: None)
    assert report.diagnostics == ()


def test_the_program_is_told_what_to_measure_and_the_job_carries_all_of_it() -> None:
    told = json.loads(env()["EVALUATION"])
    assert told["candidate"]["path"] == "/mnt/models"
    assert told["data"]["files"] == "test/*.csv"
    assert told["metrics"] == ["roc_auc", "log_loss"]
    assert f"run-model-fraud-{told['run']}" == run().address.role
    assert env()["EVALUATION_RESULT"] == "/dev/termination-log"
    program = evaluation()["program"]
    text = program.data["data"]["evaluate_table.py"]
    assert told["code"] == f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    assert program.data["immutable"] is True


def test_a_model_is_mounted_or_fetched_as_its_server_does() -> None:
    (fetch,) = [c for c in pod()["initContainers"] if c["name"] == "fetch-model"]
    assert fetch["args"] == ["s3://models/fraud/v7", "/mnt/models"]
    assert fetch["envFrom"] == [{"secretRef": {"name": "s3-models"}}]


def test_a_training_is_waited_for_and_read_where_its_run_leaves_it() -> None:
    mount = next(m for m in pod(TRAINED)["containers"][0]["volumeMounts"] if m["name"] == "model")
    assert mount["readOnly"] is True
    told = json.loads(env(TRAINED)["EVALUATION"])["candidate"]
    assert told["output"] == f"pvc://tune-output/{mount['subPath']}"
    wait = next(c for c in pod(TRAINED)["initContainers"] if c["name"] == "wait-training")
    assert wait["command"][-2] == f"/waiting/training/.runs/{mount['subPath'].partition('/')[0]}"


def test_a_language_model_is_asked_where_it_is_served() -> None:
    told = json.loads(env(LLM)["EVALUATION"])["candidate"]
    assert (told["address"], told["served"]) == ("http://chat.risk/v1", "chat")
    assert [str(need) for need in run(LLM).depends_on if "LLM" in str(need)] == ["LLM.chat/main/deployment"]


def test_each_candidate_has_a_run_of_its_own() -> None:
    both = evaluation("{spec: {candidates: [{model: fraud}, {training: tune}]}}")
    assert sorted(role.rpartition("-")[0] for role in both if is_run(both[role].address)) == [
        "run-model-fraud",
        "run-training-tune",
    ]


def name(text: str = "{}", /, **others: Any) -> str:
    return run(text, **others).key.name


SAME_NUMBERS = (
    "{metadata: {owner: somebody, labels: {tier: gold}}}",
    "{spec: {thresholds: [{metric: roc_auc, min: 0.9}], selection: {metric: roc_auc}}}",
    "{spec: {resources: {memory: 8Gi}, timeLimit: 4h, retries: 3, run: {onChange: cancel}}}",
    "{spec: {metrics: [{name: log_loss, direction: minimize}, {name: roc_auc}]}}",
)


@pytest.mark.parametrize("changes", SAME_NUMBERS)
def test_what_changes_no_number_makes_no_other_run(changes: str) -> None:
    assert name(changes) == name()


OTHER_NUMBERS = (
    "{spec: {image: registry.test/acme/table:2}}",
    "{spec: {parameters: {positive: yes}}}",
    "{spec: {prompts: {system: Be brief.}}}",
    "{spec: {split: all}}",
    "{spec: {metrics: [{name: roc_auc}]}}",
    "{spec: {run: {attempt: 2}}}",
)


@pytest.mark.parametrize("changes", OTHER_NUMBERS)
def test_what_the_numbers_depend_on_is_another_run(changes: str) -> None:
    assert name(changes) != name()


@pytest.mark.parametrize(
    ("changes", "is_other"),
    [
        ({"fraud": {"spec": {"source": {"uri": "s3://models/fraud/v8"}}}}, True),
        ({"claims": {"spec": {"version": "2"}}}, True),
        ({"fraud": {"spec": {"replicas": {"count": 5}, "resources": {"cpu": "4"}}}}, False),
        ({"claims": {"spec": {"checks": {"rows": {"min": 5}}}}}, False),
    ],
)
def test_the_run_follows_what_makes_answers_and_the_data(changes: dict[str, Any], is_other: bool) -> None:
    assert (name(**changes) != name()) is is_other


def test_a_language_model_is_measured_again_once_its_prompt_changes() -> None:
    assert name(LLM, chat={"spec": {"chatTemplate": {"text": "{{ x }}"}}}) != name(LLM)
    assert name(LLM, chat={"spec": {"replicas": {"min": 1}}}) == name(LLM)
