"""A small project whose environment names what is installed: one spec, rendered for whichever platform a test asks."""

from collections.abc import Mapping
from pathlib import Path

from opsdecl.spec.source import MemoryTree
from tests.support.project import write_files
from tests.support.small import PROJECT_FILE, TARGET

NAMESPACES = ("assist", "risk")
ENVIRONMENT = "environments/prod/environment.yaml"
CHAT, FRAUD = "environments/prod/chat.yaml", "environments/prod/fraud.yaml"
PLATFORM = "{}"

FILES: Mapping[str, str] = {
    **PROJECT_FILE,
    ENVIRONMENT: f"""\
apiVersion: opsdecl.dev/v1
kind: Environment
metadata: {{name: prod, owner: team-platform}}
spec:
  targets:
    {TARGET}
  namespaces: [{", ".join(NAMESPACES)}]
  platform: {PLATFORM}
  capacity:
    pools:
      h100: {{gpu: h100-80gb, nodes: 6, gpusPerNode: 8, reserve: 4, labels: {{pool: h100}}, pricePerHour: 6.88}}
""",
    "environments/prod/runtimes.yaml": """\
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: vllm}
spec: {engine: vllm, version: "0.33.0", image: "vllm/vllm-openai:v0.33.0"}
---
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: mlserver}
spec: {engine: mlserver, version: "1.7.1", image: "seldonio/mlserver:1.7.1"}
""",
    CHAT: """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat, owner: team-assist}
spec:
  model: llama-3.1-8b-instruct
  runtime: vllm
  weights: {source: {type: hub, token: {secret: hf-token, key: token}}}
  accelerator: {gpu: h100-80gb, count: 1, pool: h100}
  engine: {maxModelLen: 16384, gpuMemoryUtilization: 0.9}
  resources: {cpu: "8", memory: 64Gi}
  replicas: {count: 2}
  drain: {longestGeneration: 60s}
""",
    FRAUD: """\
apiVersion: opsdecl.dev/v1
kind: Model
metadata: {name: fraud, namespace: risk, owner: team-risk}
spec:
  format: xgboost
  source: {uri: s3://models/fraud/v7, credentials: {secret: s3-models}}
  runtime: mlserver
  resources: {cpu: "2", memory: 4Gi}
  replicas: {count: 2}
""",
}

SECRETS = """
  secrets:
    hf-token: {store: vault, remoteKey: ml/hf, property: token}
    s3-models: {store: team-store, storeKind: SecretStore, remoteKey: ml/s3, refresh: 15m}
"""
FROM_STORE = "{secrets: external-secrets}" + SECRETS.rstrip("\n")

SCALED = "{scaling: keda}\n  autoscaling: {prometheus: http://prometheus.monitoring:9090}"
EVERYTHING = (
    "{serving: kserve, scaling: keda, secrets: external-secrets}" + SCALED.partition("}")[2] + SECRETS.rstrip("\n")
)
RANGE = "replicas: {min: 1, max: 4, target: {metric: waiting-requests, value: 4}}"
FROM_ZERO = (
    "replicas: {min: 0, max: 4, target: {metric: waiting-requests, value: 4}, "
    "wake: {query: 'rate(gateway_requests_total{model=\"chat\"}[5m])'}, cooldown: 10m, fallback: {replicas: 2}}"
)
WATCH = """\
apiVersion: opsdecl.dev/v1
kind: Monitor
metadata: {name: watch, owner: team-assist}
spec: {watch: {llms: [chat]}}
"""


def platform_files(platform: str, *, target: str, **changed: tuple[str, str]) -> dict[str, str]:
    """`platform` is YAML of `spec.platform`, and of what follows it; `changed` are texts of `chat` or `fraud`."""
    files = dict(FILES)
    files[ENVIRONMENT] = files[ENVIRONMENT].replace(f"platform: {PLATFORM}", f"platform: {platform}")
    files[ENVIRONMENT] = files[ENVIRONMENT].replace(TARGET, target)
    if "keda" in platform:
        files["environments/prod/watch.yaml"] = WATCH
    for name, (old, new) in changed.items():
        path = {"chat": CHAT, "fraud": FRAUD, "environment": ENVIRONMENT}[name]
        assert old in files[path]
        files[path] = files[path].replace(old, new)
    return files


def platform_tree(platform: str = PLATFORM, **changed: tuple[str, str]) -> MemoryTree:
    return MemoryTree(platform_files(platform, target=TARGET, **changed))


def write_platform(folder: Path, platform: str, target: str = TARGET, **changed: tuple[str, str]) -> Path:
    return write_files(folder, platform_files(platform, target=target, **changed))
