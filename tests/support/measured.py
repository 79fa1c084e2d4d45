"""A project with an evaluation in staging and a gate in prod, and evidence as its runs would leave it."""

from collections.abc import Mapping
from typing import Any

from opsdecl.addr import digest_of_bytes
from opsdecl.evidence.files import encode
from opsdecl.evidence.types import Producer, Result
from opsdecl.flows.evaluating import asked_runs, evidence_of
from opsdecl.spec.source import MemoryTree
from tests.support.project import built

FIRST, SECOND = (f"sha256:{letter * 64}" for letter in "ab")
PROJECT = """\
apiVersion: opsdecl.dev/v1
kind: Project
metadata: {name: acme-ml}
spec: {defaultEnvironment: staging}
"""
BASE = """\
apiVersion: opsdecl.dev/v1
kind: Model
metadata: {name: churn, owner: team-risk}
spec:
  format: custom
  image: registry.example.com/churn:1.0.0
  port: 8080
  source: {uri: "s3://models/churn/v1", digest: "FIRST"}
---
apiVersion: opsdecl.dev/v1
kind: Dataset
metadata: {name: customers, owner: team-risk}
spec:
  source: {type: pvc, claim: customers}
  format: csv
  splits: {test: {path: "test/*.csv"}}
""".replace("FIRST", FIRST)
STAGING = """\
apiVersion: opsdecl.dev/v1
kind: Environment
metadata: {name: staging, owner: platform}
spec: {extends: [base], namespaces: [risk]}
---
apiVersion: opsdecl.dev/v1
kind: Evaluation
metadata: {name: quality, owner: team-risk}
spec:
  candidates: [{model: churn}]
  image: registry.example.com/quality:1.0.0
  command: [evaluate]
  dataset: customers
  split: test
  metrics: [{name: roc_auc}, {name: log_loss, direction: minimize}]
  thresholds: [{metric: roc_auc, min: 0.8}]
"""
PROD = """\
apiVersion: opsdecl.dev/v1
kind: Environment
metadata: {name: prod, owner: platform}
spec:
  extends: [base]
  namespaces: [risk]
  gates:
    measured: {evaluation: quality, kinds: [Model]}
"""


def files(**changes: str) -> dict[str, str]:
    """The project by path; a folder's file may be given otherwise: `files(prod=…)`."""
    every = {
        "environments/project.yaml": PROJECT,
        "environments/base/churn.yaml": BASE,
        "environments/staging/environment.yaml": STAGING,
        "environments/prod/environment.yaml": PROD,
    }
    return {path: changes.get(path.split("/")[1].removesuffix(".yaml"), text) for path, text in every.items()}


def result_text(request: str, metrics: Mapping[str, float], **changes: Any) -> dict[str, Any]:
    """What a program that did as it was asked reports."""
    told = {
        "formatVersion": 1,
        "asked": digest_of_bytes(request.encode()),
        "metrics": dict(metrics),
        "samples": 200,
        "data": SECOND,
        "engine": "scikit-learn 1.9.1",
        "trust": "real",
        "startedAt": "2026-11-28T10:00:00Z",
        "finishedAt": "2026-11-28T10:01:00Z",
    }
    return {**told, **changes}


def found(project: Mapping[str, str], roc_auc: float = 0.9, *, candidate: int = 0, **changes: Any) -> dict[str, str]:
    """One file of evidence about what staging declares now, by path."""
    environment = built(MemoryTree({**project}), "staging")
    run = (asked_runs(environment, ["quality"]).value or ())[candidate]
    told = result_text(run.text, {"roc_auc": roc_auc, "log_loss": 0.3}, **changes)
    names = {"formatVersion": "format_version", "startedAt": "started_at", "finishedAt": "finished_at"}
    result = Result(**{names.get(name, name): value for name, value in told.items()})
    model = run.request["candidate"].get("digest", "")
    evidence = evidence_of(environment, run, Result(**{**_fields(result), "model": model}), Producer(by="Ada"))
    path, data = encode(evidence)
    return {path: data.decode()}


def _fields(result: Result) -> dict[str, Any]:
    return {name: getattr(result, name) for name in result.__struct_fields__}
