"""An exported stack that somebody else's program made: model servers and what lies around them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

CREDENTIAL = "canary-written-into-a-variable"
SEALED = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x:y"}
GPU = {"limits": {"nvidia.com/gpu": "1", "memory": "64Gi"}, "requests": {"cpu": "8", "memory": "64Gi"}}
ON_L40S: Any = {"nodeSelector": {"pool": "inference"}}


def data(kind: str, api: str, namespace: str, name: str, labels: Mapping[str, str] | None = None, **more: Any) -> Any:
    metadata = {"name": name, "namespace": namespace, "annotations": {"pulumi.com/skipAwait": "true"}}
    return {"apiVersion": api, "kind": kind, "metadata": {**metadata, "labels": dict(labels or {})}, **more}


def deployment(namespace: str, name: str, container: Any, labels: Any = None, replicas: int = 1, **pod: Any) -> Any:
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": name}},
        "template": {
            "metadata": {"labels": {"app": name}},
            "spec": {"containers": [{"name": "main", **container}], **pod},
        },
    }
    return data("Deployment", "apps/v1", namespace, name, labels, spec=spec)


CHAT = deployment(
    "assist",
    "chat",
    {
        "image": "vllm/vllm-openai:v0.33.0",
        "command": ["vllm", "serve"],
        "args": [
            "meta-llama/Llama-3.1-8B-Instruct",
            *("--max-model-len", "16384", "--gpu-memory-utilization=0.9", "--max_num_seqs", "128"),
            *("--served-model-name", "chat", "--enable-auto-tool-choice", "--tool-call-parser", "llama3_json"),
            *("--api-key", CREDENTIAL, "--enable-prefix-caching", "--seed=7"),
        ],
        "ports": [{"containerPort": 8000, "name": "http"}],
        "env": [
            {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "token"}}},
            {"name": "VLLM_LOGGING_LEVEL", "value": "INFO"},
            {"name": "ADMIN_TOKEN", "value": CREDENTIAL},
            {"name": "SEALED", "value": SEALED},
        ],
        "resources": GPU,
        "volumeMounts": [{"name": "cache", "mountPath": "/home/vllm/.cache/huggingface"}],
    },
    {"team": "team-assist"},
    2,
    volumes=[
        {"name": "cache", "persistentVolumeClaim": {"claimName": "weights"}},
        {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "12Gi"}},
    ],
    **ON_L40S,
)
SCALER = {
    "minReplicas": 2,
    "maxReplicas": 4,
    "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "chat"},
    "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 70}}}],
}
WRITE = deployment(
    "documents",
    "write",
    {
        "image": "lmsysorg/sglang:v0.5.4",
        "command": [
            "bash",
            "-c",
            "exec python3 -m sglang.launch_server --model-path Qwen/Qwen3-8B --context-length 8192",
        ],
        "resources": GPU,
    },
    {"owner": "team-documents"},
    **ON_L40S,
)
SCORE = deployment(
    "risk",
    "score",
    {
        "image": "seldonio/mlserver:1.7.1",
        "env": [
            {"name": "MLSERVER_MODEL_IMPLEMENTATION", "value": "mlserver_xgboost.XGBoostModel"},
            {"name": "MLSERVER_MODEL_URI", "value": "s3://models/score/v3"},
        ],
        "ports": [{"containerPort": 8080}],
    },
    {"owner": "team-risk"},
    2,
)
OBJECTS: Sequence[Any] = (
    CHAT,
    data("Service", "v1", "assist", "chat", spec={"selector": {"app": "chat"}, "ports": [{"port": 80}]}),
    data("HorizontalPodAutoscaler", "autoscaling/v2", "assist", "chat", spec=SCALER),
    data("PersistentVolumeClaim", "v1", "assist", "weights", spec={}),
    data("Secret", "v1", "assist", "hf", data={"token": SEALED}),
    WRITE,
    SCORE,
    deployment("assist", "web", {"image": "nginx:1.27"}),
    deployment("assist", "local", {"image": "vllm/vllm-openai:v0.33.0", "args": ["--model", "/models/x"]}),
    deployment("assist", "newest", {"image": "vllm/vllm-openai:latest", "args": ["--model=Qwen/Qwen3-8B"]}),
    deployment("other", "away", {"image": "vllm/vllm-openai:v0.33.0", "args": ["--model=Qwen/Qwen3-8B"]}),
)


def exported(objects: Sequence[Any] = OBJECTS) -> str:
    """As `pulumi stack export` writes it."""
    root = {"urn": "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev", "type": "pulumi:pulumi:Stack"}
    return json.dumps({"version": 3, "deployment": {"manifest": {}, "resources": [root, *map(_row, objects)]}})


def _row(inputs: Any) -> dict[str, Any]:
    api, kind, name = inputs["apiVersion"], inputs["kind"], inputs["metadata"]["name"]
    token = f"kubernetes:{api if '/' in api else f'core/{api}'}:{kind}"
    return {"urn": f"urn:pulumi:dev::shop::{token}::{name}", "type": token, "custom": True, "inputs": inputs}
