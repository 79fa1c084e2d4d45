from typing import Any

import pytest

from opsdecl.diag import Place, Span
from opsdecl.diag.codes import plan as codes
from opsdecl.diff.plan import finding_of, make_plan, unknown_before
from opsdecl.diff.prune import PruneRules, check_prune
from opsdecl.diff.release import ReleaseDiff
from opsdecl.diff.types import BaseRef, Plan, SourceRef
from tests.contracts.builders import manifest
from tests.unit.diff.releases import changed, chat, claim, deployment, document, release, review, service

APPROVALS = {"behaviour": ["ml-leads", "safety"], "data-loss": ["platform"], "removal": ["ml-leads"]}
LONGER = {"maxModelLen": 32768, "maxNumSeqs": 256}


def plan(*diffs: ReleaseDiff, **values: Any) -> Plan:
    source = SourceRef(commit="8d11e02")
    values.setdefault("approvals", APPROVALS)
    return make_plan(
        diffs, mode="review", environment="prod", tool_version="1", source=source, base=BaseRef(ref="main"), **values
    )


def test_each_class_needs_each_of_its_groups() -> None:
    found = plan(review(chat(), chat(engine=LONGER)))
    assert [(a.change_class, a.group, a.documents) for a in found.approvals] == [
        ("behaviour", "ml-leads", ("LLM.chat",)),
        ("behaviour", "safety", ("LLM.chat",)),
    ]


def test_the_worst_class_hides_no_other() -> None:
    found = plan(review(chat(), release()))
    assert {(a.change_class, a.group) for a in found.approvals} == {("data-loss", "platform"), ("removal", "ml-leads")}


def test_no_change_needs_no_approval() -> None:
    assert plan(review(chat(), chat())).approvals == ()


def test_objects_without_a_document_need_approval_too() -> None:
    diff = review(chat(), release())
    (approval,) = plan(ReleaseDiff(diff.release, ()), approvals={"data-loss": ["platform"]}).approvals
    assert approval.documents == ("LLM.chat/main/cache",)


def test_totals_of_several_targets() -> None:
    diff = review(chat(), chat(engine=LONGER))
    other = ReleaseDiff(diff.release.model_copy(update={"id": "acme/prod/other"}), diff.documents)
    found = plan(other, diff)
    assert [r.id for r in found.releases] == ["acme/prod/other", "acme/prod/main"], "in the order of their application"
    assert (found.summary["update"], found.summary["noop"]) == (2, 6)
    (row,) = found.documents
    assert len(row.fields) == 1
    assert row.effects.pods == (4, 12), "both targets restart their pods"


def test_findings_keep_their_place() -> None:
    diagnostic = unknown_before(["LLM.chat"], "origin/main")
    span = Span("environments/prod/chat.yaml", 3, 5, 3, 9)
    found = finding_of(diagnostic.located(lambda _: span))
    assert (found.code, found.severity, found.line) == ("OD540", "warning", None)
    assert "`LLM.chat`" in found.message
    placed = type(diagnostic)(codes.BEFORE_UNKNOWN, "x", at=span)
    assert (finding_of(placed).file, finding_of(placed).line, finding_of(placed).column) == (span.file, 3, 5)
    assert finding_of(type(diagnostic)(codes.BEFORE_UNKNOWN, "x", at=Place("a.yaml"))).file == "a.yaml"


def test_a_plan_within_the_budget_passes() -> None:
    assert check_prune(review(chat(), release()), PruneRules(budget=4)) == ()


def test_more_deletions_than_the_budget_are_an_error() -> None:
    (found,) = check_prune(review(chat(), release()), PruneRules(budget=3, at=Place("env.yaml")))
    assert found.code is codes.PRUNE_BUDGET
    assert "deletes 4 objects" in found.message
    assert "`LLM.chat/main/cache`" in found.message
    assert found.at == Place("env.yaml")


def test_what_is_let_go_costs_no_budget() -> None:
    assert check_prune(review(chat(), release(), forget={"LLM.chat"}), PruneRules(budget=0)) == ()


def test_updates_cost_no_budget() -> None:
    assert check_prune(review(chat(), chat(engine=LONGER)), PruneRules(budget=0)) == ()


@pytest.mark.parametrize("protect", [("PersistentVolumeClaim",), ()], ids=["by kind", "by itself"])
def test_a_protected_object_is_not_deleted(protect: tuple[str, ...]) -> None:
    view = document()
    before = release(claim(view, protect=not protect), service(view))
    (found,) = check_prune(review(before, release()), PruneRules(protect=protect))
    assert found.code is codes.PROTECTED
    assert "PersistentVolumeClaim `assist/chat-cache`" in found.message
    assert found.subject == "LLM.chat"


def test_nothing_is_deleted_in_a_protected_namespace_nor_the_namespace_itself() -> None:
    view = document()
    place = manifest("LLM.chat/main/namespace", "Namespace", "assist", namespace="")
    found = check_prune(review(release(service(view), place), release()), PruneRules(namespaces=("assist",)))
    assert [d.message.partition(" (")[0] for d in found] == [
        "this deletes Namespace `assist`",
        "this deletes Service `assist/chat`",
    ]
    assert check_prune(review(release(service(view), place), release()), PruneRules(namespaces=("risk",))) == ()


def test_a_protected_volume_is_not_replaced_either() -> None:
    view = document()
    diff = review(release(claim(view)), release(claim(view, size="1Gi")))
    (found,) = check_prune(diff, PruneRules(protect=("PersistentVolumeClaim",)))
    assert "replaces" in found.message


def test_a_protected_volume_may_grow() -> None:
    view = document()
    diff = review(release(claim(view, protect=True)), release(claim(view, size="100Gi", protect=True)))
    assert check_prune(diff, PruneRules(protect=("PersistentVolumeClaim",))) == ()


def test_replacing_without_loss_is_no_deletion() -> None:
    view = document()
    other = changed(deployment(view), ("spec", "selector"), {"matchLabels": {"app": "other"}})
    diff = review(release(deployment(view)), release(other))
    assert diff.release.summary["replace"] == 1
    assert check_prune(diff, PruneRules(budget=0)) == ()
