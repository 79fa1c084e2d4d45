"""What an LLM becomes on plain Kubernetes."""

from typing import Any

import pytest

from opsdecl.render.schema_store import supported_versions
from opsdecl.render.schemas import examine_schemas
from tests.unit.lower.builders import CHAT, container, llm, lowered, pod


def env(manifests: Any) -> dict[str, Any]:
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in container(manifests)["env"]}


def volumes(manifests: Any) -> dict[str, Any]:
    return {volume["name"]: volume for volume in pod(manifests)["volumes"]}


def test_the_objects_of_an_llm() -> None:
    roles = {role: (m.key.kind, m.key.name, m.token) for role, m in llm().items()}
    assert roles == {
        "deployment": ("Deployment", "chat", "kubernetes:apps/v1:Deployment"),
        "service": ("Service", "chat", "kubernetes:core/v1:Service"),
        "service-account": ("ServiceAccount", "chat", "kubernetes:core/v1:ServiceAccount"),
        "hpa": ("HorizontalPodAutoscaler", "chat", "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"),
        "pdb": ("PodDisruptionBudget", "chat", "kubernetes:policy/v1:PodDisruptionBudget"),
        "network-policy": ("NetworkPolicy", "chat", "kubernetes:networking.k8s.io/v1:NetworkPolicy"),
        "cache": ("PersistentVolumeClaim", "chat-cache", "kubernetes:core/v1:PersistentVolumeClaim"),
    }


VARIATIONS = (
    "{}",
    "spec: {runtime: sglang, parsers: {tool: llama3, reasoning: r1}, sampling: {temperature: 0}}",
    "spec: {runtime: custom, replicas: {min: 1, max: 1}, accelerator: {gpu: h100-80gb, pool: spare}}",
    "spec: {weights: {source: {type: pvc, claim: models, path: chat/v1}, cache: {type: none}}}",
    "spec: {weights: {source: {type: oci, image: 'registry.test/acme/w:1'}, cache: {type: none}}}",
    "spec: {weights: {source: {type: s3, uri: 's3://m/chat', endpoint: 'https://s3.test', credentials: {secret: s}}}}",
    "spec: {weights: {cache: {type: hostPath, path: /data}}, rdma: {resource: rdma/hca, count: 2}}",
    "spec: {weights: {cache: {type: emptyDir, size: 50Gi}}, chatTemplate: {text: 'x'}}",
    "spec: {scheduling: {priorityClass: high, nodeSelector: {zone: a}, tolerations: [{key: a, effect: NoExecute}]}}",
    "spec: {rollout: {strategy: rolling, maxSurge: 25%}, disruption: {maxUnavailable: 50%}, imagePullSecrets: [reg]}",
    "spec: {access: {from: [{namespace: web, labels: {app: a}}, {namespace: ops}, {labels: {app: b}}]}}",
)


@pytest.mark.parametrize("version", supported_versions("1.37"))
@pytest.mark.parametrize("changes", VARIATIONS)
def test_every_object_passes_kubernetes_own_schemas(changes: str, version: str) -> None:
    report = examine_schemas(list(llm(changes).values()), version, lambda address, path: None)
    assert report.diagnostics == ()
    assert report.objects >= 5


def test_every_object_is_labelled_and_selectors_use_only_what_never_changes() -> None:
    manifests = llm()
    for manifest in manifests.values():
        labels = manifest.data["metadata"]["labels"]
        assert labels["opsdecl.dev/owner"] == "team-assist"
        assert labels["tier"] == "gold"
        assert labels["app.kubernetes.io/managed-by"] == "opsdecl"
    selector = {"opsdecl.dev/kind": "LLM", "opsdecl.dev/base": "chat", "opsdecl.dev/variant": "main"}
    assert manifests["deployment"].data["spec"]["selector"] == {"matchLabels": selector}
    assert manifests["service"].data["spec"]["selector"] == selector


def test_another_owner_restarts_no_pod() -> None:
    before, after = llm(), llm("metadata: {owner: other, labels: {tier: silver}}")
    template = before["deployment"].data["spec"]["template"]
    assert after["deployment"].data["spec"]["template"] == template
    assert after["deployment"].digest != before["deployment"].digest


def test_a_rename_keeps_names_selectors_and_pods() -> None:
    before, after = llm("metadata: {name: talk}"), llm("metadata: {name: chat, movedFrom: [talk]}")
    assert {m.key for m in after.values()} == {m.key for m in before.values()}
    assert after["service"].data["spec"] == before["service"].data["spec"]
    assert [str(a) for a in after["cache"].aliases] == ["LLM.talk/main/cache"]


