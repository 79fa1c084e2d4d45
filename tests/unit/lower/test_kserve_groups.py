"""Replicas over several nodes on KServe: the same leader and workers as natively, in KServe's own object."""

from collections.abc import Mapping
from typing import Any

from opsdecl.diff.types import BaseRef, SourceRef
from opsdecl.flows.plan import Wanted, plan_review
from opsdecl.flows.render import as_files
from opsdecl.render.schemas import examine_schemas
from opsdecl.render.types import Manifest
from opsdecl.spec.source import MemoryTree
from tests.support.golden import ROOT, expect_golden, expect_only
from tests.support.platforms import CHAT, platform_files, platform_tree
from tests.support.project import built
from tests.support.small import TARGET

NATIVE, KSERVE = (f"{{serving: {serving}, multiNode: leader-worker-set}}" for serving in ("native", "kserve"))
ONE = "accelerator: {gpu: h100-80gb, count: 1, pool: h100}\n"
SPREAD = ONE.replace("count: 1", "count: 8, nodes: 2") + "  parallelism: {tensor: 8, pipeline: 2}\n"
FIRST = {"leaderworkerset.sigs.k8s.io/worker-index": "0"}


def tree(platform: str = KSERVE, spread: str = SPREAD) -> MemoryTree:
    return platform_tree(platform, chat=(ONE, spread))


def rendered(platform: str = KSERVE, spread: str = SPREAD) -> Mapping[str, Manifest]:
    """By role, with what is the Environment's own."""
    found = built(tree(platform, spread), "prod").manifests.manifests
    return {m.address.role: m for m in found if str(m.address.spec) in ("LLM.chat", "Environment.prod")}


def service(made: Mapping[str, Manifest]) -> Any:
    return made["llm-inference-service"].data["spec"]


def test_leader_and_workers_are_those_of_plain_kubernetes() -> None:
    kserve, native = service(rendered()), rendered(NATIVE)["leader-worker-set"].data["spec"]
    for field, member in (("template", "leaderTemplate"), ("worker", "workerTemplate")):
        own = native["leaderWorkerTemplate"][member]["spec"]
        pods = kserve[field]
        (container,), (other,) = pods["containers"], own["containers"]
        assert container == {**other, "name": "main"}
        rest = {name: value for name, value in pods.items() if name not in ("containers", "topologySpreadConstraints")}
        assert rest == {name: own[name] for name in rest}, field
    assert "--node-rank=0" in kserve["template"]["containers"][0]["args"]
    assert "--headless" in kserve["worker"]["containers"][0]["args"]


def test_kserve_makes_as_many_pods_as_there_are_nodes_and_requests_come_to_the_first() -> None:
    made = rendered()
    assert service(made)["parallelism"] == {"tensor": 8, "pipeline": 2}
    assert FIRST.items() <= made["service"].data["spec"]["selector"].items()
    (spread, _) = service(made)["template"]["topologySpreadConstraints"]
    assert FIRST.items() <= spread["labelSelector"]["matchLabels"].items()
    ingress = made["network-policy"].data["spec"]["ingress"]
    joined = {"podSelector": {"matchLabels": made["network-policy"].data["spec"]["podSelector"]["matchLabels"]}}
    assert [joined] in [rule["from"] for rule in ingress], "members talk on ports that engines choose"
    assert made["pdb"].data["spec"]["maxUnavailable"] == 1


def test_the_configuration_that_kserve_looks_for_is_made_once_in_each_namespace_that_needs_it() -> None:
    made = rendered()["serving-config.assist"]
    name = "kserve-config-llm-worker-pipeline-parallel"
    assert (made.key.kind, made.key.namespace, made.key.name) == ("LLMInferenceServiceConfig", "assist", name)
    assert "spec" not in made.data, "pods are as they are rendered"
    assert [role for role in rendered(spread=ONE) if role.startswith("serving-config")] == []
    assert [role for role in rendered(NATIVE) if role.startswith("serving-config")] == []
    order = built(tree(), "prod").graph.resources
    (needs,) = [each.depends_on for each in order if each.address.role == "llm-inference-service"]
    assert made.address in needs


def test_an_autoscaler_scales_the_groups_that_kserve_makes() -> None:
    files = platform_files(KSERVE, target=TARGET, chat=(ONE, SPREAD))
    files[CHAT] = files[CHAT].replace("{count: 2}", "{min: 1, max: 3, target: {metric: cpu, value: 60}}")
    made = {m.address.role: m for m in built(MemoryTree(files), "prod").manifests.manifests if m.key.name == "chat"}
    target = made["hpa"].data["spec"]["scaleTargetRef"]
    assert target == {"apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet", "name": "chat-kserve-mn"}


def test_every_object_passes_the_published_schemas() -> None:
    report = examine_schemas(list(rendered().values()), "1.37", lambda address, path: None)
    assert report.diagnostics == ()
    assert report.objects >= 6


def planned(before: str, after: str) -> Any:
    done = plan_review(tree(spread=after), tree(spread=before), Wanted("prod"), SourceRef(), BaseRef(ref="main"))
    assert done.plan is not None, done.diagnostics
    return done.plan


def test_more_nodes_are_another_object_since_kserve_takes_no_other_number() -> None:
    plan = planned(ONE, SPREAD)
    (change,) = [c for c in plan.changes if c.object.kind == "LLMInferenceService"]
    assert (change.action, "replace" in change.classes) == ("replace", True)
    assert any(field.reason == "cannot change after creation" for field in change.fields)
    (model,) = planned(SPREAD, SPREAD.replace("count: 8, nodes: 2", "count: 4, nodes: 4")).runs
    assert (model.rollout.strategy, model.rollout.lowest) == ("recreate", 0), "the object before goes at once"


def test_another_flag_exchanges_the_groups_one_by_one() -> None:
    plan = planned(SPREAD, SPREAD + "  chatTemplate: {text: x}\n")
    (model,) = plan.runs
    assert (model.rollout.strategy, model.rollout.lowest, model.rollout.nodes) == ("one-less", 1, 2)


def test_objects() -> None:
    """Text that people have read once."""
    roles = ("llm-inference-service", "service", "serving-config.assist")
    files = as_files([m for role, m in rendered().items() if role in roles])
    for name, data in files.items():
        expect_golden(data.decode(), f"groups/kserve/{name}")
    expect_only(ROOT / "groups" / "kserve" / "manifests", {name.removeprefix("manifests/") for name in files})
