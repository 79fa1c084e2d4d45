"""A small project with one model whose prompts are worked out by pods of their own, on either platform that can."""

from collections.abc import Mapping
from pathlib import Path

from opsdecl.spec.source import MemoryTree
from tests.support.project import write_files
from tests.support.small import PROJECT_FILE, TARGET, with_texts

NAMESPACE = "assist"
NATIVE, KSERVE = (
    "{routing: inference-extension, metrics: prometheus-adapter}",
    "{serving: kserve, metrics: prometheus-adapter}",
)
ENVIRONMENT, MODELS, ROUTES = (f"environments/prod/{name}.yaml" for name in ("environment", "models", "routes"))
PREFILL = """\
  rdma: {resource: rdma/ib, count: 1}
  prefill:
    replicas: {min: 1, max: 3, target: {metric: waiting-requests, value: 2}}
    accelerator: {gpu: h200-141gb, count: 2, pool: h200}
    parallelism: {tensor: 2}
    engine: {maxNumSeqs: 16, maxNumBatchedTokens: 16384, args: {long-prefill-token-threshold: 4096}}
    resources: {cpu: "16", memory: 96Gi}
"""

FILES: Mapping[str, str] = {
    **PROJECT_FILE,
    ENVIRONMENT: f"""\
apiVersion: opsdecl.dev/v1
kind: Environment
metadata: {{name: prod, owner: team-platform}}
spec:
  targets:
    {TARGET}
  namespaces: [{NAMESPACE}]
  platform: {NATIVE}
  gateways: {{public: {{namespace: gateways, listeners: [http]}}}}
  capacity:
    pools:
      h100: {{gpu: h100-80gb, nodes: 4, gpusPerNode: 8, reserve: 4, labels: {{pool: h100}}, pricePerHour: 6.88}}
      h200: {{gpu: h200-141gb, nodes: 2, gpusPerNode: 8, reserve: 2, labels: {{pool: h200}}, pricePerHour: 9.50}}
""",
    MODELS: f"""\
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {{name: vllm}}
spec: {{engine: vllm, version: "0.33.0", image: "vllm/vllm-openai:v0.33.0"}}
---
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {{name: chat, owner: team-assist}}
spec:
  model: qwen2.5-7b-instruct
  runtime: vllm
  weights: {{cache: {{type: pvc, size: 60Gi, accessMode: ReadWriteMany}}}}
  accelerator: {{gpu: h100-80gb, count: 1, pool: h100}}
  engine: {{maxModelLen: 32768, maxNumSeqs: 128}}
  resources: {{cpu: "8", memory: 64Gi}}
  replicas: {{count: 4}}
  drain: {{longestGeneration: 60s}}
{PREFILL}""",
}
ROUTE = """\
apiVersion: opsdecl.dev/v1
kind: Route
metadata: {name: ask, owner: team-assist}
spec:
  gateway: {name: public, listener: http}
  hostnames: [ask.example.com]
  backends: [{llm: chat}]
"""


def split_files(platform: str = NATIVE, *, target: str = TARGET, **changed: str) -> dict[str, str]:
    """`changed`: other texts in the place of those in the files."""
    files = dict(FILES) if platform == KSERVE else {**FILES, ROUTES: ROUTE}
    files[ENVIRONMENT] = files[ENVIRONMENT].replace(NATIVE, platform).replace(TARGET, target)
    return with_texts(files, changed)


def split_tree(platform: str = NATIVE, **changed: str) -> MemoryTree:
    return MemoryTree(split_files(platform, **changed))


def write_split(folder: Path, platform: str, target: str, **changed: str) -> Path:
    return write_files(folder, split_files(platform, target=target, **changed))
