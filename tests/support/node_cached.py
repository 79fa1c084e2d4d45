"""A small project with a dataset that is prepared, and kept on the disks of the nodes that train on it."""

from opsdecl.spec.source import MemoryTree
from tests.support.small import PROJECT_FILE, with_texts

ENVIRONMENT = """\
apiVersion: opsdecl.dev/v1
kind: Environment
metadata: {name: prod, owner: team-platform}
spec:
  namespaces: [risk]
  ownsClusterScope: true
  TARGETS
  capacity:
    pools:
      h100:
        gpu: h100-80gb
        nodes: 4
        gpusPerNode: 8
        labels: {pool: h100}
        tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
        disk: {path: /mnt/nvme/caches, size: 3Ti}
        pricePerHour: 6.88
"""
DATA = """\
apiVersion: opsdecl.dev/v1
kind: Dataset
metadata: {name: claims, owner: team-risk}
spec:
  source: {type: pvc, claim: claims, digest: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}
  version: "1"
  format: parquet
  storage: {size: 200Gi}
  cache: {pool: h100, size: 120Gi}
  prepare:
    - {name: clean, image: "ghcr.io/acme/clean:1.4.0", command: [python, clean.py], resources: {cpu: "4", memory: 16Gi}}
---
apiVersion: opsdecl.dev/v1
kind: Training
metadata: {name: tune, owner: team-risk}
spec:
  framework: torch
  image: ghcr.io/acme/train:1.4.0
  command: [torchrun, train.py]
  datasets: [claims]
  accelerator: {gpu: h100-80gb, count: 4}
  resources: {cpu: "16", memory: 128Gi}
  timeLimit: 12h
  output: {size: 100Gi}
"""


def cached_project(targets: str = "", **exchanged: str) -> dict[str, str]:
    environment = ENVIRONMENT.replace("  TARGETS\n", f"  {targets}\n" if targets else "")
    return {
        **PROJECT_FILE,
        "environments/prod/environment.yaml": environment,
        **with_texts({"environments/prod/work.yaml": DATA}, exchanged),
    }


def cached_tree(**exchanged: str) -> MemoryTree:
    return MemoryTree(cached_project(**exchanged))
