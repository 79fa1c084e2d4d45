"""A small project with a model over several nodes, on a pool beside which nothing runs."""

from collections.abc import Mapping
from pathlib import Path

from opsdecl.spec.source import MemoryTree
from tests.support.project import write_files
from tests.support.small import PROJECT_FILE, TARGET, VLLM, with_texts

ENVIRONMENT, MODEL = "environments/prod/environment.yaml", "environments/prod/large.yaml"
NAMESPACE = "assist"

LARGE_PROJECT: Mapping[str, str] = {
    **PROJECT_FILE,
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
    "environments/prod/runtimes.yaml": VLLM,
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
    return write_files(folder, with_texts(LARGE_PROJECT, {TARGET: target}))
