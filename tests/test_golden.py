"""What the worked example becomes, and what changes of it mean: text that people have read once."""

import json

import pytest

from opsdecl.diff.planfile import dump_plan
from opsdecl.diff.types import BaseRef, SourceRef
from opsdecl.flows.plan import Wanted, plan_review
from opsdecl.flows.render import as_files
from opsdecl.render.canonical import to_yaml
from opsdecl.spec.source import MemoryTree
from opsdecl.view.graph import render_tree
from opsdecl.view.plan.markdown import render_markdown
from opsdecl.view.plan.text import render_text
from tests.support.changes import CHANGES, Change
from tests.support.golden import ROOT, expect_golden, expect_only
from tests.support.guarded import UNGUARDED, guarded_tree
from tests.support.large import large_tree
from tests.support.node_cached import cached_project, cached_tree
from tests.support.platforms import EVERYTHING, FROM_ZERO, platform_tree
from tests.support.project import ENVIRONMENTS, built, example_tree
from tests.support.routed import BY_CANARY, BY_POOLS, CHECKED, STEPPED, routed_tree
from tests.support.searched import PLATFORMS, searched_project, searched_tree

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_manifests(environment: str) -> None:
    files = as_files(built(example_tree(), environment).manifests.manifests)
    for name, data in files.items():
        expect_golden(data.decode(), f"example/{environment}/{name}")
    expect_only(ROOT / "example" / environment / "manifests", {name.removeprefix("manifests/") for name in files})


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_graph(environment: str) -> None:
    expect_golden(render_tree(built(example_tree(), environment).graph), f"example/{environment}/graph.txt")


@pytest.mark.parametrize("change", [pytest.param(change, id=change.name) for change in CHANGES])
def test_plan(change: Change) -> None:
    plan = change.plan()
    expect_golden(render_text(plan), f"changes/{change.name}/plan.txt")
    expect_golden(render_text(plan, details=True), f"changes/{change.name}/plan.details.txt")
    expect_golden(render_markdown(plan, digest=DIGEST), f"changes/{change.name}/plan.md")
    expect_golden(_stable(dump_plan(plan)), f"changes/{change.name}/plan.json")


def test_a_model_over_several_nodes() -> None:
    """Its objects, and the plan that spreads it over more of them."""
    files = as_files(built(large_tree(), "prod").manifests.manifests)
    for name, data in files.items():
        expect_golden(data.decode(), f"groups/{name}")
    expect_only(ROOT / "groups" / "manifests", {name.removeprefix("manifests/") for name in files})
    more = large_tree(**{"nodes: 2": "nodes: 3", "pipeline: 2": "pipeline: 3", "8192": "65536"})
    done = plan_review(more, large_tree(), Wanted("prod"), SourceRef(), BaseRef(ref="main"))
    assert done.plan is not None
    expect_golden(render_text(done.plan), "groups/plan.txt")
    expect_golden(render_markdown(done.plan, digest=DIGEST), "groups/plan.md")
    expect_golden(_stable(dump_plan(done.plan)), "groups/plan.json")


def test_a_guarded_model() -> None:
    """Its objects, and the plan that takes the checks away."""
    found = built(guarded_tree(), "prod").manifests.manifests
    own = [m for m in found if str(m.address.spec) == "LLM.chat" or m.key.kind == "PodMonitor"]
    expect_golden("---\n".join(to_yaml(m.data) for m in own), "guardrails/objects.yaml")
    done = plan_review(MemoryTree(UNGUARDED), guarded_tree(), Wanted("prod"), SourceRef(), BaseRef(ref="main"))
    assert done.plan is not None
    expect_golden(render_text(done.plan), "guardrails/plan.txt")
    expect_golden(render_markdown(done.plan, digest=DIGEST), "guardrails/plan.md")


_WORK = ("TrainJob", "RayJob", "JobSet", "Experiment", "ResourceFlavor", "ClusterQueue", "LocalQueue")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_trainings_and_searches(platform: str) -> None:
    """What operators get of them; natively the search, and the queues that are the same everywhere."""
    found = built(searched_tree(platform), "prod").manifests.manifests
    kinds = ("Job", *_WORK[4:]) if platform == "job" else _WORK[:4]
    expect_golden("---\n".join(to_yaml(m.data) for m in found if m.key.kind in kinds), f"work/{platform}.yaml")


def test_a_plan_that_starts_a_search() -> None:
    wanted, source = Wanted("prod"), SourceRef()
    project = {name: text for name, text in searched_project("job").items() if "work" not in name}
    done = plan_review(searched_tree("job"), MemoryTree(project), wanted, source, BaseRef(ref="main"))
    assert done.plan is not None
    expect_golden(render_text(done.plan), "work/plan.txt")
    expect_golden(_stable(dump_plan(done.plan)), "work/plan.json")


