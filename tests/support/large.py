"""A small project with a model over several nodes, on a pool beside which nothing runs."""

from collections.abc import Mapping
from pathlib import Path

from opsdecl.spec.source import MemoryTree

ENVIRONMENT, MODEL = "environments/prod/environment.yaml", "environments/prod/large.yaml"
TARGET = 'main: {type: git, remote: ".", branch: rendered/prod}'
NAMESPACE = "assist"

LARGE_PROJECT: Mapping[str, str] = {
    "environments/project.yaml": """\
apiVersion: opsdecl.dev/v1
kind: Project
metadata: {name: harbor-ai}
spec: {defaultEnvironment: prod}
""",
    ENVIRONMENT: f"""\
apiVersion: opsdecl.dev/v1
kind: Environment
metadata: {{name: prod, owner: team-platform}}
spec:
  targets:
    {TARGET}
  namespaces: [{NAMESPACE}]
  platform: {{multiNode: leader-worker-set}}
  capacity:
    pools:
      h100: {{gpu: h100-80gb, nodes: 6, gpusPerNode: 8, reserve: 16, labels: {{pool: h100}}, pricePerHour: 6.88}}
""",
    "environments/prod/runtimes.yaml": """\
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: vllm}
spec: {engine: vllm, version: "0.33.0", image: "vllm/vllm-openai:v0.33.0"}
""",
    MODEL: """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: large, owner: team-assist}
spec:
  model: deepseek-v3
  runtime: vllm
  weights: {cache: {type: pvc, size: 900Gi, storageClass: shared-fast, accessMode: ReadWriteMany}}
  accelerator: {gpu: h100-80gb, count: 8, nodes: 2, pool: h100}
  parallelism: {tensor: 8, pipeline: 2}
  engine: {maxModelLen: 8192}
  resources: {cpu: "32", memory: 800Gi}
  rdma: {resource: rdma/hca, count: 8}
  replicas: {min: 1, max: 2, target: {metric: cpu, value: 60}}
  drain: {longestGeneration: 120s}
""",
}


def large_project(**changed: str) -> dict[str, str]:
    """The files, with texts replaced in the model's: `large_project(**{"maxModelLen: 8192": "maxModelLen: 4096"})`."""
    text = LARGE_PROJECT[MODEL]
    for old, new in changed.items():
        assert old in text
        text = text.replace(old, new)
    return {**LARGE_PROJECT, MODEL: text}


def large_tree(**changed: str) -> MemoryTree:
    return MemoryTree(large_project(**changed))


def write_large(folder: Path, target: str = TARGET) -> Path:
    for name, text in LARGE_PROJECT.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace(TARGET, target))
    return folder
