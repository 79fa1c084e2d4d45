"""Projects of any size for the benchmarks: believable specs, one document a file, deterministic."""

from pathlib import Path

ENVIRONMENT = """\
apiVersion: opsdecl.dev/v1
kind: Environment
metadata:
  name: prod
  owner: team-platform
spec:
  extends: [base]
  targets:
    main: {type: git, remote: ".", branch: rendered/prod}
  namespaces: [assist, risk]
  kubernetes: "1.37"
  platform: {metrics: prometheus-adapter}
  approvals: {behaviour: [ml-leads]}
"""

PROJECT = """\
apiVersion: opsdecl.dev/v1
kind: Project
metadata:
  name: bench
spec:
  requires: ">=0.1"
  defaultEnvironment: prod
"""

RUNTIMES = """\
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata:
  name: vllm
spec:
  engine: vllm
  version: "0.33.0"
  image: vllm/vllm-openai:v0.33.0
---
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata:
  name: mlserver
spec:
  engine: mlserver
  version: "1.7.1"
  image: seldonio/mlserver:1.7.1
"""

LLM = """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata:
  name: chat-{n}
  namespace: assist
  owner: team-{team}
  labels: {{tier: gold}}
spec:
  model: {model}
  runtime: vllm
  servedNames: [chat-{n}]
  chatTemplate:
    text: |
      {{% for message in messages %}}<|{{{{ message.role }}}}|>{{{{ message.content }}}}
      {{% endfor %}}
  weights:
    source: {{type: hub, token: {{secret: hf-token, key: token}}}}
    cache: {{type: pvc, size: 60Gi, storageClass: fast, accessMode: ReadWriteMany}}
  accelerator: {{gpu: h100-80gb, count: 1}}
  engine:
    maxModelLen: {length}
    maxNumSeqs: 256
  resources: {{cpu: "8", memory: 64Gi}}
  replicas: {{min: 2, max: 6, target: {{metric: waiting-requests, value: 4}}}}
  slo:
    ttft: {{p95: 800ms}}
    availability: 99.9%
  access:
    from:
      - {{namespace: assist}}
  card:
    intendedUse: Answers questions of team {team}.
    license: {license}
    riskClass: minimal
"""

LICENSES = {"llama-3.1-8b-instruct": "llama3.1", "qwen3-8b": "apache-2.0"}

MODEL = """\
apiVersion: opsdecl.dev/v1
kind: Model
metadata:
  name: score-{n}
  namespace: risk
  owner: team-{team}
spec:
  format: xgboost
  runtime: mlserver
  source:
    uri: s3://models/score/{n}
    credentials: {{secret: s3-models}}
  resources: {{cpu: "2", memory: 4Gi}}
  replicas: {{min: 2, max: 4, target: {{metric: cpu, value: 70}}}}
  access:
    from:
      - {{namespace: risk}}
  card:
    intendedUse: Scores payments for manual review.
    license: proprietary
    riskClass: minimal
"""


def write_project(root: Path, specs: int) -> None:
    """`specs` documents, four LLMs to one classic model, below `root/environments/prod`."""
    base, prod = root / "environments" / "base", root / "environments" / "prod"
    base.mkdir(parents=True)
    prod.mkdir()
    (root / "environments" / "project.yaml").write_text(PROJECT)
    (base / "runtimes.yaml").write_text(RUNTIMES)
    (prod / "environment.yaml").write_text(ENVIRONMENT)
    for n in range(specs):
        (prod / f"spec-{n:05}.yaml").write_text(spec_text(n))


def spec_text(n: int, *, length: int = 16384) -> str:
    """The text of the n-th spec; every fifth is a classic model."""
    if n % 5 == 4:
        return MODEL.format(n=n, team=n % 40)
    model = "llama-3.1-8b-instruct" if n % 2 else "qwen3-8b"
    return LLM.format(n=n, team=n % 40, model=model, license=LICENSES[model], length=length)
