"""A small project whose GPUs are claimed as devices: whole ones, slices, groups, prefill pods, a training."""

from collections.abc import Mapping
from pathlib import Path

from opsdecl.spec.source import MemoryTree
from tests.support.project import write_files
from tests.support.small import PROJECT_FILE, TARGET, with_texts

NAMESPACE = "assist"
PLATFORM = "{devices: dra, multiNode: leader-worker-set, routing: inference-extension}"
ENVIRONMENT, DOCUMENTS, ROUTES = (f"environments/prod/{name}.yaml" for name in ("environment", "documents", "routes"))

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
  platform: {PLATFORM}
  gateways: {{public: {{namespace: gateways}}}}
  capacity:
    pools:
      h100: {{gpu: h100-80gb, nodes: 4, gpusPerNode: 8, labels: {{pool: claimed}}}}
      slices: {{gpu: "h100-80gb:3g.40gb", nodes: 1, gpusPerNode: 2, labels: {{pool: slices}}}}
""",
    DOCUMENTS: """\
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: vllm}
spec: {engine: vllm, version: "0.33.0", image: "vllm/vllm-openai:v0.33.0"}
---
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat, owner: team-assist}
spec:
  model: qwen2.5-7b-instruct
  runtime: vllm
  accelerator: {gpu: h100-80gb, count: 1, pool: h100}
  engine: {maxModelLen: 8192}
  rdma: {resource: rdma/ib}
  replicas: {count: 2}
  prefill: {accelerator: {gpu: h100-80gb, count: 2, pool: h100}, parallelism: {tensor: 2}}
---
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: small, owner: team-assist}
spec:
  model: qwen2.5-7b-instruct
  runtime: vllm
  accelerator: {gpu: "h100-80gb:3g.40gb", pool: slices}
  engine: {maxModelLen: 4096}
---
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: wide, owner: team-assist}
spec:
  model: qwen2.5-72b-instruct
  runtime: vllm
  accelerator: {gpu: h100-80gb, count: 4, nodes: 2, pool: h100}
  parallelism: {tensor: 4, pipeline: 2}
  engine: {maxModelLen: 8192}
---
apiVersion: opsdecl.dev/v1
kind: Training
metadata: {name: tune, owner: team-assist}
spec:
  framework: torch
  image: registry.example.com/tune:1.0
  command: [python, train.py]
  accelerator: {gpu: h100-80gb, count: 2, pool: h100}
  output: {size: 50Gi}
  timeLimit: 2h
""",
}
ROUTE = """\
apiVersion: opsdecl.dev/v1
kind: Route
metadata: {name: ask}
spec: {gateway: {name: public}, backends: [{llm: chat}]}
"""


def claimed_files(platform: str = PLATFORM, *, target: str = TARGET, **changed: str) -> dict[str, str]:
    """`changed`: other texts in the place of those in the files."""
    files = dict(FILES) if "kserve" in platform else {**FILES, ROUTES: ROUTE}
    files[ENVIRONMENT] = files[ENVIRONMENT].replace(PLATFORM, platform).replace(TARGET, target)
    return with_texts(files, changed)


def claimed_tree(platform: str = PLATFORM, **changed: str) -> MemoryTree:
    return MemoryTree(claimed_files(platform, **changed))


def write_claimed(folder: Path, target: str, **changed: str) -> Path:
    return write_files(folder, claimed_files(target=target, **changed))
