"""Both sides of a plan are sized with their own facts, and an engine's new release is blamed where it is named."""

from opsdecl.diff.types import BaseRef, Plan, SourceRef
from opsdecl.flows.plan import Wanted, plan_review
from opsdecl.spec.source import MemoryTree
from tests.support.literate import MINIMAL_PROJECT

RUNTIME = """\
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {{name: vllm}}
spec: {{engine: vllm, version: "{version}", image: "vllm/vllm-openai:v{version}"}}
"""
LLM = """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {{name: chat}}
spec:
  model: {model}
  runtime: vllm
  accelerator: {{gpu: {gpu}}}
  engine: {{maxModelLen: {length}}}
"""
GPU = """\
gpus:
  house-gpu:
    memoryGiB: {memory}
    bandwidthGBs: 1000
    computeCapability: "9.0"
    resource: nvidia.com/gpu
    productLabel: house
    pricePerHour: {price}
    source: data sheet
    asOf: 2026-11-01
"""


ENVIRONMENT = """\
apiVersion: opsdecl.dev/v1
kind: Environment
metadata: {name: dev, owner: platform}
spec: {extends: [base]}
"""


def planned(before: dict[str, str], after: dict[str, str]) -> Plan:
    def tree(files: dict[str, str]) -> MemoryTree:
        return MemoryTree({**MINIMAL_PROJECT, "environments/dev/environment.yaml": ENVIRONMENT, **files})

    done = plan_review(tree(after), tree(before), Wanted("dev"), SourceRef(), BaseRef(ref="main"))
    assert done.plan is not None, done.diagnostics
    return done.plan


def test_a_bump_that_a_model_does_not_survive_is_reported_at_the_bump() -> None:
    chat = LLM.format(model="nemotron-nano-9b-v2", gpu="l4", length=8192)
    name = next(path for path, text in MINIMAL_PROJECT.items() if "kind: Runtime" in text)

    def side(version: str) -> dict[str, str]:
        return {name: RUNTIME.format(version=version), "environments/dev/chat.yaml": chat}

    plan = planned(side("0.19.0"), side("0.33.0"))
    (row,) = plan.models
    assert row.turned_by == "runtime.version"
    (found,) = [f for f in plan.findings if f.code == "OD757"]
    assert (found.file, found.line) == (name, 4)
    assert found.message.startswith("LLM.chat fit under release 0.19.0 of the engine and does not under 0.33.0: ")
    assert found.subject == "LLM.chat"


def test_each_side_has_the_facts_of_its_own_catalogue() -> None:
    def side(memory: float, price: float, length: int) -> dict[str, str]:
        chat = LLM.format(model="qwen3-8b", gpu="house-gpu", length=length)
        facts = GPU.format(memory=memory, price=price)
        return {"catalog/gpus.yaml": facts, "environments/dev/chat.yaml": chat}

    plan = planned(side(32, 2, 4096), side(48, 3, 8192))
    (row,) = plan.models
    assert row.before is not None
    assert row.before.per_gpu is not None
    assert row.after is not None
    assert row.after.per_gpu is not None
    assert (row.before.per_gpu.total.point, row.after.per_gpu.total.point) == (32, 48)
    (run,) = plan.runs
    assert run.cost_before is not None
    assert run.cost_after is not None
    assert (run.cost_before.price_per_hour, run.cost_after.price_per_hour) == (2, 3)
