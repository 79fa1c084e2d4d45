"""Rollouts and cost in a plan: simulated together on the pools of the environment, priced before and after."""

import pytest

from opsdecl.diff.types import BaseRef, Plan, RunChange, SourceRef
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
  capacity:
    pools:
      h100: {{gpu: h100-80gb, nodes: {nodes}, gpusPerNode: {each}, reserve: {reserve}{price}}}
{budget}"""
LLM = """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {{name: {name}}}
spec:
  model: phi-4
  runtime: vllm
  accelerator: {{gpu: h100-80gb, count: {gpus}}}
  parallelism: {{tensor: {gpus}}}
  engine: {{maxModelLen: {length}}}
  {more}
"""


def environment(nodes: int, each: int, reserve: int = 0, price: str = "", budget: str = "") -> str:
    return ENVIRONMENT.format(nodes=nodes, each=each, reserve=reserve, price=price, budget=budget)


def models(sizes: dict[str, int], length: int, more: str = "") -> str:
    return "---\n".join(LLM.format(name=n, gpus=gpus, length=length, more=more) for n, gpus in sizes.items())


def planned(pools: str, before: str, after: str) -> Plan:
    def tree(text: str) -> MemoryTree:
        files = {"environments/dev/environment.yaml": pools, "environments/dev/case.yaml": text}
        return MemoryTree({**MINIMAL_PROJECT, **files})

    done = plan_review(tree(after), tree(before), Wanted("dev"), SourceRef(), BaseRef(ref="main"))
    assert done.plan is not None, done.diagnostics
    return done.plan


def codes(plan: Plan) -> list[tuple[str, str]]:
    return [(f.code, f.severity) for f in plan.findings if f.code.startswith("OD77")]


def run(plan: Plan, address: str) -> RunChange:
    return next(each for each in plan.runs if each.address == address)


def test_a_rollout_on_a_pool_without_a_spare_gpu() -> None:
    two = "replicas: {count: 2}"
    plan = planned(environment(1, 2), models({"chat": 1}, 4096, two), models({"chat": 1}, 8192, two))
    rollout = run(plan, "LLM.chat").rollout
    assert rollout is not None
    assert (rollout.strategy, rollout.replicas, rollout.lowest, rollout.outcome) == ("one-less", 2, 1, "finishes")
    assert rollout.seconds is not None
    assert 0 < rollout.seconds[0] < rollout.seconds[1]
    assert codes(plan) == []
    assert "an old pod stops before a new one starts, 1 of 2 serve" in render_text(plan)


def test_a_reserve_keeps_everything_serving() -> None:
    plan = planned(environment(1, 3, 1), models({"chat": 1}, 4096), models({"chat": 1}, 8192))
    rollout = run(plan, "LLM.chat").rollout
    assert rollout is not None
    assert (rollout.strategy, rollout.lowest) == ("one-more", 1)


def test_a_rollout_that_cannot_finish_by_itself_is_reported_once() -> None:
    surge = "rollout: {strategy: rolling, maxSurge: 1, maxUnavailable: 0}"
    plan = planned(environment(1, 1), models({"chat": 1}, 4096, surge), models({"chat": 1}, 8192, surge))
    assert codes(plan) == [("OD770", "error")]
    rollout = run(plan, "LLM.chat").rollout
    assert rollout is not None
    assert (rollout.outcome, rollout.seconds) == ("cannot-finish", None)


def test_rollouts_that_stop_are_an_error() -> None:
    """Each finishes alone. Together, small pods settle on the node that the large pod has just left."""
    pools, sizes = environment(3, 4, 1), {"large": 4, "small": 1, "tiny": 1}

    def side(length: int) -> str:
        texts = models(sizes, length).split("---\n")
        return "---\n".join([texts[0] + "  replicas: {count: 2}\n", texts[1] + "  replicas: {count: 2}\n", texts[2]])

    plan = planned(pools, side(4096), side(8192))
    (finding,) = [f for f in plan.findings if f.code == "OD771"]
    assert finding.severity == "error"
    assert "the rollout of LLM.large stops in every order of events" in finding.message
    assert "pool `h100` lacks 1 GPU on one node for LLM.large" in finding.message
    assert finding.hint == "change one model at a time: LLM.large, then LLM.small, then LLM.tiny"
    assert (finding.file, finding.line) == ("environments/dev/environment.yaml", 8)
    rollout = run(plan, "LLM.large").rollout
    assert rollout is not None
    assert (rollout.outcome, rollout.lowest, rollout.replicas) == ("stops", 1, 2)


def test_rollouts_that_may_stop_each_other_are_a_warning() -> None:
    pools, sizes = environment(3, 4, 4), {"m0": 2, "m1": 4, "m2": 1}
    for name, gpus in sizes.items():
        alone = {**sizes}
        alone.pop(name)
        text = models(alone, 4096)
        changed = "---\n".join([text, models({name: gpus}, 8192)])
        assert codes(planned(pools, "---\n".join([text, models({name: gpus}, 4096)]), changed)) == []
    assert codes(planned(pools, models(sizes, 4096), models(sizes, 8192))) == [("OD772", "warning")]


def test_cost_before_and_after() -> None:
    before = models({"chat": 1}, 4096, "replicas: {count: 1}")
    after = models({"chat": 1}, 4096, "replicas: {min: 1, max: 4, target: {metric: cpu, value: 60}}")
    plan = planned(environment(1, 8, price=", pricePerHour: 2"), before, after)
    row = run(plan, "LLM.chat")
    assert row.cost_before is not None
    assert row.cost_after is not None
    assert (row.cost_before.floor, row.cost_before.ceiling) == (1460, 1460)
    assert (row.cost_after.floor, row.cost_after.expected, row.cost_after.ceiling) == (1460, 3650, 5840)
    assert (row.cost_after.source, row.cost_after.currency) == ("pool h100", "USD")
    assert plan.fleet is not None
    assert (plan.fleet.gpus_before, plan.fleet.gpus_after) == ((1, 1), (1, 4))
    assert "floor $1.5k · expected $1.5k → $3.6k · ceiling $1.5k → $5.8k, pool h100" in render_text(plan, width=200)


def test_a_price_of_the_catalogue_says_where_and_when() -> None:
    plan = planned(environment(1, 8), models({"chat": 1}, 4096), models({"chat": 2}, 4096))
    cost = run(plan, "LLM.chat").cost_after
    assert cost is not None
    assert cost.source.startswith("catalogue")
    assert cost.as_of


def small(pool: str, gpu: str, count: int) -> tuple[str, str]:
    """A pool, and a small model on it before and after it grows."""
    text = environment(1, 8).replace("h100: {gpu: h100-80gb, nodes: 1, gpusPerNode: 8, reserve: 0}", pool)
    model = models({"chat": 1}, 4096, f"replicas: {{count: {count}}}").replace("phi-4", "qwen2.5-0.5b-instruct")
    return text, model.replace("gpu: h100-80gb", f'gpu: "{gpu}"')


def test_a_slice_costs_its_share_of_the_gpu() -> None:
    pool = 'mig: {gpu: "a100-80gb:1g.10gb", nodes: 1, gpusPerNode: 7}'
    before, after = (small(pool, "a100-80gb:1g.10gb", count) for count in (1, 2))
    cost = run(planned(after[0], before[1], after[1]), "LLM.chat").cost_after
    assert cost is not None
    assert cost.price_per_hour == pytest.approx(3.4309 / 7, rel=1e-3)
    assert "slice of a100-80gb" in cost.source


def test_pods_that_take_turns_share_the_price() -> None:
    """`gpusPerNode` counts turns, four on each GPU, so that one costs a quarter."""
    pool = "shared: {gpu: h100-80gb, nodes: 1, gpusPerNode: 8, sharing: 4, pricePerHour: 8}"
    before, after = (small(pool, "h100-80gb", count) for count in (1, 2))
    cost = run(planned(after[0], before[1], after[1]), "LLM.chat").cost_after
    assert cost is not None
    assert (cost.price_per_hour, cost.source) == (2, "pool shared, 1/4 of a GPU")
    assert cost.floor == 2 * 2 * 730


def test_a_price_that_nobody_knows_is_not_nothing() -> None:
    euros = environment(1, 8, budget="  budget: {monthly: 100000, currency: EUR}\n")
    plan = planned(euros, models({"chat": 1}, 4096), models({"chat": 2}, 4096))
    assert run(plan, "LLM.chat").cost_after is None
    assert plan.fleet is not None
    assert plan.fleet.unpriced == ("LLM.chat",)
    assert codes(plan) == [("OD779", "warning")]


@pytest.mark.parametrize("change", ["chat: 1", "nothing"])
def test_a_plan_without_gpus_says_nothing(change: str) -> None:
    text = "apiVersion: opsdecl.dev/v1\nkind: LLM\nmetadata: {name: chat}\nspec: {model: phi-4, runtime: vllm}\n"
    assert planned(environment(1, 8), text, text).fleet is None
