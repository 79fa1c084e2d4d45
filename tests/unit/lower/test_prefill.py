"""A model whose prompts are worked out by pods of their own: objects, labels, origins, and what is reckoned with."""

import re
from typing import Any

import pytest

from opsdecl.diag import Diagnostic
from opsdecl.diff.types import BaseRef, SourceRef
from opsdecl.flows.build import build
from opsdecl.flows.plan import Wanted, plan_review
from opsdecl.flows.project import open_project
from opsdecl.render.types import Manifest
from tests.support.project import built
from tests.support.split import KSERVE, NATIVE, PREFILL, split_tree


def objects(platform: str = NATIVE, **changed: str) -> dict[str, Manifest]:
    """By kind and name."""
    found = built(split_tree(platform, **changed), "prod").manifests.manifests
    return {f"{m.key.kind}/{m.key.name}": m for m in found}


def findings(**changed: str) -> tuple[Diagnostic, ...]:
    project = open_project(split_tree(**changed)).value
    assert project is not None
    return build(project, "prod").diagnostics


def pod(manifest: Manifest) -> Any:
    return manifest.data["spec"]["template"]["spec"]


def test_selectors_of_the_roles_share_no_pod_and_the_pool_has_both() -> None:
    made = objects()
    decode, prefill = (made[f"Deployment/{name}"].data["spec"] for name in ("chat", "chat-prefill"))
    both = made["InferencePool/chat"].data["spec"]["selector"]["matchLabels"]
    assert decode["selector"] != prefill["selector"]
    for spec, role in ((decode, "decode"), (prefill, "prefill")):
        labels = spec["template"]["metadata"]["labels"]
        assert spec["selector"]["matchLabels"].items() <= labels.items()
        assert both.items() <= labels.items()
        assert labels["llm-d.ai/role"] == role
    answers = made["Service/chat"].data["spec"]["selector"].items()
    assert answers <= decode["template"]["metadata"]["labels"].items()
    assert not answers <= prefill["template"]["metadata"]["labels"].items()


def test_the_selector_of_a_model_stays_when_it_is_split() -> None:
    """Kubernetes lets nobody change it."""
    whole, split = objects(**{PREFILL: ""}), objects()
    name = "Deployment/chat"
    assert whole[name].data["spec"]["selector"] == split[name].data["spec"]["selector"]


def test_a_value_of_prefill_pods_comes_from_where_the_document_says_it() -> None:
    made = objects()["Deployment/chat-prefill"]
    container = ("spec", "template", "spec", "containers", 0)
    gpus = made.origin((*container, "resources", "limits", "nvidia.com/gpu"))
    assert gpus == ("spec", "prefill", "accelerator", "count")
    arguments = pod(made)["containers"][0]["args"]
    origins = {text: made.origin((*container, "args", index)) for index, text in enumerate(arguments)}
    assert origins["--max-num-seqs=16"] == ("spec", "prefill", "engine", "maxNumSeqs")
    assert origins["--tensor-parallel-size=2"] == ("spec", "prefill", "parallelism", "tensor")
    assert origins["--max-model-len=32768"] == ("spec", "engine", "maxModelLen")


@pytest.mark.parametrize("platform", [NATIVE, KSERVE], ids=["native", "kserve"])
def test_requests_come_to_the_sidecar_and_the_engine_listens_behind_it(platform: str) -> None:
    made = objects(platform)
    spec = made["Deployment/chat" if platform == NATIVE else "LLMInferenceService/chat"].data["spec"]
    both = spec["template"].get("spec", spec["template"])
    sidecar, engine = both["initContainers"][0], both["containers"][0]
    assert [port["containerPort"] for port in sidecar["ports"] if port["name"] == "http"] == [8000]
    behind = next(port["containerPort"] for port in engine["ports"] if port["name"] == "engine")
    assert f"--port={behind}" in engine["args"]
    assert "--port=8000" not in engine["args"]
    assert {engine[name]["httpGet"]["port"] for name in ("startupProbe", "readinessProbe", "livenessProbe")} == {
        "engine"
    }
    if platform == NATIVE:
        assert f"--vllm-port={behind}" in sidecar["args"]


def test_a_transfer_that_people_chose_is_left_alone() -> None:
    own = (
        "engine: {args: {kv-transfer-config: {kv_connector: NixlConnector, kv_role: kv_both, kv_buffer_device: cpu}}, "
    )
    for name in ("Deployment/chat", "Deployment/chat-prefill"):
        arguments = pod(objects(**{"engine: {maxModelLen": f"{own}maxModelLen"})[name])["containers"][0]["args"]
        assert [text for text in arguments if "kv-transfer" in text] == [
            '--kv-transfer-config={"kv_buffer_device":"cpu","kv_connector":"NixlConnector","kv_role":"kv_both"}'
        ]


