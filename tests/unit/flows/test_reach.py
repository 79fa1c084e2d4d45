"""What would make a model fit: over several nodes only where the environment can join them and has them."""

import pytest

from opsdecl.flows.validate import validate_tree
from opsdecl.spec.source import MemoryTree
from tests.support.literate import MINIMAL_PROJECT

FILES = """\
apiVersion: opsdecl.dev/v1
kind: Environment
metadata: {{name: dev, owner: platform}}
spec:
  extends: [base]
  platform: {{multiNode: {multi}}}
  capacity:
    pools:
      h100: {{gpu: h100-80gb, nodes: {nodes}, gpusPerNode: {each}}}
---
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {{name: recent}}
spec: {{engine: vllm, version: "0.33.0", image: "vllm/vllm-openai:v0.33.0"}}
---
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {{name: large}}
spec:
  model: deepseek-v3
  runtime: recent
  weights: {{cache: {{type: hostPath, path: /data}}}}
  accelerator: {{gpu: h100-80gb, count: {each}}}
  parallelism: {{tensor: {each}}}
  engine: {{maxModelLen: 8192}}
"""


@pytest.mark.parametrize(
    ("multi", "nodes", "each", "hint"),
    [
        ("leader-worker-set", 4, 8, "for example: pipeline-parallel 2 over 2 nodes"),
        ("leader-worker-set", 4, 4, "for example: pipeline-parallel 4 over 4 nodes"),
        ("leader-worker-set", 1, 8, ""),
        ("none", 4, 8, ""),
    ],
)
def test_more_nodes_are_a_remedy_only_where_they_can_be_had(multi: str, nodes: int, each: int, hint: str) -> None:
    text = FILES.format(multi=multi, nodes=nodes, each=each)
    environment, models = text.split("---\n", 1)
    files = {"environments/dev/environment.yaml": environment, "environments/dev/case.yaml": models}
    done = validate_tree(MemoryTree({**MINIMAL_PROJECT, **files}))
    (found,) = [d for d in done if d.code.id == "OD757"]
    assert "nodes" not in found.hint if not hint else hint in found.hint
