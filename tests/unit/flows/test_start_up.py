"""How long a pod may take to start: from the size that is said, else from the one that is reckoned."""

import pytest

from opsdecl.compile.memo import Memo
from opsdecl.flows.build import build
from opsdecl.flows.project import open_project
from opsdecl.spec.source import MemoryTree
from tests.invariants.test_memory import Kept

FILES = {
    "environments/project.yaml": """
apiVersion: opsdecl.dev/v1
kind: Project
metadata: {name: shop}
spec: {defaultEnvironment: prod}
""",
    "environments/prod/environment.yaml": """
apiVersion: opsdecl.dev/v1
kind: Environment
metadata: {name: prod}
spec: {namespaces: [shop]}
""",
}
DOCUMENTS = """
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {{name: vllm}}
spec: {{engine: vllm, version: "0.33.0", image: "vllm/vllm-openai:v0.33.0"}}
---
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {{name: chat, namespace: shop}}
spec:
  model: {{uri: "hf://{repository}", revision: {revision}{size}}}
  runtime: vllm
  accelerator: {{gpu: h100-80gb, count: 1}}
  engine: {{maxModelLen: 4096}}
"""


def budget(repository: str, size: str = "", memo: Memo | None = None) -> int:
    """Minutes that the start-up probe of the model gives."""
    text = DOCUMENTS.format(repository=repository, revision="a" * 40, size=f", weights: {size}" if size else "")
    project = open_project(MemoryTree({**FILES, "environments/prod/chat.yaml": text})).value
    assert project is not None
    built = build(project, "prod", memo=memo).value
    assert built is not None
    (pod,) = [m.data["spec"]["template"]["spec"] for m in built.manifests.manifests if m.key.kind == "Deployment"]
    probe = pod["containers"][0]["startupProbe"]
    return int(probe["failureThreshold"] * probe["periodSeconds"] // 60)


@pytest.mark.parametrize(
    ("repository", "size", "minutes"),
    [
        ("acme/nobody-knows", "", 30),
        ("acme/nobody-knows", "4Gi", 10),
        ("acme/Llama-3.1-70B-Instruct-AWQ", "", 20),
        ("acme/Llama-3.1-8B-Instruct-AWQ", "", 10),
        ("acme/Llama-3.1-8B-Instruct-AWQ", "200Gi", 90),
    ],
)
def test_what_is_said_comes_first_then_what_the_shape_gives(repository: str, size: str, minutes: int) -> None:
    assert budget(repository, size) == minutes


def test_what_an_earlier_run_reckoned_gives_the_same_probe() -> None:
    kept = Kept()
    first = budget("acme/Llama-3.1-8B-Instruct-AWQ", memo=Memo(kept))
    assert budget("acme/Llama-3.1-8B-Instruct-AWQ", memo=Memo(kept)) == first != budget("acme/nobody-knows")