def test_copies_of_data_on_nodes() -> None:
    """A dataset that is kept on the disks of nodes, the training that reads it there, and a new version of it."""
    found = built(cached_tree(), "prod").manifests.manifests
    shown = [m for m in found if m.address.variant == "cache" or m.address.spec.name == "tune"]
    expect_golden("---\n".join(to_yaml(m.data) for m in shown), "caches/objects.yaml")
    before = MemoryTree({name: text for name, text in cached_project().items() if "work" not in name})
    newer = cached_tree(**{'version: "1"': 'version: "2"'})
    without = cached_tree(**{"  cache: {pool: h100, size: 120Gi}\n": ""})
    plans = {"plan": (before, cached_tree()), "newer": (cached_tree(), newer), "without": (cached_tree(), without)}
    for name, (base, after) in plans.items():
        done = plan_review(after, base, Wanted("prod"), SourceRef(), BaseRef(ref="main"))
        assert done.plan is not None
        expect_golden(render_text(done.plan), f"caches/{name}.txt")
        expect_golden(_stable(dump_plan(done.plan)), f"caches/{name}.json")


@pytest.mark.parametrize("through", ["gateway-api", "inference-extension"])
def test_requests_from_outside(through: str) -> None:
    """What Routes and the pools of their models become."""
    found = built(routed_tree(**(BY_POOLS if through == "inference-extension" else {})), "prod").manifests.manifests
    shown = [to_yaml(m.data) for m in found if m.address.spec.kind == "Route" or m.address.role == "pool"]
    expect_golden("---\n".join(shown), f"routes/{through}.yaml")


def test_a_canary() -> None:
    """What a model and its Route become, and the plan of a new version."""
    tree = routed_tree(**BY_CANARY)
    roles = ("rollout", "service", "canary-service", "http-route", "pdb")
    shown = [m for m in built(tree, "prod").manifests.manifests if m.address.spec.name == "chat"]
    expect_golden("---\n".join(to_yaml(m.data) for m in shown if m.address.role in roles), "routes/canary.yaml")
    after = routed_tree(**{**BY_CANARY, "maxModelLen: 8192": "maxModelLen: 4096"})
    done = plan_review(after, tree, Wanted("prod"), SourceRef(), BaseRef(ref="main"))
    assert done.plan is not None
    expect_golden(render_text(done.plan), "routes/canary-plan.txt")


def test_a_canary_that_is_asked_on_the_way() -> None:
    """What the controller gets of it, and the plan that lets the next canary go on unasked."""
    tree = routed_tree(**STEPPED)
    shown = [m for m in built(tree, "prod").manifests.manifests if m.key.kind in ("AnalysisTemplate", "Rollout")]
    expect_golden("---\n".join(to_yaml(m.data) for m in shown), "routes/judged.yaml")
    unasked = routed_tree(**{**STEPPED, ", analysis: {errors: 0.5%, looks: 6, tolerated: 0}": "", "600ms": "500ms"})
    done = plan_review(unasked, tree, Wanted("prod"), SourceRef(), BaseRef(ref="main"))
    assert done.plan is not None
    expect_golden(render_text(done.plan), "routes/judged-plan.txt")


def test_checks_at_the_gateway() -> None:
    """What the gateway gets, and the plans that check less, and nothing."""
    tree = routed_tree(**CHECKED)
    shown = [m for m in built(tree, "prod").manifests.manifests if str(m.address.spec) == "Route.chat"]
    expect_golden("---\n".join(to_yaml(m.data) for m in shown), "routes/checked.yaml")
    less = routed_tree(**{**CHECKED, "input: buffered, ": ""})
    for name, after in (("checked-less", less), ("unchecked", routed_tree())):
        done = plan_review(after, tree, Wanted("prod"), SourceRef(), BaseRef(ref="main"))
        assert done.plan is not None
        expect_golden(render_text(done.plan), f"routes/{name}-plan.txt")


def test_other_shares_of_requests() -> None:
    other = {"weight: 90": "weight: 70", "weight: 10}": "weight: 30}", ", ask.example.com": "", "120s": "100s"}
    done = plan_review(routed_tree(**other), routed_tree(), Wanted("prod"), SourceRef(), BaseRef(ref="main"))
    assert done.plan is not None
    expect_golden(render_text(done.plan), "routes/plan.txt")
    expect_golden(render_markdown(done.plan, digest=DIGEST), "routes/plan.md")


def test_one_spec_on_other_platforms() -> None:
    """Its objects with other projects installed, and the plan that moves it there."""
    there = platform_tree(EVERYTHING, chat=("replicas: {count: 2}", FROM_ZERO))
    files = as_files(built(there, "prod").manifests.manifests)
    for name, data in files.items():
        expect_golden(data.decode(), f"platforms/{name}")
    expect_only(ROOT / "platforms" / "manifests", {name.removeprefix("manifests/") for name in files})
    done = plan_review(there, platform_tree("{}"), Wanted("prod"), SourceRef(), BaseRef(ref="main"))
    assert done.plan is not None
    expect_golden(render_text(done.plan), "platforms/plan.txt")
    expect_golden(render_markdown(done.plan, digest=DIGEST), "platforms/plan.md")


def test_no_plan_is_left_over() -> None:
    assert {folder.name for folder in (ROOT / "changes").iterdir()} == {change.name for change in CHANGES}


def _stable(data: bytes) -> str:
    """Indented for readers, without the digests that follow from everything else."""
    plan = json.loads(data)
    plan["toolVersion"] = plan["lockDigest"] = "(replaced)"
    for release in plan["releases"]:
        release["desired"]["digest"] = release["base"]["digest"] = "(replaced)"
    return json.dumps(plan, indent=2, ensure_ascii=False) + "\n"
