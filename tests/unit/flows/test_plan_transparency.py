"""What a plan says of licences, weights, base models, adapters and cards: topic, both sides, class and line."""

import pytest

from opsdecl.diff.types import BaseRef, Plan, SourceRef
from opsdecl.flows.plan import Wanted, plan_review
from opsdecl.spec.source import MemoryTree
from opsdecl.view.plan.text import render_text
from tests.support.literate import MINIMAL_PROJECT

FILE = "environments/dev/case.yaml"
CATALOG = """\
models:
  house-8b:
    uri: hf://acme/house-8b
    revision: 0123456789abcdef0123456789abcdef01234567
    license: apache-2.0
    baseModels: ["hf://meta-llama/Llama-3.1-8B"]
    weightsGiB: 15
    maxPosition: 8192
    asOf: 2026-11-01
    source: us
"""
DOCUMENTS = """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat, owner: team-assist}
spec:
  model: house-8b
  runtime: vllm
  adapters: [legal]
  card:
    intendedUse: Answers questions of staff.
    riskClass: limited
---
apiVersion: opsdecl.dev/v1
kind: Adapter
metadata: {name: legal}
spec:
  base: house-8b
  source: {type: hub, uri: "hf://acme/legal", revision: aaaaaaaa}
  rank: 16
  card: {license: mit}
---
apiVersion: opsdecl.dev/v1
kind: Adapter
metadata: {name: mail}
spec: {base: house-8b, source: {type: pvc, claim: adapters}, rank: 16}
"""
Row = tuple[str, str, str | None, str | None, tuple[str, ...], int]


def plan_of(change: tuple[str, str], *, catalog: bool = False) -> Plan:
    trees = []
    for old, new in (("", ""), change):
        text = DOCUMENTS if catalog else DOCUMENTS.replace(old, new)
        facts = CATALOG.replace(old, new) if catalog else CATALOG
        assert not old or text != DOCUMENTS or facts != CATALOG
        trees.append(MemoryTree({**MINIMAL_PROJECT, FILE: text, "catalog/models.yaml": facts}))
    done = plan_review(trees[1], trees[0], Wanted("dev"), SourceRef(), BaseRef(ref="main"))
    assert done.plan is not None, done.diagnostics
    return done.plan


def rows(change: tuple[str, str], *, catalog: bool = False) -> list[Row]:
    """Of the LLM."""
    found = [row for row in plan_of(change, catalog=catalog).transparency if row.address == "LLM.chat"]
    return [(r.topic, r.name, r.before, r.after, r.classes, r.origin.line if r.origin else 0) for r in found]


def test_a_declared_licence_wins_over_the_published_one() -> None:
    declared = ("riskClass: limited", "riskClass: limited\n    license: llama3.1")
    assert rows(declared) == [("license", "", "apache-2.0", "llama3.1", ("metadata",), 11)]


def test_a_licence_that_the_catalogue_knows_otherwise_is_no_other_model() -> None:
    found = rows(("license: apache-2.0", "license: mit"), catalog=True)
    assert found == [("license", "", "apache-2.0", "mit", ("metadata",), 5)]


def test_another_model_changes_weights_licence_and_ancestors() -> None:
    found = {row[0]: row[1:] for row in rows(("  model: house-8b", "  model: phi-4"))}
    assert found["license"] == ("", "apache-2.0", "mit", ("metadata",), 5)
    assert found["weights"][1] == "hf://acme/house-8b @ 0123456789abcdef0123456789abcdef01234567"
    assert str(found["weights"][2]).startswith("hf://microsoft/phi-4")
    assert found["base-model"] == ("", "hf://meta-llama/Llama-3.1-8B", None, ("behaviour",), 5)


def test_another_revision_of_the_same_weights() -> None:
    found = rows(("revision: 0123456789abcdef", "revision: fedcba9876543210"), catalog=True)
    assert [(topic, after, classes) for topic, _, _, after, classes, _ in found] == [
        ("weights", "hf://acme/house-8b @ fedcba98765432100123456789abcdef01234567", ("behaviour",))
    ]


def test_an_ancestor_that_only_the_catalogue_moves_is_shown_though_no_document_changes() -> None:
    change = ("Llama-3.1-8B", "Llama-3.2-3B")
    assert rows(change, catalog=True) == [
        ("base-model", "", "hf://meta-llama/Llama-3.1-8B", "hf://meta-llama/Llama-3.2-3B", ("metadata",), 5)
    ]
    text = render_text(plan_of(change, catalog=True))
    assert "base model changed from hf://meta-llama/Llama-3.1-8B to hf://meta-llama/Llama-3.2-3B" in text
    assert "up to date" not in text


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            ("adapters: [legal]", "adapters: [legal, mail]"),
            [("adapter", "mail", None, "pvc://adapters", ("behaviour",), 7)],
        ),
        (
            ("revision: aaaaaaaa", "revision: bbbbbbbb"),
            [("adapter", "legal", "hf://acme/legal @ aaaaaaaa", "hf://acme/legal @ bbbbbbbb", ("behaviour",), 17)],
        ),
        (
            ("card: {license: mit}", "card: {license: cc-by-nc-4.0}"),
            [("adapter-license", "legal", "mit", "cc-by-nc-4.0", ("metadata",), 19)],
        ),
        (
            ("  adapters: [legal]\n", ""),
            [
                ("adapter", "legal", "hf://acme/legal @ aaaaaaaa", None, ("behaviour",), 0),
                ("adapter-license", "legal", "mit", None, ("behaviour",), 0),
            ],
        ),
    ],
    ids=["added", "revision", "licence", "removed"],
)
def test_adapters(change: tuple[str, str], expected: list[Row]) -> None:
    found = rows(change)
    # Of what is gone there is no line to show but that of the document.
    assert [row[:5] for row in found] == [row[:5] for row in expected]
    assert all(row[5] == wanted[5] for row, wanted in zip(found, expected, strict=True) if wanted[5])


def test_risk_class_and_intended_use() -> None:
    assert rows(("riskClass: limited", "riskClass: minimal")) == [
        ("risk-class", "", "limited", "minimal", ("metadata",), 10)
    ]
    gone = rows(("    intendedUse: Answers questions of staff.\n", ""))
    assert [row[:4] for row in gone] == [("intended-use", "", "Answers questions of staff.", None)]


def test_what_is_no_part_of_cards_and_bills_adds_nothing() -> None:
    assert rows(("owner: team-assist", "owner: team-other")) == []
    assert rows(("runtime: vllm", "runtime: vllm\n  engine: {maxNumSeqs: 8}")) == []


def test_an_adapters_own_document_tells_of_itself() -> None:
    found = plan_of(("card: {license: mit}", "card: {license: mit, riskClass: minimal}")).transparency
    assert [(row.address, row.topic, row.after) for row in found] == [("Adapter.legal", "risk-class", "minimal")]


def test_items_of_lists_are_no_obstacle() -> None:
    renamed = rows(("metadata: {name: chat, ", "metadata: {name: chat, movedFrom: [talk], "))
    assert renamed == []
    data = "riskClass: limited\n    trainingData: [{name: 'tickets [2024]. a'}]\n    license: mit"
    assert [row[0] for row in rows(("riskClass: limited", data))] == ["license"]
