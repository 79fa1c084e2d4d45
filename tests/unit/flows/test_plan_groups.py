"""A plan of models whose replicas span several nodes: nodes and GPUs, rollouts of whole replicas, cost."""

import json
from collections.abc import Mapping

from opsdecl.diff.types import BaseRef, Plan, SourceRef
from opsdecl.flows.plan import Wanted, plan_review
from opsdecl.spec.source import MemoryTree
from opsdecl.view.plan.text import render_text
from tests.support.literate import MINIMAL_PROJECT

ENVIRONMENT = """\
apiVersion: opsdecl.dev/v1
kind: Environment
metadata: {{name: dev, owner: platform}}
spec:
  extends: [base]
  platform: {{multiNode: leader-worker-set}}
  capacity:
    pools:
      h100: {{gpu: h100-80gb, nodes: {nodes}, gpusPerNode: 8, reserve: {reserve}, pricePerHour: 2}}
"""
RUNTIME = """\
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: recent}
spec: {engine: vllm, version: "0.33.0", image: "vllm/vllm-openai:v0.33.0"}
"""
LARGE = """\
---
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {{name: {name}}}
spec:
  model: deepseek-v3
  runtime: recent
  weights: {{cache: {{type: hostPath, path: /data}}}}
  accelerator: {{gpu: h100-80gb, count: 8, nodes: {nodes}}}
  parallelism: {{tensor: 8, pipeline: {nodes}}}
  engine: {{maxModelLen: {length}}}
  replicas: {{count: {replicas}}}
"""


def large(name: str = "large", *, nodes: int = 2, length: int = 8192, replicas: int = 2) -> str:
    return LARGE.format(name=name, nodes=nodes, length=length, replicas=replicas)


def planned(before: str, after: str, *, nodes: int = 4, reserve: int = 0) -> Plan:
    def tree(text: str) -> MemoryTree:
        files = {"environment.yaml": ENVIRONMENT.format(nodes=nodes, reserve=reserve), "case.yaml": RUNTIME + text}
        return MemoryTree({**MINIMAL_PROJECT, **{f"environments/dev/{name}": text for name, text in files.items()}})

    done = plan_review(tree(after), tree(before), Wanted("dev"), SourceRef(), BaseRef(ref="main"))
    assert done.plan is not None, done.diagnostics
    return done.plan


def codes(plan: Plan) -> list[str]:
    return [f.code for f in plan.findings if f.code.startswith("OD77")]


def objects(plan: Plan) -> Mapping[str, tuple[str, tuple[str, ...]]]:
    changes = [change for release in plan.releases for change in release.changes]
    return {change.object.kind: (change.action, change.classes) for change in changes}


def test_text_and_json_name_nodes_and_gpus() -> None:
    plan = planned(large(length=8192), large(length=16384))
    text = render_text(plan, width=200)
    assert "an old replica stops before a new one starts, 1 of 2 serve, each on 2 nodes × 8 GPUs" in text
    assert "restarts 4 pods, 32 × h100-80gb" in text
    written = json.loads(plan.model_dump_json(by_alias=True))
    (row,) = written["runs"]
    assert (row["rollout"]["nodes"], row["rollout"]["gpus"]) == (2, 8)
    (document,) = written["documents"]
    assert (document["effects"]["pods"], document["effects"]["gpus"]) == ([4, 4], [32, 32])
    assert row["costAfter"]["floor"] == 2 * 730 * 32
    assert codes(plan) == []


def test_a_reserve_for_a_whole_replica_keeps_everything_serving() -> None:
    plan = planned(large(length=8192), large(length=16384), nodes=6, reserve=16)
    assert "a new replica starts before an old one stops, 2 of 2 serve" in render_text(plan, width=200)
    assert codes(plan) == []


def test_models_that_would_take_each_others_nodes_are_told_one_at_a_time() -> None:
    both = [large(name, replicas=1, length=length) for length in (8192, 16384) for name in ("one", "two")]
    plan = planned("".join(both[:2]), "".join(both[2:]), nodes=6, reserve=16)
    (finding,) = [f for f in plan.findings if f.code == "OD772"]
    assert "pool `h100` lacks 16 GPUs on 2 nodes for LLM." in finding.message
    assert finding.hint == "change one model at a time: LLM.one, then LLM.two"


def test_from_two_nodes_to_four_the_group_is_updated_and_every_pod_restarts() -> None:
    plan = planned(large(replicas=1), large(replicas=1, nodes=4))
    action, classes = objects(plan)["LeaderWorkerSet"]
    assert action == "update"
    assert {"capacity", "rolling"} <= set(classes)
    (document,) = plan.documents
    assert document.effects.pods == (4, 4)
    assert plan.fleet is not None
    assert (plan.fleet.gpus_before, plan.fleet.gpus_after) == ((16, 16), (32, 32))


def test_from_one_node_to_two_another_object_takes_over() -> None:
    one = (
        large(replicas=1, nodes=1).replace("pipeline: 1", "pipeline: 1").replace("deepseek-v3", "qwen2.5-72b-instruct")
    )
    two = one.replace("nodes: 1", "nodes: 2").replace("pipeline: 1", "pipeline: 2")
    plan = planned(one, two)
    assert "all replicas stop before the new ones start, nothing serves meanwhile" in render_text(plan, width=200)
    found = objects(plan)
    assert found["Deployment"][0] == "delete"
    assert found["LeaderWorkerSet"][0] == "create"
    assert "removal" in found["Deployment"][1]
