"""A small project with a training over two nodes and a search, on whichever operators an environment has."""

from collections.abc import Mapping

from opsdecl.spec.source import MemoryTree
from tests.support.small import PROJECT_FILE

PLATFORMS: Mapping[str, str] = {
    "job": "",
    "jobset": "training: jobset",
    "kubeflow-trainer": "training: kubeflow-trainer",
    "kuberay": "training: kuberay",
    "katib": "tuning: katib",
}
ENVIRONMENT = """\
apiVersion: opsdecl.dev/v1
kind: Environment
metadata: {name: prod, owner: team-platform}
spec:
  namespaces: [risk]
  platform: {PLATFORM, queueing: kueue}
  ownsClusterScope: true
  capacity:
    pools:
      h100: {gpu: h100-80gb, nodes: 6, gpusPerNode: 8, labels: {pool: h100}, pricePerHour: 6.88}
    quotas: {risk: {gpus: 16, cpu: "96", memory: 1Ti, queue: nightly}}
"""
TRAININGS = """\
apiVersion: opsdecl.dev/v1
kind: Training
metadata: {name: tune, owner: team-risk}
spec:
  framework: torch
  image: ghcr.io/acme/train:1.4.0
  command: [torchrun, train.py]
  parameters: {rate: 0.1}
  accelerator: {gpu: h100-80gb, count: 4, nodes: 2}
  resources: {cpu: "16", memory: 128Gi}
  queue: nightly
  timeLimit: 12h
  output: {size: 100Gi}
---
apiVersion: opsdecl.dev/v1
kind: Training
metadata: {name: churn, owner: team-risk}
spec:
  framework: torch
  image: ghcr.io/acme/churn:1.4.0
  command: [python, train.py]
  parameters: {rate: 0.1, booster: gbtree}
  accelerator: {gpu: h100-80gb, count: 1}
  resources: {cpu: "8", memory: 64Gi}
  queue: nightly
  timeLimit: 3h
  output: {size: 20Gi}
---
apiVersion: opsdecl.dev/v1
kind: Tuning
metadata: {name: search, owner: team-risk}
spec:
  training: churn
  parameters:
    rate: {type: double, min: 0.001, max: 0.3, scale: log}
    booster: {type: categorical, values: [gbtree, dart]}
  algorithm: {seed: 7}
  objective: {metric: auc, direction: maximize, goal: 0.97}
  earlyStopping: {minTrials: 5}
  trials: 12
  parallel: 4
  gpuHours: 40
  IMAGE
  output: {size: 20Gi}
"""
PREPARED = """\
apiVersion: opsdecl.dev/v1
kind: Dataset
metadata: {name: claims, owner: team-risk}
spec:
  source: {type: pvc, claim: claims, digest: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}
  format: parquet
  storage: {size: 200Gi}
  prepare:
    - name: clean
      image: ghcr.io/acme/clean:1.4.0
      command: [python, clean.py]
      ray: {workers: 4, resources: {cpu: "16", memory: 64Gi}}
      resources: {cpu: "4", memory: 16Gi}
      timeLimit: 6h
"""
"""On the platform that has Ray."""


def searched_project(platform: str) -> dict[str, str]:
    image = "" if platform == "katib" else "image: ghcr.io/acme/tuner:2026.11"
    setting = PLATFORMS[platform]
    environment = ENVIRONMENT.replace("PLATFORM, ", f"{setting}, " if setting else "")
    prepared = {"environments/prod/data.yaml": PREPARED} if platform == "kuberay" else {}
    return {
        **prepared,
        **PROJECT_FILE,
        "environments/prod/environment.yaml": environment,
        "environments/prod/work.yaml": TRAININGS.replace("  IMAGE\n", f"  {image}\n" if image else ""),
    }


def searched_tree(platform: str) -> MemoryTree:
    return MemoryTree(searched_project(platform))
