"""GPUs that are claimed as devices: pods, templates, names, origins, and what a plan counts."""

from typing import Any

import pytest

from opsdecl.diff.rules import kind_rule
from opsdecl.diff.types import BaseRef, SourceRef
from opsdecl.flows.plan import Wanted, plan_review
from opsdecl.render.canonical import to_yaml
from opsdecl.render.types import Manifest
from tests.support.claimed import PLATFORM, claimed_tree
from tests.support.golden import expect_golden
from tests.support.project import built

PLUGIN = PLATFORM.replace("devices: dra", "devices: device-plugin")


def objects(platform: str = PLATFORM, **changed: str) -> tuple[Manifest, ...]:
    return tuple(built(claimed_tree(platform, **changed), "prod").manifests.manifests)


def pods(value: Any) -> list[dict[str, Any]]:
    """Every pod below a value."""
    if isinstance(value, list):
        return [pod for each in value for pod in pods(each)]
    if not isinstance(value, dict):
        return []
    own = [value] if isinstance(value.get("containers"), list) else []
    return own + [pod for each in value.values() for pod in pods(each)]


def test_templates() -> None:
    shown = [to_yaml(m.data) for m in objects() if m.key.kind == "ResourceClaimTemplate"]
    expect_golden("---\n".join(shown), "devices/templates.yaml")


KSERVE = {
    "count: 4, nodes: 2, pool": "count: 8, pool",
    "gpusPerNode: 8, labels": "gpusPerNode: 8, reserve: 8, labels",
    "gpusPerNode: 2, labels": "gpusPerNode: 2, reserve: 1, labels",
}
"""A project for which KServe has a place."""


@pytest.mark.parametrize("serving", ["native", "kserve"])
def test_every_pod_with_gpus_claims_them_of_a_template_that_comes_first(serving: str) -> None:
    made = objects() if serving == "native" else objects("{devices: dra, serving: kserve}", **KSERVE)
    templates = {m.key.name: m for m in made if m.key.kind == "ResourceClaimTemplate"}
    found = [(m, pod) for m in made for pod in pods(m.data)]
    assert len(found) >= 5
    for manifest, pod in found:
        (claim,) = pod["resourceClaims"]
        template = templates[claim["resourceClaimTemplateName"]]
        assert template.address in manifest.depends_on
        claiming = [c for c in pod["containers"] if c.get("resources", {}).get("claims") == [{"name": claim["name"]}]]
        assert len(claiming) == 1
    assert "nvidia.com/gpu:" not in "".join(to_yaml(m.data) for m in made)


def test_another_number_of_gpus_is_another_template_and_the_one_before_goes() -> None:
    """Its spec can never change, so nothing is changed in place."""
    assert "replace" in {rule.change_class for rule in kind_rule("ResourceClaimTemplate").fields}
    after = claimed_tree(**{"count: 4, nodes: 2": "count: 2, nodes: 2", "tensor: 4": "tensor: 2"})
    done = plan_review(after, claimed_tree(), Wanted("prod"), SourceRef(), BaseRef(ref="main"))
    assert done.plan is not None
    changes = {str(c.object.name): c for c in done.plan.releases[0].changes if c.object.kind == "ResourceClaimTemplate"}
    moved = [c for c in changes.values() if c.action == "replace"]
    assert len(moved) == 1
    assert moved[0].object.name.startswith("wide-devices-")


def test_a_plan_counts_the_gpus_of_claims() -> None:
    both = []
    for platform in (PLUGIN, PLATFORM):
        before = claimed_tree(platform)
        after = claimed_tree(platform, **{"0.33.0": "0.33.1"})
        done = plan_review(after, before, Wanted("prod"), SourceRef(), BaseRef(ref="main"))
        assert done.plan is not None
        documents = [d for release in done.plan.documents for d in [release]]
        both.append({d.address: d.effects.gpus for d in documents})
    assert both[0] == both[1]
    assert both[0]["LLM.wide"] == (8, 8)


def test_a_run_stays_the_same_run() -> None:
    names = [{m.key.name for m in objects(platform) if m.key.kind == "Job"} for platform in (PLUGIN, PLATFORM)]
    assert names[0] == names[1]