def test_vllm_is_told_what_the_document_says() -> None:
    changes = """
spec:
  servedNames: [chat, assistant]
  accelerator: {count: 4}
  parallelism: {tensor: 4, expert: true}
  parsers: {tool: llama3_json, reasoning: deepseek_r1}
  sampling: {topP: 0.9, temperature: 0.7, maxTokens: 100}
  engine:
    dtype: bfloat16
    quantization: fp8
    enforceEager: true
    prefixCaching: false
    args: {swap_space: 2, enable-log-requests: false, trust-remote-code: true, limit-mm-per-prompt: {image: 1}}
"""
    server = container(llm(changes))
    assert server["command"] == ["vllm", "serve"]
    assert server["args"] == [
        "meta/Llama-8B",
        "--served-model-name",
        "chat",
        "assistant",
        "--revision=0e9e39f",
        "--port=8000",
        "--dtype=bfloat16",
        "--quantization=fp8",
        "--max-model-len=16384",
        "--gpu-memory-utilization=0.9",
        "--enforce-eager",
        "--no-enable-prefix-caching",
        "--tensor-parallel-size=4",
        "--enable-expert-parallel",
        "--enable-auto-tool-choice",
        "--tool-call-parser=llama3_json",
        "--reasoning-parser=deepseek_r1",
        '--override-generation-config={"max_new_tokens":100,"temperature":0.7,"top_p":0.9}',
        "--no-enable-log-requests",
        '--limit-mm-per-prompt={"image":1}',
        "--max-num-seqs=8",
        "--seed=0",
        "--swap-space=2",
        "--trust-remote-code",
    ]


def test_a_typed_field_wins_over_the_runtimes_flag_and_the_documents_flag_too() -> None:
    arguments = container(llm("spec: {engine: {maxNumSeqs: 64, args: {seed: 7}}}"))["args"]
    assert "--max-num-seqs=64" in arguments
    assert "--max-num-seqs=8" not in arguments
    assert [a for a in arguments if a.startswith("--seed")] == ["--seed=7"]


def test_sglang_speaks_its_own_words() -> None:
    server = container(
        llm("spec: {runtime: sglang, accelerator: {count: 2}, parallelism: {tensor: 2}, engine: {enforceEager: true}}")
    )
    assert server["command"] == ["python3", "-m", "sglang.launch_server"]
    assert server["args"] == [
        "--model-path=meta/Llama-8B",
        "--served-model-name=chat",
        "--revision=0e9e39f",
        "--host=0.0.0.0",
        "--port=30000",
        "--enable-metrics",
        "--context-length=16384",
        "--mem-fraction-static=0.9",
        "--disable-cuda-graph",
        "--tp-size=2",
    ]
    assert server["ports"][0]["containerPort"] == 30000


def test_a_custom_engine_learns_the_model_from_its_environment() -> None:
    manifests = llm(
        "spec: {runtime: custom, engine: {args: {threads: 4}}, replicas: {target: {metric: cpu, value: 70}}}"
    )
    assert container(manifests)["args"] == ["--threads=4"]
    assert "command" not in container(manifests)
    values = env(manifests)
    assert (values["MODEL_ID"], values["MODEL_REVISION"], values["PORT"]) == ("meta/Llama-8B", "0e9e39f", "9000")


def test_variables_come_from_texts_secrets_and_the_pod() -> None:
    changes = "spec: {engine: {env: {B: {secret: s, key: k}, A: x, C: {field: status.podIP}, HOME: /elsewhere}}}"
    manifests = llm(changes)
    values = env(manifests)
    assert values["A"] == "x"
    assert values["B"] == {"secretKeyRef": {"name": "s", "key": "k"}}
    assert values["C"] == {"fieldRef": {"fieldPath": "status.podIP"}}
    assert values["HOME"] == "/elsewhere"
    assert values["HF_HUB_DISABLE_TELEMETRY"] == "1"
    names = [item["name"] for item in container(manifests)["env"]]
    assert names == sorted(names)


def test_pods_are_restricted() -> None:
    manifests = llm()
    assert pod(manifests)["automountServiceAccountToken"] is False
    assert pod(manifests)["enableServiceLinks"] is False
    assert pod(manifests)["securityContext"]["runAsNonRoot"] is True
    assert pod(manifests)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(manifests)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert manifests["service-account"].data["automountServiceAccountToken"] is False


