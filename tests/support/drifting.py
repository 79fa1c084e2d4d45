"""Datasets whose checks compare them with others, and what these are rendered to."""

from collections.abc import Mapping
from functools import lru_cache

from opsdecl.render.types import Manifest
from opsdecl.spec.source import MemoryTree
from tests.support.literate import MINIMAL_PROJECT
from tests.support.project import built

SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
EARLIER = "5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5"
CLAIMS = f"""\
apiVersion: opsdecl.dev/v1
kind: Dataset
metadata: {{name: claims, namespace: assist, owner: team-risk}}
spec:
  source: {{type: s3, uri: s3://data/claims, digest: "sha256:{SHA}"}}
  version: "2026-10"
  format: csv
  schema:
    id: {{type: string}}
    amount: {{type: number}}
    items: {{type: integer, nullable: true}}
    region: {{type: string}}
    at: {{type: datetime}}
  splits: {{train: {{path: "train/*.csv"}}}}
  storage: {{size: 1Gi}}
  prepare:
    - {{name: clean, image: "registry.test/clean:1", command: [clean], shards: 2}}
  checks:
    image: registry.test/checks:1
    files: "train/*.csv"
    duplicates: {{columns: [id]}}
    drift:
      - reference: {{dataset: before, split: train}}
      - {{reference: {{dataset: before, split: train}}, columns: [amount], method: ks, above: 0.3}}
      - reference: {{earlier: {{digest: "sha256:{EARLIER}", version: "2026-09"}}}}
        columns: [region]
        method: chi2
---
apiVersion: opsdecl.dev/v1
kind: Dataset
metadata: {{name: before, namespace: assist, owner: team-risk}}
spec:
  source: {{type: s3, uri: s3://data/before, digest: "sha256:{EARLIER}"}}
  format: jsonl
  splits: {{train: {{path: "train/*.jsonl"}}}}
  storage: {{size: 1Gi}}
  checks: {{image: "registry.test/checks:1", files: "train/*.jsonl", rows: {{min: 1}}}}
---
apiVersion: opsdecl.dev/v1
kind: Training
metadata: {{name: fraud, namespace: assist, owner: team-risk}}
spec:
  framework: sklearn
  image: registry.test/train:1
  command: [train]
  datasets: [claims]
  timeLimit: 1h
  output: {{size: 1Gi}}
"""


def drifting_tree(*changes: tuple[str, str]) -> MemoryTree:
    """`changes` are texts that are replaced in the documents."""
    text = CLAIMS
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    return MemoryTree({**MINIMAL_PROJECT, "environments/dev/case.yaml": text})


@lru_cache
def drifting(*changes: tuple[str, str]) -> Mapping[str, Manifest]:
    """Objects by document and role without its key."""
    found = built(drifting_tree(*changes), "dev").manifests.manifests
    return {f"{m.address.spec}/{m.address.role.rpartition('-')[0] or m.address.role}": m for m in found}
