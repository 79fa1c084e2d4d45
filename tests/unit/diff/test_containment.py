from typing import Any

import pytest
from msgspec.structs import replace

from opsdecl.diff.containment import check_contained
from opsdecl.diff.records import TargetState
from opsdecl.diff.release import diff_release, state_from_manifests
from opsdecl.diff.types import Plan
from opsdecl.render.types import Manifest, ManifestSet
from tests.unit.diff.releases import (
    EFFECTS,
    POD,
    changed,
    chat,
    deployment,
    document,
    manifest,
    release,
    review,
    service,
)
from tests.unit.diff.test_plan import LONGER, plan

AFTER = chat(engine=LONGER)
REVIEWED = plan(review(chat(), AFTER))


def fresh(base: TargetState, desired: ManifestSet = AFTER) -> Plan:
    return plan(diff_release(base, desired, effects=EFFECTS))


def held(applied: ManifestSet, **live: Manifest | None) -> TargetState:
    """A target after `applied`, edited by somebody else."""
    state = state_from_manifests(applied)
    objects = []
    for stored in state.objects:
        role = stored.address.rpartition("/")[2]
        if role in live:
            found = live[role]
            stored = replace(stored, live=found.data if found else None, live_digest="", changed_by="kim")
        objects.append(stored)
    return replace(state, objects=tuple(objects))


def refusals(*args: Any, **values: Any) -> list[tuple[str, str]]:
    return [(d.code.id, d.message) for d in check_contained(*args, **values)]


def test_the_reviewed_change_passes() -> None:
    assert refusals(fresh(state_from_manifests(chat())), REVIEWED) == []


def test_less_than_reviewed_passes() -> None:
    assert refusals(fresh(state_from_manifests(AFTER)), REVIEWED) == []


def test_another_commit_of_the_same_content_passes() -> None:
    squashed = fresh(state_from_manifests(chat())).model_copy(update={"source": REVIEWED.source.model_copy()})
    squashed = squashed.model_copy(update={"source": squashed.source.model_copy(update={"commit": "other"})})
    assert refusals(squashed, REVIEWED) == []


def test_other_specs_are_refused() -> None:
    found = refusals(fresh(state_from_manifests(chat()), chat(engine={"maxModelLen": 9, "maxNumSeqs": 256})), REVIEWED)
    assert found[0][0] == "OD511"
    assert "reviewed was sha256:" in found[0][1]


def test_another_environment_is_refused() -> None:
    other = fresh(state_from_manifests(chat())).model_copy(update={"environment": "dev"})
    assert [code for code, _ in refusals(other, REVIEWED)] == ["OD512"]


def test_a_target_that_nobody_reviewed_is_refused() -> None:
    missing = REVIEWED.model_copy(update={"releases": ()})
    assert refusals(fresh(state_from_manifests(chat())), missing)[0][0] == "OD512"


def _on_port_81(source: Manifest) -> Manifest:
    return changed(source, ("spec", "ports", 0, "port"), 81) if source.address.role == "service" else source


def test_an_object_beyond_the_review_is_named() -> None:
    older = chat()
    older = release(*(_on_port_81(m) for m in older.manifests), documents=older.documents)
    assert refusals(fresh(state_from_manifests(older)), REVIEWED, moved_by="revision 41 by ci") == [
        (
            "OD510",
            "`LLM.chat/main/service` was not in the reviewed plan, it would be updated "
            "(spec.ports[http].port: 81 → 80) now (moved by revision 41 by ci)",
        )
    ]


def test_a_field_whose_start_moved_is_named_with_both_values() -> None:
    found = refusals(fresh(state_from_manifests(chat(engine={"maxModelLen": 4096, "maxNumSeqs": 256}))), REVIEWED)
    assert found[0] == (
        "OD510",
        "`spec.template.spec.containers[vllm].args[--max-model-len]` of `LLM.chat/main/deployment` "
        "was reviewed as 8192 → 32768, it is 4096 → 32768 now",
    )


def test_another_action_is_named() -> None:
    smaller = release(*(m for m in chat().manifests if m.address.role != "deployment"), documents=(document(),))
    found = refusals(fresh(state_from_manifests(smaller)), REVIEWED)
    assert ("OD510", "`LLM.chat/main/deployment` was reviewed as update, it would be created now") in found


DRIFTED: dict[str, dict[str, Manifest | None]] = {
    "another object": {"service": changed(service(document()), ("spec", "ports", 0, "port"), 81)},
    "another field": {"deployment": changed(deployment(document()), (*POD, "args", 1), "--max-num-seqs=9")},
    "the same field": {"deployment": changed(deployment(document()), (*POD, "args", 0), "--max-model-len=9")},
    "an added field": {"deployment": changed(deployment(document()), ("spec", "replicas"), 9)},
    "a deleted object": {"service": None},
}


@pytest.mark.parametrize("live", DRIFTED.values(), ids=DRIFTED.keys())
def test_drift_that_nobody_reviewed_needs_a_flag(live: dict[str, Manifest | None]) -> None:
    now = fresh(held(chat(), **live))
    found = refusals(now, REVIEWED)
    assert {code for code, _ in found} == {"OD513"}
    assert all("(moved by kim)" in message for _, message in found)
    assert refusals(now, REVIEWED, allow_drift=True) == []


def test_drift_that_was_reviewed_passes() -> None:
    now = fresh(held(chat(), **DRIFTED["another field"]))
    assert refusals(now, now) == []


def test_the_flag_covers_drift_only() -> None:
    older = chat(engine={"maxModelLen": 4096, "maxNumSeqs": 256})
    assert refusals(fresh(held(older, **DRIFTED["another object"])), REVIEWED, allow_drift=True) != []


def test_a_hidden_value_that_drifted_is_still_drift() -> None:
    """Both plans show `(sensitive)` twice."""

    def secret(value: str) -> ManifestSet:
        view = document()
        data = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "x", "namespace": "assist"},
            "data": {"a": value},
        }
        return release(manifest(view, "secret", data), documents=(view,))

    reviewed = plan(review(secret("one"), secret("two")))
    now = fresh(held(secret("one"), secret=secret("evil").manifests[0]), secret("two"))
    assert {code for code, _ in refusals(now, reviewed)} == {"OD513"}


def test_a_meaning_that_shows_at_the_document_only_is_compared() -> None:
    now = fresh(state_from_manifests(chat()))
    (row,) = now.documents
    worse = now.model_copy(update={"documents": (row.model_copy(update={"classes": ("data-loss", *row.classes)}),)})
    ((code, message),) = refusals(worse, REVIEWED)
    assert code == "OD510"
    assert "it is also data-loss now" in message


def test_a_plan_against_an_unknown_base_lets_nothing_through() -> None:
    blind = diff_release(None, AFTER, effects=EFFECTS, base_ref=REVIEWED.base.model_copy(update={"known": False}))
    assert refusals(fresh(state_from_manifests(chat())), plan(blind)) != []