def test_what_the_engine_writes_lies_on_volumes() -> None:
    mounts = {mount["mountPath"] for mount in container(llm())["volumeMounts"]}
    assert {"/tmp", "/home/server", "/dev/shm", "/models/cache"} <= mounts


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ("{}", "2Gi"),
        ("spec: {accelerator: {count: 2}}", "4Gi"),
        ("spec: {accelerator: {count: 8}}", "16Gi"),
        ("spec: {resources: {sharedMemory: 24Gi}}", "24Gi"),
    ],
)
def test_shared_memory_follows_the_gpus(changes: str, size: str) -> None:
    assert volumes(llm(changes))["shm"] == {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": size}}


def test_a_loading_model_is_not_killed_and_the_budget_follows_its_size() -> None:
    def budget(gib: int) -> int:
        manifests = llm(f"spec: {{model: {{uri: 'hf://a/b', weights: {gib}Gi}}}}")
        probe = container(manifests)["startupProbe"]
        seconds: int = probe["failureThreshold"] * probe["periodSeconds"]
        assert manifests["deployment"].data["spec"]["progressDeadlineSeconds"] > seconds
        return seconds

    assert budget(1) == 600
    assert budget(15) == 900
    assert budget(16) == budget(18)
    assert budget(140) == 3600


def test_readiness_starts_with_the_served_model_and_then_follows_the_engines_health() -> None:
    server = container(llm())
    assert server["startupProbe"]["httpGet"]["path"] == "/v1/models"
    assert server["readinessProbe"]["httpGet"]["path"] == "/health"
    liveness = server["livenessProbe"]
    assert liveness["failureThreshold"] * liveness["periodSeconds"] >= 60


def test_answers_may_end_before_a_pod_goes() -> None:
    manifests = llm("spec: {drain: {longestGeneration: 2m}}")
    pause = container(manifests)["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pause >= 120
    assert pod(manifests)["terminationGracePeriodSeconds"] > pause


def test_an_autoscaler_owns_the_number_of_replicas() -> None:
    manifests = llm()
    assert "replicas" not in manifests["deployment"].data["spec"]
    assert manifests["deployment"].ignore_changes == (("spec", "replicas"),)
    spec = manifests["hpa"].data["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 6)
    assert spec["metrics"] == [
        {
            "type": "Pods",
            "pods": {
                "metric": {"name": "vllm_num_requests_waiting"},
                "target": {"type": "AverageValue", "averageValue": "4"},
            },
        }
    ]


def test_a_fixed_number_of_replicas_has_no_autoscaler() -> None:
    manifests = llm("spec: {replicas: {min: 3, max: 3}}")
    assert manifests["deployment"].data["spec"]["replicas"] == 3
    assert "hpa" not in manifests
    assert manifests["deployment"].ignore_changes == ()


def test_percentages_reach_the_autoscaler_as_the_engine_measures_them() -> None:
    kv = llm("spec: {replicas: {target: {metric: kv-cache-usage, value: 80}}}")
    assert kv["hpa"].data["spec"]["metrics"][0]["pods"]["target"]["averageValue"] == "800m"
    cpu = llm("spec: {replicas: {target: {metric: cpu, value: 70}}}")
    assert cpu["hpa"].data["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 70


@pytest.mark.parametrize(
    ("changes", "surge", "missing", "words"),
    [
        ("{}", 0, 1, "pool h100 keeps too few GPUs free"),
        ("spec: {accelerator: {pool: spare}}", 1, 0, "pool spare keeps 2 GPUs free"),
        ("spec: {accelerator: {pool: spare, count: 4}}", 0, 1, "pool spare keeps too few GPUs free"),
        ("spec: {rollout: {strategy: rolling}}", 1, 0, None),
        ("spec: {rollout: {strategy: rolling, maxSurge: 0}}", 0, 1, None),
        ("spec: {rollout: {strategy: rolling, maxUnavailable: 25%}}", 0, "25%", None),
        ("spec: {rollout: {strategy: rolling, maxUnavailable: 0}}", 1, 0, None),
    ],
)
def test_a_rollout_never_waits_for_a_gpu_that_is_not_there(
    changes: str, surge: object, missing: object, words: str | None
) -> None:
    deployment = llm(changes)["deployment"].data
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": surge, "maxUnavailable": missing}
    reason = deployment["metadata"].get("annotations", {}).get("opsdecl.dev/rollout-reason", "")
    assert (words or "") in reason
    assert bool(reason) is bool(words)


def test_recreate_stops_everything_first() -> None:
    assert llm("spec: {rollout: {strategy: recreate}}")["deployment"].data["spec"]["strategy"] == {"type": "Recreate"}


def test_gpus_are_asked_for_where_they_are() -> None:
    manifests = llm()
    assert container(manifests)["resources"] == {
        "limits": {"memory": "64Gi", "nvidia.com/gpu": 1},
        "requests": {"cpu": "8", "memory": "64Gi"},
    }
    assert pod(manifests)["nodeSelector"] == {"pool": "h100"}
    assert pod(manifests)["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]


def test_without_a_pool_the_product_label_finds_the_gpus() -> None:
    base = CHAT.replace(", pool: h100", "")
    result = lowered("LLM", base)
    assert result.value
    spec = result.value[0].inputs["spec"]["template"]["spec"]
    assert {key: value.value for key, value in spec["nodeSelector"].items()} == {
        "nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"
    }


def test_the_cache_is_a_protected_claim_that_the_deployment_waits_for() -> None:
    manifests = llm("spec: {weights: {cache: {storageClass: fast}}}")
    cache = manifests["cache"]
    assert cache.protect
    assert cache.data["spec"] == {
        "accessModes": ["ReadWriteMany"],
        "storageClassName": "fast",
        "resources": {"requests": {"storage": "60Gi"}},
    }
    assert {a.role for a in manifests["deployment"].depends_on} == {"service-account", "cache"}
    assert env(manifests)["HF_HOME"] == "/models/cache"


def test_an_existing_claim_is_mounted_and_not_made() -> None:
    base = CHAT.replace("{type: pvc, size: 60Gi}", "{type: pvc, claim: shared}")
    result = lowered("LLM", base)
    assert result.value
    assert "cache" not in {resource.address.role for resource in result.value}


def test_hub_tokens_are_only_referred_to() -> None:
    assert env(llm())["HF_TOKEN"] == {"secretKeyRef": {"name": "hf-token", "key": "token"}}


def test_weights_on_a_claim_are_mounted_read_only() -> None:
    manifests = llm("spec: {weights: {source: {type: pvc, claim: models, path: chat/v1}, cache: {type: none}}}")
    assert container(manifests)["args"][0] == "/models/weights"
    mount = next(m for m in container(manifests)["volumeMounts"] if m["name"] == "weights")
    assert mount == {"name": "weights", "mountPath": "/models/weights", "subPath": "chat/v1", "readOnly": True}
    assert not any(a.startswith("--revision") for a in container(manifests)["args"])
    assert env(manifests)["HF_HUB_OFFLINE"] == "1"


def test_weights_in_an_image_are_an_image_volume() -> None:
    image = "registry.test/acme/w:1"
    manifests = llm(f"spec: {{weights: {{source: {{type: oci, image: '{image}', path: /w}}, cache: {{type: none}}}}}}")
    assert volumes(manifests)["weights"]["image"] == {"reference": image, "pullPolicy": "IfNotPresent"}
    assert container(manifests)["args"][0] == "/models/weights/w"


def test_weights_in_a_bucket_are_copied_into_the_cache_before_the_engine_starts() -> None:
    source = "{type: s3, uri: 's3://m/chat', endpoint: 'https://s3.test', credentials: {secret: s3}}"
    manifests = llm(f"spec: {{weights: {{source: {source}}}}}")
    copier = pod(manifests)["initContainers"][0]
    folder = container(manifests)["args"][0]
    assert copier["args"] == ["s3", "sync", "--no-progress", "s3://m/chat", folder]
    assert copier["envFrom"] == [{"secretRef": {"name": "s3"}}]
    assert {"name": "AWS_ENDPOINT_URL", "value": "https://s3.test"} in copier["env"]
    assert folder.startswith("/models/cache/")
    other = llm("spec: {weights: {source: {type: s3, uri: 's3://m/other'}}}")
    assert container(other)["args"][0] != folder


def test_a_chat_template_is_a_map_named_after_its_content() -> None:
    one, two = (llm(f"spec: {{chatTemplate: {{text: '{text}'}}}}") for text in ("{{ a }}", "{{ b }}"))
    assert one["chat-template"].data["data"] == {"chat.jinja": "{{ a }}"}
    assert one["chat-template"].key.name != two["chat-template"].key.name
    assert volumes(one)["chat-template"]["configMap"]["name"] == one["chat-template"].key.name
    assert "--chat-template=/etc/opsdecl/chat-template/chat.jinja" in container(one)["args"]
    assert "chat-template" in {a.role for a in one["deployment"].depends_on}


def test_who_may_call() -> None:
    changes = "spec: {access: {from: [{namespace: web, labels: {app: a}}, {namespace: ops}, {labels: {app: b}}]}}"
    rule = llm(changes)["network-policy"].data["spec"]["ingress"][0]
    assert rule["from"] == [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "web"}},
            "podSelector": {"matchLabels": {"app": "a"}},
        },
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ops"}}},
        {"podSelector": {"matchLabels": {"app": "b"}}},
    ]
    own = llm(environment_changes="platform: {metrics: none}", changes="spec: {replicas: {min: 1, max: 1}}")
    assert own["network-policy"].data["spec"]["ingress"] == [
        {"from": [{"podSelector": {}}], "ports": [{"port": "http", "protocol": "TCP"}]}
    ]
    assert "network-policy" not in llm(environment_changes="networkPolicy: {enabled: false}")


def test_an_empty_list_of_callers_lets_nobody_in() -> None:
    manifests = llm(
        "spec: {access: {from: []}, replicas: {min: 1, max: 1}}", environment_changes="platform: {metrics: none}"
    )
    assert manifests["network-policy"].data["spec"]["ingress"] == []


def test_an_existing_account_is_used_and_not_made() -> None:
    manifests = llm("spec: {serviceAccount: {name: shared}}")
    assert "service-account" not in manifests
    assert pod(manifests)["serviceAccountName"] == "shared"


def test_images_come_through_the_environments_registry() -> None:
    manifests = llm(environment_changes="imageRegistry: mirror.test/hub/")
    assert container(manifests)["image"] == "mirror.test/hub/vllm/vllm-openai:v0.33.0"
    own = llm("spec: {runtime: custom, replicas: {min: 1, max: 1}}", environment_changes="imageRegistry: mirror.test")
    assert container(own)["image"] == "registry.test/acme/llm:1.0"


def test_a_single_replica_needs_neither_budget_nor_spread() -> None:
    manifests = llm("spec: {replicas: {min: 1, max: 1}}")
    assert "pdb" not in manifests
    assert "topologySpreadConstraints" not in pod(manifests)
    assert llm("spec: {replicas: {min: 1, max: 1}, disruption: {maxUnavailable: 0}}")["pdb"]


def test_rdma_gets_devices_and_the_capability_to_pin_memory() -> None:
    server = container(llm("spec: {rdma: {resource: rdma/hca, count: 4}}"))
    assert server["resources"]["limits"]["rdma/hca"] == 4
    assert server["securityContext"]["capabilities"] == {"drop": ["ALL"], "add": ["IPC_LOCK"]}


@pytest.mark.parametrize(
    ("changes", "environment_changes", "code"),
    [
        ("metadata: {objectName: 7b}", "{}", "OD403"),
        ("{}", "platform: {scaling: keda}", "OD393"),
        ("spec: {rollout: {strategy: canary, trafficPercent: 20}}", "{}", "OD443"),
        ("spec: {runtime: triton}", "{}", "OD432"),
        ("{}", "platform: {metrics: none}", "OD433"),
        ("spec: {runtime: custom}", "{}", "OD433"),
        ("spec: {chatTemplate: {file: environments/base/none.jinja}}", "{}", "OD434"),
    ],
)
def test_what_cannot_be_rendered_is_an_error(changes: str, environment_changes: str, code: str) -> None:
    assert [d.code.id for d in lowered("LLM", CHAT, changes, environment_changes).diagnostics] == [code]


def test_a_documents_own_labels_cannot_replace_those_that_find_its_objects() -> None:
    manifests = llm("metadata: {labels: {opsdecl.dev/base: other, team: a}}")
    labels = manifests["deployment"].data["metadata"]["labels"]
    assert (labels["opsdecl.dev/base"], labels["team"]) == ("chat", "a")


def test_rare_probes_are_patient_too() -> None:
    liveness = container(llm(runtimes="vllm: {probes: {period: 30s, path: /healthz}}"))["livenessProbe"]
    assert liveness["httpGet"]["path"] == "/healthz"
    assert (liveness["periodSeconds"], liveness["failureThreshold"]) == (30, 6)


def test_a_slice_of_a_gpu_is_asked_for_by_its_profile() -> None:
    manifests = llm("spec: {accelerator: {gpu: 'h100-80gb:3g.40gb', count: 1, pool: null}}")
    assert container(manifests)["resources"]["limits"]["nvidia.com/mig-3g.40gb"] == 1
    assert "nvidia.com/gpu" not in container(manifests)["resources"]["limits"]