def test_each_role_is_scaled_and_kept_by_its_own() -> None:
    made = objects()
    assert made["HorizontalPodAutoscaler/chat-prefill"].data["spec"]["scaleTargetRef"]["name"] == "chat-prefill"
    assert "replicas" not in made["Deployment/chat-prefill"].data["spec"]
    assert made["Deployment/chat"].data["spec"]["replicas"] == 4
    assert "HorizontalPodAutoscaler/chat" not in made
    assert {"PodDisruptionBudget/chat", "PodDisruptionBudget/chat-prefill"} <= {*made}


def test_prefill_pods_let_only_their_own_model_in() -> None:
    policy = objects()["NetworkPolicy/chat-prefill"].data["spec"]
    assert policy["ingress"] == [
        {"from": [{"podSelector": {"matchLabels": {"opsdecl.dev/base": "chat", "opsdecl.dev/kind": "LLM"}}}]},
        {
            "from": [
                {
                    "namespaceSelector": {},
                    "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}},
                }
            ],
            "ports": [{"port": "http", "protocol": "TCP"}],
        },
    ]


def test_gpus_of_both_roles_are_counted_in_their_pools() -> None:
    """Eight prefill pods with two GPUs each fill the pool's sixteen; with nine there is no node for one."""
    full = {"{min: 1, max: 3, target: {metric: waiting-requests, value: 2}}": "{count: 8}", "reserve: 2": "reserve: 0"}
    assert not [d for d in findings(**full) if d.severity.word == "error"]
    over = {**full, "{min: 1, max: 3, target: {metric: waiting-requests, value: 2}}": "{count: 9}"}
    found = [d for d in findings(**over) if d.severity.word == "error"]
    assert [d.message for d in found] == ["pool `h200` has 16 GPUs, and documents need 18 at the fewest replicas"]
    assert [each.message for each in found[0].related] == ["LLM.chat (prefill) needs 18"]


def test_the_memory_of_each_role_is_reckoned() -> None:
    small = {"{gpu: h200-141gb, count: 2, pool: h200}": "{gpu: l4, count: 1}", "{tensor: 2}": "{tensor: 1}"}
    pools = {"  capacity:\n    pools:\n": "  capacity:\n    pools:\n      l4: {gpu: l4, nodes: 2, gpusPerNode: 8}\n"}
    longer = {"maxModelLen: 32768": "maxModelLen: 32768, kvCacheDtype: bfloat16", "qwen2.5-7b": "qwen2.5-14b"}
    found = [d for d in findings(**small, **pools, **longer) if d.severity.word == "error"]
    assert [d.message.partition(":")[0] for d in found] == ["LLM.chat (prefill)"]


def test_another_object_that_makes_the_pods_takes_all_of_them_with_it() -> None:
    """From native to KServe with another number of replicas: every pod is exchanged, and the plan says so."""
    native, kserve = NATIVE.replace("inference-extension", "none"), KSERVE
    before = split_tree(native, **{PREFILL: "", "kind: Route": "kind: Route"})
    after = split_tree(kserve, **{PREFILL: "", "{count: 4}": "{count: 2}"})
    done = plan_review(after, before, Wanted("prod"), SourceRef(), BaseRef(ref="main"))
    assert done.plan is not None
    rollout = next(run.rollout for run in done.plan.runs if run.address == "LLM.chat")
    assert rollout is not None
    assert (rollout.strategy, rollout.lowest) == ("recreate", 0)


def test_a_monitor_counts_a_request_of_a_split_model_once() -> None:
    """Prefill pods are scraped, since they are scaled by what they measure, and left out of what is promised."""
    watch = "---\napiVersion: opsdecl.dev/v1\nkind: Monitor\nmetadata: {name: watch}\nspec: {watch: {llms: [chat]}}\n"
    platform = NATIVE.replace("}", ", monitoring: prometheus-operator}")
    whole, split = (
        {f"{m.key.kind}/{m.key.name}": m.data for m in built(tree, "prod").manifests.manifests}
        for tree in (
            split_tree(platform, **{PREFILL: watch}),
            split_tree(platform, **{PREFILL: f"{PREFILL}{watch}"}),
        )
    )
    asked = re.findall(r"([a-z_:0-9]+)\{(opsdecl_document[^}]*)\}", str(split["PrometheusRule/watch"]))
    measured = [labels for name, labels in asked if not name.startswith("opsdecl:")]
    recorded = [labels for name, labels in asked if name.startswith("opsdecl:")]
    assert measured
    assert all('opsdecl_role="decode"' in labels for labels in measured)
    assert recorded
    assert not any("opsdecl_role" in labels for labels in recorded)
    assert "opsdecl_role" not in str(whole["PrometheusRule/watch"])
    scraped = next(d for n, d in split.items() if n.startswith("PodMonitor/"))["spec"]["podMetricsEndpoints"][0]
    assert {
        "action": "replace",
        "targetLabel": "opsdecl_role",
        "sourceLabels": ["__meta_kubernetes_pod_label_llm_d_ai_role"],
    } in scraped["relabelings"]
