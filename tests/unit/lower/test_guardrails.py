"""Checks in front of a model: who can ask what, what they are told, and what changes of them mean."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from opsdecl.compile.answers import answers_digest
from opsdecl.diff.types import BaseRef, DocumentChange, SourceRef
from opsdecl.flows.plan import Wanted, plan_review
from opsdecl.render.types import Manifest
from opsdecl.spec.source import MemoryTree
from opsdecl.transparency.composition import compose
from opsdecl.transparency.lineage import Library
from opsdecl.view.plan.text import render_text
from tests.support.guarded import GUARDED_PROJECT, UNGUARDED, guarded_project, guarded_tree
from tests.support.project import built

TWO_NODES = {
    "platform: {": "platform: {multiNode: leader-worker-set, ",
    "accelerator: {gpu: h100-80gb, pool: h100}\n  engine: {maxModelLen: 8192}\n  replicas": "accelerator: "
    "{gpu: h100-80gb, pool: h100, nodes: 2}\n  parallelism: {pipeline: 2}\n  engine: {maxModelLen: 8192}\n  replicas",
}
CUSTOM = {
    "engine: nemo-guardrails": "engine: custom",
    "    streaming: {}\n": "    env: {LOG: debug}\n",
}


def objects(name: str = "chat", **changed: str) -> dict[str, Manifest]:
    found = built(guarded_tree(**changed), "prod").manifests.manifests
    return {m.key.kind: m for m in found if str(m.address.spec).endswith(f".{name}")}


def pods(manifests: Mapping[str, Manifest]) -> Any:
    return manifests["Deployment"].data["spec"]["template"]["spec"]


def test_only_the_checks_can_be_asked() -> None:
    found = objects()
    engine, checks = pods(found)["containers"]
    assert [p["name"] for p in engine["ports"]] == ["engine"]
    assert checks["ports"] == [{"name": "http", "containerPort": 8090, "protocol": "TCP"}]
    assert [p["targetPort"] for p in found["Service"].data["spec"]["ports"]] == ["http"]
    callers, prometheus = found["NetworkPolicy"].data["spec"]["ingress"]
    assert [p["port"] for p in callers["ports"]] == ["http"]
    assert [p["port"] for p in prometheus["ports"]] == ["engine"]


def test_a_pod_is_ready_once_both_are_and_neither_leaves_first() -> None:
    engine, checks = pods(objects())["containers"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert engine[probe]["httpGet"]["port"] == "engine"
        assert checks[probe]["httpGet"]["port"] == "http"
    assert engine["lifecycle"] == checks["lifecycle"]


def test_what_nemo_guardrails_is_told() -> None:
    found = objects()
    _, checks = pods(found)["containers"]
    told = yaml.safe_load(found["ConfigMap"].data["data"]["config.yml"])
    assert [(m["type"], m["model"], m["parameters"]["base_url"]) for m in told["models"]] == [
        ("main", "chat", "http://127.0.0.1:8000/v1"),
        ("judge", "shield", "http://shield.assist/v1"),
    ]
    assert told["passthrough"] is True
    assert told["rails"]["output"]["streaming"]["stream_first"] is False
    assert len(told["prompts"]) == 2
    # The server joins every file that it finds below the folder, links included.
    mount = next(m for m in checks["volumeMounts"] if m["name"] == "guardrails")
    assert (mount["mountPath"], mount["subPath"]) == ("/etc/guardrails/config.yml", "config.yml")
    assert "--default-config-id=guardrails" in checks["args"]


def test_the_settings_of_a_check_are_kept() -> None:
    said = "rails: {config: {injection_detection: {injections: [sqli]}}}\npassthrough: false\nprompts:"
    told = yaml.safe_load(objects(**{"prompts:": said})["ConfigMap"].data["data"]["config.yml"])
    assert told["rails"]["config"]["injection_detection"] == {"injections": ["sqli"]}
    assert told["rails"]["input"]["flows"] == ["content safety check input $model=judge", "injection detection"]
    assert told["passthrough"] is False


def test_another_configuration_restarts_the_pods() -> None:
    names = [pods(objects(**change))["volumes"][-1]["configMap"]["name"] for change in ({}, {"Is this": "Was that"})]
    assert names[0] != names[1]


def test_a_custom_engine_is_told_by_variables() -> None:
    found = objects(**CUSTOM)
    _, checks = pods(found)["containers"]
    told = {v["name"]: v["value"] for v in checks["env"]}
    assert told["ENGINE_URL"] == "http://127.0.0.1:8000/v1"
    assert (told["PORT"], told["JUDGE_URL"], told["JUDGE_MODEL"]) == ("8090", "http://shield.assist/v1", "shield")
    assert told["LOG"] == "debug"
    assert "command" not in checks
    assert checks["readinessProbe"]["tcpSocket"] == {"port": "http"}
    assert found["ConfigMap"].data["data"]["config.yml"] == GUARDED_PROJECT["environments/prod/checks.txt"]


def test_of_several_nodes_one_answers() -> None:
    group = objects(**TWO_NODES)["LeaderWorkerSet"].data["spec"]["leaderWorkerTemplate"]
    leader, worker = (group[f"{member}Template"]["spec"] for member in ("leader", "worker"))
    assert [c["name"] for c in leader["containers"]] == ["server", "guardrails"]
    assert [c["name"] for c in worker["containers"]] == ["server"]
    assert "guardrails" not in [v["name"] for v in worker["volumes"]]


def test_a_monitor_looks_at_the_engine() -> None:
    found = [m.data for m in built(guarded_tree(), "prod").manifests.manifests if m.key.kind == "PodMonitor"]
    assert [e["port"] for each in found for e in each["spec"]["podMetricsEndpoints"]] == ["engine"]


def planned(after: Mapping[str, str], before: Mapping[str, str]) -> tuple[Mapping[str, DocumentChange], str]:
    done = plan_review(MemoryTree(after), MemoryTree(before), Wanted("prod"), SourceRef(), BaseRef(ref="main"))
    assert done.plan is not None, done.diagnostics
    return {d.address: d for d in done.plan.documents}, render_text(done.plan)


def test_a_plan_says_that_nothing_is_checked_any_more() -> None:
    documents, text = planned(UNGUARDED, GUARDED_PROJECT)
    lines = [line.strip() for line in text.splitlines()]
    at = next(index for index, line in enumerate(lines) if line.startswith("- guardrails"))
    assert lines[at + 1].startswith("nothing checks requests and answers")
    assert documents["LLM.chat"].classes[0] == "behaviour"


def test_a_plan_says_that_a_check_is_left_out() -> None:
    documents, _ = planned(guarded_project(**{", injection detection]": "]"}), GUARDED_PROJECT)
    field = next(f for f in documents["LLM.chat"].fields if "guardrails.input" in f.path)
    assert field.classes == ("behaviour",)
    assert field.reason == "a check of requests is left out"


SHIELD = "metadata: {name: shield, owner: team-safety}\nspec:\n"
ANOTHER_JUDGE = {f"{SHIELD}  model: qwen2.5-7b-instruct": f"{SHIELD}  model: qwen2.5-14b-instruct"}
MORE_JUDGES = {SHIELD: f"{SHIELD}  replicas: {{count: 3}}\n"}
MORE_CPU = {"    streaming: {}\n": "    streaming: {}\n    resources: {cpu: 2}\n"}


@pytest.mark.parametrize(
    ("change", "stale"),
    [
        ({"Is this safe": "Is it safe"}, True),
        ({"nemo-guardrails:0.24.1": "nemo-guardrails:0.25.0"}, True),
        ({", injection detection]": "]"}, True),
        (ANOTHER_JUDGE, True),
        (MORE_CPU, False),
        (MORE_JUDGES, False),
    ],
)
def test_what_makes_evidence_of_the_guarded_model_stale(change: Mapping[str, str], *, stale: bool) -> None:
    def identity(**changed: str) -> str:
        documents = built(guarded_tree(**changed), "prod").graph.documents
        chat = next(d for d in documents if str(d.address) == "LLM.chat")
        return answers_digest("LLM", chat.effective, chat.references)

    assert (identity(**change) != identity()) is stale


def test_what_a_card_knows() -> None:
    done = built(guarded_tree(), "prod")
    chat = next(d for d in done.graph.documents if str(d.address) == "LLM.chat")
    used = compose(chat.address, chat.effective, chat.references, Library(done.project.catalog)).guardrails
    assert used
    assert used.judge == "LLM.shield"
    assert used.judge_model.startswith("hf://Qwen/Qwen2.5-7B-Instruct")
    assert used.config is not None
    assert used.config.file == "environments/prod/checks.txt"
    assert used.config.digest.startswith("sha256:")


def test_quotas_count_them() -> None:
    quota = {"reserve: 8}\n": 'reserve: 8}\n    quotas: {assist: {cpu: "24"}}\n'}
    with pytest.raises(AssertionError, match=r"leaves 7.5 CPU cores for one that takes 8.5"):
        built(guarded_tree(**quota), "prod")
