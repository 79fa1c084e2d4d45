"""A small project whose models are reached from outside, by a Gateway that its Environment declares."""

from collections.abc import Mapping
from pathlib import Path

from opsdecl.spec.source import MemoryTree
from tests.support.project import write_files
from tests.support.small import PROJECT_FILE, TARGET

ENVIRONMENT, MODELS, ROUTES = (f"environments/prod/{name}.yaml" for name in ("environment", "models", "routes"))
NAMESPACE = "assist"
GATEWAY = "{name: public, listener: https}"

PROJECT: Mapping[str, str] = {
    **PROJECT_FILE,
    ENVIRONMENT: f"""\
apiVersion: opsdecl.dev/v1
kind: Environment
metadata: {{name: prod, owner: team-platform}}
spec:
  targets:
    {TARGET}
  namespaces: [{NAMESPACE}]
  platform: {{routing: gateway-api}}
  gateways:
    public:
      namespace: gateways
      listeners: [http, https]
      pods: {{namespace: gateway-system, labels: {{app.kubernetes.io/name: envoy}}}}
  capacity:
    pools:
      l40s: {{gpu: l40s, nodes: 4, gpusPerNode: 4, reserve: 4, labels: {{pool: l40s}}, pricePerHour: 1.5}}
""",
    MODELS: """\
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: vllm}
spec: {engine: vllm, version: "0.33.0", image: "vllm/vllm-openai:v0.33.0"}
---
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: mlserver}
spec: {engine: mlserver, version: "1.7.1", image: "seldonio/mlserver:1.7.1"}
---
apiVersion: opsdecl.dev/v1
kind: Adapter
metadata: {name: contracts}
spec: {base: qwen2.5-7b-instruct, rank: 16, source: {type: pvc, claim: adapters, path: contracts}}
---
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat, owner: team-assist}
spec:
  model: qwen2.5-7b-instruct
  runtime: vllm
  adapters: [contracts]
  weights: {cache: {type: pvc, size: 60Gi, accessMode: ReadWriteMany}}
  accelerator: {gpu: l40s, count: 1, pool: l40s}
  engine: {maxModelLen: 8192}
  replicas: {count: 4}
  access: {from: [{namespace: assist}]}
---
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat-next, owner: team-assist}
spec:
  model: qwen2.5-14b-instruct
  runtime: vllm
  weights: {cache: {type: pvc, size: 60Gi, accessMode: ReadWriteMany}}
  accelerator: {gpu: l40s, count: 1, pool: l40s}
  engine: {maxModelLen: 8192}
  replicas: {count: 1}
---
apiVersion: opsdecl.dev/v1
kind: Model
metadata: {name: fraud, owner: team-risk}
spec:
  format: xgboost
  source: {uri: "s3://models/fraud/v7"}
  runtime: mlserver
  resources: {cpu: "1", memory: 2Gi}
  replicas: {count: 2}
""",
    ROUTES: f"""\
apiVersion: opsdecl.dev/v1
kind: Route
metadata: {{name: chat, owner: team-assist}}
spec:
  gateway: {GATEWAY}
  hostnames: [chat.example.com, ask.example.com]
  paths: [{{path: /v1}}]
  backends:
    - {{llm: chat, weight: 90}}
    - {{llm: chat-next, weight: 10}}
  timeouts: {{request: 120s, backend: 90.5s}}
---
apiVersion: opsdecl.dev/v1
kind: Route
metadata: {{name: fraud, owner: team-risk}}
spec:
  gateway: {GATEWAY}
  hostnames: [fraud.example.com]
  backends: [{{model: fraud}}]
  shadow: [{{llm: chat-next, percent: 5}}]
""",
}


def routed_project(**changed: str) -> dict[str, str]:
    """The files, with texts replaced in whichever has them: `routed_project(**{"weight: 90": "weight: 80"})`."""
    files = dict(PROJECT)
    for old, new in changed.items():
        name = next(name for name, text in files.items() if old in text)
        files[name] = files[name].replace(old, new)
    return files


def routed_tree(**changed: str) -> MemoryTree:
    return MemoryTree(routed_project(**changed))


def write_routed(folder: Path, **changed: str) -> Path:
    return write_files(folder, routed_project(**changed))


COPIED = "  shadow: [{llm: chat-next, percent: 5}]\n"
BY_POOLS: Mapping[str, str] = {
    "routing: gateway-api": "routing: inference-extension",
    COPIED: f"""\
---
apiVersion: opsdecl.dev/v1
kind: Route
metadata: {{name: legal, owner: team-assist}}
spec:
  gateway: {GATEWAY}
  hostnames: [legal.example.com]
  backends:
    - {{llm: chat, weight: 90}}
    - {{llm: chat, adapter: contracts, weight: 10}}
  priority: 5
""",
}
"""The same through the inference extension, which copies nothing to pools, and a Route to a model and its adapter."""

BY_CANARY: Mapping[str, str] = {
    "routing: gateway-api": "routing: gateway-api, rollouts: argo-rollouts",
    "    - {llm: chat, weight: 90}\n    - {llm: chat-next, weight: 10}\n": "    - {llm: chat}\n",
    "replicas: {count: 4}": "replicas: {count: 4}\n"
    "  rollout: {strategy: canary, steps: [{weight: 10, pause: 10m}, {weight: 50, hold: true}]}",
}
"""New versions of `chat` by canary, moved by Argo Rollouts."""

JUDGED: Mapping[str, str] = {
    **BY_CANARY,
    "  namespaces: [assist]\n": "  namespaces: [assist]\n"
    '  monitoring: {prometheus: "http://prometheus.monitoring:9090"}\n',
    "steps: [{weight: 10, pause: 10m}, {weight: 50, hold: true}]}": "steps: [{weight: 10, pause: 10m}, "
    "{weight: 50, pause: 10m}],\n    analysis: {errors: 1%, ttft: {p95: 800ms}, metrics: [{name: waiting, metric: "
    '"vllm:num_requests_waiting", above: 20}, {name: preempts, metric: "vllm:num_preemptions_total", statistic: rate, '
    "above: 1}]}}",
    "---\napiVersion: opsdecl.dev/v1\nkind: Model\nmetadata: {name: fraud": "---\napiVersion: opsdecl.dev/v1\n"
    "kind: Monitor\nmetadata: {name: chat, owner: team-assist}\nspec: {watch: {llms: [chat]}}\n"
    "---\napiVersion: opsdecl.dev/v1\nkind: Model\nmetadata: {name: fraud",
}
"""The same, and the canary is judged by its metrics."""

STEPPED: Mapping[str, str] = {
    **JUDGED,
    "{weight: 50, pause: 10m}],": "{weight: 50, pause: 2m, analysis: {errors: 0.5%, looks: 6, tolerated: 0}}, "
    "{weight: 75, analysis: {ttft: {p95: 600ms}}, hold: true}],",
}
"""The same, and it is asked more before it gets more than a half, and before a person decides about the rest."""

CHECKED: Mapping[str, str] = {
    "routing: gateway-api": "routing: gateway-api, filters: envoy-gateway",
    "timeouts: {request: 120s, backend: 90.5s}": "timeouts: {request: 120s, backend: 90.5s}\n"
    "  guardrails: {service: {name: checks, port: 9002}, input: buffered, output: full-duplex-streamed, timeout: 20s}",
}
"""Requests to `chat`, and its answers, are checked where they come in."""
