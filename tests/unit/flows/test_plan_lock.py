"""A lock that moves: what a review can tell of it, and what only a plan against the target can."""

import dataclasses

from msgspec.structs import replace

from opsdecl.diag.codes.plan import LOCK_MOVED
from opsdecl.diff.records import tool_identity
from opsdecl.diff.release import diff_release, state_from_manifests
from opsdecl.diff.types import BaseRef, SourceRef
from opsdecl.flows.effects import effect_table
from opsdecl.flows.plan import Planned, Wanted, open_built, plan_review
from opsdecl.spec.source import MemoryTree
from tests.support.literate import MINIMAL_PROJECT

LLM = """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat}
spec:
  model: phi-4
  runtime: vllm
  accelerator: {gpu: h100-80gb, count: 1}
"""
OLD_LOCK = 'formatVersion: 1\ntool: "0.0.9"\n'
NEW_LOCK = "formatVersion: 1\n"


def tree(lock: str) -> MemoryTree:
    return MemoryTree({**MINIMAL_PROJECT, "environments/dev/chat.yaml": LLM, "opsdecl.lock": lock})


def review(before: str, after: str) -> Planned:
    return plan_review(tree(after), tree(before), Wanted("dev"), SourceRef(), BaseRef(ref="main"))


def test_a_review_in_which_the_lock_moves_says_that_it_cannot_see_the_tools_own_changes() -> None:
    planned = review(OLD_LOCK, NEW_LOCK)
    assert [d.code for d in planned.diagnostics] == [LOCK_MOVED]
    assert planned.plan is not None
    assert planned.plan.base.known, "the base had another tool, which is no fault of its"
    assert planned.plan.changes == ()


def test_a_lock_that_stays_is_not_mentioned() -> None:
    assert review(NEW_LOCK, NEW_LOCK).diagnostics == ()


def test_against_what_was_applied_the_tool_is_the_cause() -> None:
    built = open_built(tree(NEW_LOCK), Wanted("dev")).built
    assert built is not None
    desired = built.manifests
    first, *rest = desired.manifests
    older = dataclasses.replace(
        first, data={**first.data, "metadata": {**first.data["metadata"], "labels": {"made": "before"}}}
    )
    state = state_from_manifests(replace(desired, manifests=(older, *rest)))
    state = replace(state, tool=tool_identity("0.0.9", "sha256:other"))
    (change,) = diff_release(state, desired, effects=effect_table(), tool_moved=True).release.changes
    assert change.cause == "tool"
