"""Changes of the worked example that people make, with the plans that they give."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from opsdecl.diff.types import BaseRef, Plan, SourceRef
from opsdecl.flows.memory import Memory
from opsdecl.flows.plan import Wanted, plan_review
from tests.support.project import example_files, example_tree

ASSISTANT = "environments/base/assistant.yaml"
DOCUMENTS = "environments/base/documents.yaml"
RISK = "environments/base/risk.yaml"
MONITORING = "environments/base/monitoring.yaml"
RUNTIMES = "environments/base/runtimes.yaml"
PROD_DOCUMENTS = "environments/prod/documents.yaml"
PROD = "environments/prod/environment.yaml"

Edit = tuple[str, str, str]
"""File, what is there, what comes in its place."""

_NEW_MODEL = """\
apiVersion: opsdecl.dev/v1
kind: Model
metadata: {name: arrears, namespace: risk, owner: team-risk}
spec:
  format: lightgbm
  runtime: mlserver
  source:
    uri: s3://harbor-models-${{ vars.region }}/arrears/3
    digest: sha256:0d1c95ed0b00ce45335979782615d60879b99e788fa3b7b8fca1599589b88846
    credentials: {secret: s3-models}
"""
_SUMMARISE = """\
metadata: {name: summarise}
spec:
  replicas: {min: 2, max: 6, target: {metric: waiting-requests, value: 4}}
"""
_EXCEPTION = """\
apiVersion: opsdecl.dev/v1
kind: Policy
metadata: {name: every-model-has-an-owner}
spec:
  exceptions:
    - name: documents-get-a-team
      documents: [LLM.extract, LLM.summarise]
      rules: [owner]
      until: "2026-12-05"
      owner: team-platform
      reason: Ben looks after both until the team is formed, OPS-12.
"""
TODAY = date(2026, 11, 29)


@dataclass(frozen=True, slots=True)
class Change:
    """`edits` happen where the text is; `files` are put over the example."""

    name: str
    edits: tuple[Edit, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    environment: str = "prod"

    def edited(self) -> dict[str, str]:
        """The changed files. Raises ValueError where the example no longer holds what is to be edited."""
        files = dict(example_files())
        for path, old, new in self.edits:
            if old not in files[path]:
                raise ValueError(f"{self.name}: {path} does not hold {old!r}")
            files[path] = files[path].replace(old, new)
        return {path: text for path, text in files.items() if text != example_files()[path]} | dict(self.files)

    def plan(self) -> Plan:
        """What merging it would do, as a pull request shows it."""
        planned = plan_review(
            example_tree(self.edited()),
            example_tree(),
            Wanted(self.environment),
            SourceRef(commit="b" * 40, ref="HEAD"),
            BaseRef(ref="main", commit="a" * 40),
            Memory(today=TODAY),
        )
        assert planned.plan is not None, planned.diagnostics
        return planned.plan


CHANGES = (
    Change(
        "engine-version",
        (
            (RUNTIMES, 'version: "0.33.0"', 'version: "0.34.0"'),
            (RUNTIMES, "vllm-openai:v0.33.0@sha256:5c59", "vllm-openai:v0.34.0@sha256:6c59"),
        ),
    ),
    Change("longer-context", (("environments/prod/assistant.yaml", "maxModelLen: 32768", "maxModelLen: 65536"),)),
    Change("other-model", ((DOCUMENTS, "model: qwen3-8b", "model: qwen3-14b"),)),
    Change("chat-template", (("environments/base/templates/assistant.jinja", "| trim", "| trim | safe"),)),
    Change("new-model", files={"environments/base/arrears.yaml": _NEW_MODEL}),
    Change("model-removed", ((PROD_DOCUMENTS, _SUMMARISE, "metadata: {name: summarise}\n$delete: true\n"),)),
    Change(
        "renamed",
        (
            (RISK, "  name: eta\n", "  name: arrival\n  movedFrom: [eta]\n"),
            ("environments/prod/risk.yaml", "{name: eta}", "{name: arrival}"),
            ("environments/dev/models.yaml", "{name: eta}", "{name: arrival}"),
            ("environments/staging/models.yaml", "{name: eta}", "{name: arrival}"),
            (MONITORING, "models: [fraud, eta]", "models: [fraud, arrival]"),
            ("environments/public/routes.yaml", "{model: eta}", "{model: arrival}"),
        ),
    ),
    Change("other-owner", ((RISK, "owner: team-risk", "owner: team-fraud"),)),
    Change("more-replicas", (("environments/prod/risk.yaml", "min: 2, max: 8", "min: 4, max: 12"),)),
    Change("larger-cache", ((ASSISTANT, "size: 300Gi", "size: 400Gi"),)),
    Change("other-storage-class", ((ASSISTANT, "storageClass: shared-fast", "storageClass: local-fast"),)),
    Change("autoscaling-off", ((PROD, "metrics: prometheus-adapter", "metrics: none"),)),
    Change("denied-by-policy", ((DOCUMENTS, "owner: team-documents", "owner: ben"),)),
    Change(
        "excepted-from-policy",
        ((DOCUMENTS, "owner: team-documents", "owner: ben"),),
        {"environments/prod/exceptions.yaml": _EXCEPTION},
    ),
    Change("other-region", ((PROD, "region: eu-central-1", "region: eu-north-1"),)),
    Change("nothing", ((RISK, "# Classic models", "# Predictive models"),)),
)
