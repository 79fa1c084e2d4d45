"""A small project with a model that another one guards."""

from collections.abc import Mapping
from pathlib import Path

from opsdecl.spec.source import MemoryTree
from tests.support.project import write_files
from tests.support.small import PROJECT_FILE, TARGET, with_texts

NAMESPACE = "assist"
CHAT, CHECKS = "environments/prod/chat.yaml", "environments/prod/checks.txt"

GUARDED_PROJECT: Mapping[str, str] = {
    **PROJECT_FILE,
    "environments/prod/environment.yaml": f"""\
apiVersion: opsdecl.dev/v1
kind: Environment
metadata: {{name: prod, owner: team-platform}}
spec:
  targets:
    {TARGET}
  namespaces: [{NAMESPACE}]
  platform: {{metrics: prometheus-adapter, monitoring: prometheus-operator}}
  capacity:
    pools:
      h100: {{gpu: h100-80gb, nodes: 4, gpusPerNode: 8, reserve: 8}}
""",
    "environments/prod/runtimes.yaml": """\
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: vllm}
spec:
  engine: vllm
  version: "0.33.0"
  image: "vllm/vllm-openai:v0.33.0"
  resources: {cpu: "8", memory: 64Gi}
---
apiVersion: opsdecl.dev/v1
kind: Monitor
metadata: {name: models, owner: team-assist}
spec: {watch: {llms: [chat]}}
""",
    "environments/prod/shield.yaml": """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: shield, owner: team-safety}
spec:
  model: qwen2.5-7b-instruct
  runtime: vllm
  accelerator: {gpu: h100-80gb, pool: h100}
  engine: {maxModelLen: 8192}
""",
    CHAT: """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat, owner: team-assist}
spec:
  model: qwen2.5-7b-instruct
  runtime: vllm
  accelerator: {gpu: h100-80gb, pool: h100}
  engine: {maxModelLen: 8192}
  replicas: {min: 1, max: 2, target: {metric: waiting-requests, value: 4}}
  guardrails:
    engine: nemo-guardrails
    version: "0.24.1"
    image: registry.test/nemo-guardrails:0.24.1
    config: {file: environments/prod/checks.txt}
    input: ["content safety check input $model=judge", injection detection]
    output: ["content safety check output $model=judge"]
    judge: shield
    streaming: {}
""",
    CHECKS: """\
prompts:
- task: content_safety_check_input $model=judge
  output_parser: is_content_safe
  content: "Is this safe? Answer safe or unsafe. {{ user_input }}"
- task: content_safety_check_output $model=judge
  output_parser: is_content_safe
  content: "Is this safe? Answer safe or unsafe. {{ user_input }} {{ bot_response }}"
""",
}
_GUARD = GUARDED_PROJECT[CHAT].partition("  guardrails:\n")
UNGUARDED: Mapping[str, str] = {**GUARDED_PROJECT, CHAT: _GUARD[0]}


def guarded_project(**changed: str) -> dict[str, str]:
    """The files, with texts replaced in all that have them."""
    return with_texts(GUARDED_PROJECT, changed)


def guarded_tree(**changed: str) -> MemoryTree:
    return MemoryTree(guarded_project(**changed))


def write_guarded(folder: Path, target: str = TARGET) -> Path:
    return write_files(folder, guarded_project(**{TARGET: target}))
