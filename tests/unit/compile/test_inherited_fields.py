"""What does nothing here and comes from a base may be what another environment needs."""

import pytest

from opsdecl.flows.validate import validate_tree
from opsdecl.spec.source import MemoryTree
from tests.support.literate import MINIMAL_PROJECT

ENVIRONMENT = """\
apiVersion: opsdecl.dev/v1
kind: Environment
metadata: {name: dev, owner: platform}
spec: {extends: [base], platform: {tuning: katib}}
"""
SEARCH = """\
apiVersion: opsdecl.dev/v1
kind: Training
metadata: {name: churn}
spec:
  framework: torch
  image: ghcr.io/acme/train:1.4.0
  command: [python, train.py]
  parameters: {rate: 0.1}
  timeLimit: 3h
  output: {size: 20Gi}
---
apiVersion: opsdecl.dev/v1
kind: Tuning
metadata: {name: search}
spec:
  training: churn
  parameters: {rate: {type: double, min: 0.01, max: 0.3}}
  objective: {metric: auc, direction: maximize}
  trials: 10
  image: ghcr.io/acme/tuner:2026.11
  output: {size: 20Gi}
"""


@pytest.mark.parametrize(
    ("layer", "severity", "hint"),
    [
        ("dev", "error", "remove the field, or set platform.tuning to job"),
        (
            "base",
            "note",
            "leave it where another environment needs it, else remove the field, or set platform.tuning to job",
        ),
    ],
)
def test_a_field_of_a_base_is_not_to_be_removed_from_others(layer: str, severity: str, hint: str) -> None:
    files = {
        **MINIMAL_PROJECT,
        "environments/dev/environment.yaml": ENVIRONMENT,
        f"environments/{layer}/search.yaml": SEARCH,
    }
    (found,) = [d for d in validate_tree(MemoryTree(files), environments=("dev",)) if d.code.id == "OD214"]
    assert (found.severity.word, found.hint) == (severity, hint)
