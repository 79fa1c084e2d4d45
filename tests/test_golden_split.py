"""Golden objects and plans of a model whose prompts are worked out by pods of their own."""

import pytest

from opsdecl.diff.types import BaseRef, SourceRef
from opsdecl.flows.plan import Wanted, plan_review
from opsdecl.render.canonical import to_yaml
from opsdecl.view.plan.text import render_text
from tests.support.golden import expect_golden
from tests.support.project import built
from tests.support.split import KSERVE, NATIVE, PREFILL, split_tree

PLATFORMS = {"native": NATIVE, "kserve": KSERVE}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_objects_of_both_roles(platform: str) -> None:
    found = built(split_tree(PLATFORMS[platform]), "prod").manifests.manifests
    expect_golden("---\n".join(to_yaml(m.data) for m in found), f"split/{platform}.yaml")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_model_gets_prefill_pods(platform: str) -> None:
    before = split_tree(PLATFORMS[platform], **{PREFILL: ""})
    done = plan_review(split_tree(PLATFORMS[platform]), before, Wanted("prod"), SourceRef(), BaseRef(ref="main"))
    assert done.plan is not None
    expect_golden(render_text(done.plan), f"split/{platform}-plan.txt")


def test_another_release_of_the_engine() -> None:
    """Both roles are exchanged, each in its own pool and way."""
    after = split_tree(**{"0.33.0": "0.33.1"})
    done = plan_review(after, split_tree(), Wanted("prod"), SourceRef(), BaseRef(ref="main"))
    assert done.plan is not None
    expect_golden(render_text(done.plan), "split/release-plan.txt")
