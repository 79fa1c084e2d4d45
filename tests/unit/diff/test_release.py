import dataclasses
from typing import Any

import pytest
from msgspec.structs import replace

from opsdecl.addr import Address, SpecAddress
from opsdecl.diag import SpecPath
from opsdecl.diff.records import StoredObject, TargetState
from opsdecl.diff.release import diff_release, state_from_manifests
from opsdecl.diff.types import BaseRef, Cause, ChangeClass, ObjectChange, Origin
from opsdecl.render.types import ManifestSet
from tests.unit.diff.releases import (
    CHAT,
    EFFECTS,
    POD,
    changed,
    chat,
    claim,
    data_of,
    deployment,
    document,
    hpa,
    manifest,
    release,
    review,
    service,
    the_change,
    the_document,
)

SEQS: SpecPath = (*POD, "args", 1)
LENGTH: SpecPath = (*POD, "args", 0)
AT = "spec.template.spec.containers[vllm]"


def stored(source: ManifestSet, **live: Any) -> TargetState:
    """What a target holds after `source` was applied; `live` replaces objects by role, None for gone."""
    state = state_from_manifests(source)
    return replace(state, objects=tuple(_edited(s, live) for s in state.objects))


def _edited(source: StoredObject, live: dict[str, Any]) -> StoredObject:
    role = source.address.rpartition("/")[2]
    if role not in live:
        return source
    data = live[role].data if live[role] is not None else None
    return replace(source, live=data, live_digest="", changed_by="kim, 4f2a")


def against(base: TargetState | None, desired: ManifestSet, **values: Any) -> dict[str, ObjectChange]:
    diff = diff_release(base, desired, effects=EFFECTS, **values)
    return {change.address.rpartition("/")[2]: change for change in diff.release.changes}


def test_nothing_changed_is_an_empty_plan() -> None:
    diff = review(chat(), chat())
    assert diff.release.changes == ()
    assert diff.documents == ()
    assert diff.release.summary["noop"] == 4


def test_an_empty_target_gets_everything() -> None:
    found = against(None, chat())
    assert {change.action for change in found.values()} == {"create"}
    assert found["deployment"].classes == ("capacity",)
    assert found["deployment"].effects.pods == (2, 6)


def test_what_left_the_specs_is_deleted_worst_first() -> None:
    diff = review(chat(), release())
    assert [(c.address, c.action, c.classes) for c in diff.release.changes] == [
        ("LLM.chat/main/cache", "delete", ("data-loss",)),
        ("LLM.chat/main/deployment", "delete", ("removal",)),
        ("LLM.chat/main/service", "delete", ("removal",)),
        ("LLM.chat/main/hpa", "delete", ("capacity",)),
    ]
    effects = diff.release.changes[1].effects
    assert (effects.pods, effects.gpus, effects.gpu) == ((2, 6), (2, 6), "h100-80gb")
    assert the_document(diff).action == "delete"
    assert diff.release.summary == {
        "create": 0, "update": 0, "replace": 0, "delete": 4, "adopt": 0, "forget": 0, "noop": 0,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["LLM.chat/main/cache", "LLM.chat"], ids=["object", "document"])
def test_what_is_let_go_is_not_deleted(name: str) -> None:
    found = against(state_from_manifests(chat()), release(), forget={name})
    assert found["cache"].action == "forget"
    assert found["cache"].classes == ("none",)
    assert found["service"].action == ("forget" if name == "LLM.chat" else "delete")


def test_what_left_the_specs_and_is_gone_already_is_only_let_go() -> None:
    found = against(stored(chat(), cache=None), release())
    assert found["cache"].action == "forget"


RECORDS: list[tuple[str, SpecPath, SpecPath, dict[str, Cause]]] = [
    ("spec", SEQS, (), {f"{AT}.args[--max-num-seqs]": "spec"}),
    ("drift", (), SEQS, {f"{AT}.args[--max-num-seqs]": "drift"}),
    ("both", SEQS, SEQS, {f"{AT}.args[--max-num-seqs]": "both"}),
    ("both", SEQS, LENGTH, {f"{AT}.args[--max-model-len]": "drift", f"{AT}.args[--max-num-seqs]": "spec"}),
]


@pytest.mark.parametrize(("cause", "edit", "drift", "fields"), RECORDS)
def test_a_change_says_its_cause(cause: Cause, edit: SpecPath, drift: SpecPath, fields: dict[str, Cause]) -> None:
    applied = chat()
    wanted = deployment(document())
    wanted = changed(wanted, edit, "--max-num-seqs=512") if edit else wanted
    flag = "--max-model-len" if drift == LENGTH else "--max-num-seqs"
    live = changed(deployment(document()), drift, f"{flag}=7") if drift else deployment(document())
    rest = [m for m in applied.manifests if m.address.role != "deployment"]
    found = against(stored(applied, deployment=live), release(wanted, *rest))["deployment"]
    assert found.cause == cause
    assert {field.path: field.cause for field in found.fields} == fields


def test_a_branch_that_somebody_took_away_while_a_part_of_it_was_edited_is_both() -> None:
    def labelled(value: str) -> ManifestSet:
        return release(changed(service(document()), ("metadata", "labels"), {"a": value, "b": "same"}))

    found = against(stored(labelled("1"), service=service(document())), labelled("2"))["service"]
    assert {field.path: field.cause for field in found.fields} == {"metadata.labels": "both"}


def test_drift_shows_the_live_value_and_who_did_it() -> None:
    live = changed(deployment(document()), SEQS, "--max-num-seqs=512")
    found = against(stored(chat(), deployment=live), chat())["deployment"]
    assert [(f.before, f.after) for f in found.fields] == [("512", "256")]
    assert found.drifted_by == "kim, 4f2a"
    assert found.effects.restart_field == f"{AT}.args[--max-num-seqs]"


def test_drift_back_to_what_is_wanted_needs_nothing() -> None:
    wanted = changed(deployment(document()), SEQS, "--max-num-seqs=512")
    rest = [m for m in chat().manifests if m.address.role != "deployment"]
    assert against(stored(chat(), deployment=wanted), release(wanted, *rest)) == {}


def test_another_spelling_of_an_amount_is_no_drift() -> None:
    live = changed(deployment(document()), (*POD, "resources", "limits", "cpu"), "8000m")
    assert against(stored(chat(), deployment=live), chat()) == {}


def test_another_spelling_in_the_specs_is_written_and_means_nothing() -> None:
    wanted = changed(deployment(document()), (*POD, "resources", "limits", "cpu"), "8000m")
    rest = [m for m in chat().manifests if m.address.role != "deployment"]
    found = against(stored(chat()), release(wanted, *rest))["deployment"]
    assert (found.action, found.classes, found.effects.pods) == ("update", ("none",), (0, 0))


def test_a_deleted_object_comes_back() -> None:
    found = against(stored(chat(), service=None), chat())["service"]
    assert (found.action, found.cause, found.reasons) == ("create", "drift", ("somebody deleted it",))


def test_an_object_that_nobody_here_applied_is_adopted() -> None:
    state = state_from_manifests(chat())
    foreign = tuple(replace(s, applied=None, applied_digest="") for s in state.objects)
    found = against(replace(state, objects=foreign), chat())
    assert {change.action for change in found.values()} == {"adopt"}
    assert found["service"].fields == ()


def test_adopting_shows_what_it_changes() -> None:
    state = stored(chat(), deployment=changed(deployment(document()), SEQS, "--max-num-seqs=9"))
    foreign = tuple(replace(s, applied=None, applied_digest="") for s in state.objects)
    found = against(replace(state, objects=foreign), chat())["deployment"]
    assert [(f.before, f.after) for f in found.fields] == [("9", "256")]
    assert "behaviour" not in found.classes
    assert "rolling" in found.classes


def test_what_others_put_there_is_left_alone() -> None:
    state = state_from_manifests(chat())
    foreign = replace(state.objects[0], address="?", applied=None, key=state.objects[0].key._replace(name="theirs"))
    assert against(replace(state, objects=(*state.objects, foreign)), chat()) == {}


def test_a_renamed_document_keeps_its_objects() -> None:
    old, new = document(), document("assistant")
    new = replace(new, effective={**new.effective, "metadata": {**new.effective["metadata"], "movedFrom": ["chat"]}})
    alias = (Address(CHAT, "main", "deployment"),)
    diff = review(chat(old), release(deployment(new, "chat", aliases=alias), service(new), documents=(new,)))
    assert {c.action for c in diff.release.changes} == {"delete"}, "only what it no longer wants"
    (row,) = diff.documents
    assert (row.address, row.action) == ("LLM.assistant", "update")
    assert "metadata.name" in {field.path for field in row.fields}


def test_a_renamed_object_is_one_replacement() -> None:
    view = document()
    diff = review(chat(view), release(deployment(view, "talk"), service(view), claim(view), documents=(view,)))
    found = the_change(diff)
    assert (found.action, found.object.name) == ("replace", "talk")
    assert found.replaces is not None
    assert found.replaces.name == "chat"
    assert "replace" in found.classes


def test_a_volume_under_another_name_loses_its_data() -> None:
    view = document()
    diff = review(release(claim(view)), release(claim(view, "other")))
    assert the_change(diff, "cache").classes == ("data-loss", "replace")


def test_swapped_names_are_updates_of_the_objects() -> None:
    one, two = document("one"), document("two")
    before = release(service(one, "a"), service(two, "b"))
    after = release(service(one, "b"), service(two, "a"))
    assert {c.action for c in review(before, after).release.changes} <= {"update"}


def test_another_version_of_an_api_is_the_same_object() -> None:
    view = document()
    new = changed(deployment(view), ("apiVersion",), "apps/v2")
    new = dataclasses.replace(new, key=new.key._replace(api_version="apps/v2"))
    found = the_change(review(release(deployment(view)), release(new)))
    assert (found.action, found.classes) == ("update", ("none",))


IMMUTABLE: list[tuple[str, dict[str, Any], dict[str, Any], tuple[ChangeClass, ...]]] = [
    ("Deployment", {"selector": {"matchLabels": {"a": "1"}}}, {"selector": {"matchLabels": {"a": "2"}}}, ("replace",)),
    ("Service", {"clusterIP": "None"}, {"clusterIP": "10.0.0.1"}, ("replace",)),
    ("Job", {"template": {"a": 1}}, {"template": {"a": 2}}, ("replace",)),
    ("StatefulSet", {"serviceName": "a"}, {"serviceName": "b"}, ("replace",)),
    ("PersistentVolumeClaim", {"storageClassName": "a"}, {"storageClassName": "b"}, ("data-loss", "replace")),
]


@pytest.mark.parametrize(
    ("kind", "before", "after", "classes"), IMMUTABLE, ids=lambda v: v if isinstance(v, str) else ""
)
def test_a_field_that_cannot_change_replaces_the_object(
    kind: str, before: dict[str, Any], after: dict[str, Any], classes: tuple[ChangeClass, ...]
) -> None:
    view = document()
    old, new = (manifest(view, "x", data_of(kind, "chat", spec=spec)) for spec in (before, after))
    found = the_change(review(release(old), release(new)), "x")
    assert (found.action, found.classes) == ("replace", classes)


@pytest.mark.parametrize(
    ("size", "action", "classes"),
    [
        ("90Gi", "update", ("capacity",)),
        ("30Gi", "replace", ("data-loss", "replace")),
        ("61440Mi", "update", ("none",)),
    ],
)
def test_a_claim_grows_but_never_shrinks(size: str, action: str, classes: tuple[ChangeClass, ...]) -> None:
    view = document()
    found = the_change(review(release(claim(view)), release(claim(view, size=size))), "cache")
    assert (found.action, found.classes) == (action, classes)


def test_a_claim_that_loses_its_whole_size_is_judged_by_what_was_in_it() -> None:
    view = document()
    before, after = claim(view), changed(claim(view), ("spec", "resources"), None)
    assert the_change(review(release(before), release(after)), "cache").classes == ("data-loss", "replace")


@pytest.mark.parametrize(
    ("path", "value", "classes"),
    [
        (("metadata", "labels"), {"a": "b"}, ("metadata",)),
        (("spec", "replicas"), 3, ("capacity",)),
        (("spec", "minReadySeconds"), 3, ("none",)),
        (("spec", "template", "metadata"), {"labels": {"a": "b"}}, ("rolling",)),
        (("spec", "somethingNew"), 3, ("rolling",)),
    ],
)
def test_what_a_field_of_a_deployment_means(path: SpecPath, value: Any, classes: tuple[ChangeClass, ...]) -> None:
    view = document()
    diff = review(release(deployment(view)), release(changed(deployment(view), path, value)))
    assert the_change(diff).classes == classes


def test_fields_that_others_own_are_not_compared() -> None:
    view = document()
    wanted = dataclasses.replace(
        changed(deployment(view), ("spec", "replicas"), 2), ignore_changes=(("spec", "replicas"),)
    )
    live = changed(deployment(view), ("spec", "replicas"), 5)
    assert against(stored(release(wanted), deployment=live), release(wanted)) == {}
    without = dataclasses.replace(deployment(view), ignore_changes=(("spec", "replicas"),))
    assert against(stored(release(without), deployment=live), release(without)) == {}


def test_a_base_that_does_not_compile_hides_nothing() -> None:
    base = BaseRef(ref="main", known=False)
    diff = diff_release(None, chat(), effects=EFFECTS, base_ref=base)
    assert {c.action for c in diff.release.changes} == {"update"}
    assert the_change(diff).classes == ("behaviour", "rolling")
    assert the_change(diff, "cache").classes == ("capacity",)
    assert the_change(diff).effects.pods == (2, 6)
    assert "before unknown" in the_change(diff).reasons[0]
    assert the_document(diff).classes[0] == "behaviour"


def test_one_document_that_does_not_compile_leaves_the_others_known() -> None:
    other = document("other")
    after = release(*chat().manifests, deployment(other, "other"), documents=(document(), other))
    before = release(deployment(other, "other"), documents=(other,))
    diff = review(before, after, unknown={CHAT})
    assert {c.address.partition("/")[0] for c in diff.release.changes} == {"LLM.chat"}
    assert {c.action for c in diff.release.changes} == {"update"}


def test_a_change_without_a_changed_document_is_the_tools_own() -> None:
    wanted = changed(deployment(document()), SEQS, "--max-num-seqs=512")
    rest = [m for m in chat().manifests if m.address.role != "deployment"]
    after = release(wanted, *rest, documents=(document(),))
    assert the_change(review(chat(), after, tool_moved=True)).cause == "tool"
    assert the_change(review(chat(), after)).cause == "spec"


def test_fields_say_where_they_were_set() -> None:
    def locate(address: SpecAddress, path: SpecPath) -> Origin:
        return Origin(file=f"{address}.yaml", line=len(path), column=1)

    after = chat(engine={"maxModelLen": 32768, "maxNumSeqs": 256})
    diff = review(chat(), after, locate=locate)
    expected = Origin(file="LLM.chat.yaml", line=3, column=1)
    assert [field.origin for field in the_change(diff).fields] == [expected]
    assert [field.origin for field in the_document(diff).fields] == [expected]


def test_the_base_is_named_by_what_was_found_there() -> None:
    diff = review(chat(), chat(), base_ref=BaseRef(ref="main", commit="abc"))
    assert diff.release.base == BaseRef(ref="main", commit="abc", digest=chat().digest)


def test_the_worst_comes_first_then_the_address() -> None:
    views = [document(name) for name in ("a", "b", "c")]
    before = release(*(deployment(v, v.address.name) for v in views), claim(views[2]), hpa(views[0], "a"))
    after = release(
        *(changed(m, ("metadata", "labels"), {"x": "y"}) for m in before.manifests if m.address.role != "cache")
    )
    diff = review(before, after)
    assert [c.address for c in diff.release.changes] == [
        "LLM.c/main/cache", "LLM.a/main/deployment", "LLM.a/main/hpa", "LLM.b/main/deployment", "LLM.c/main/deployment",
    ]  # fmt: skip
    assert [d.address for d in diff.documents] == ["LLM.c", "LLM.a", "LLM.b"]


def test_a_config_map_under_another_name_is_no_replacement_of_anything_that_lasts() -> None:
    view = document()
    old = manifest(view, "chat-template", data_of("ConfigMap", "chat-template-1", data={"chat.jinja": "a"}))
    new = manifest(view, "chat-template", data_of("ConfigMap", "chat-template-2", data={"chat.jinja": "b"}))
    change = the_change(review(release(old), release(new)), "chat-template")
    assert change.action == "replace"
    assert change.classes == ("reload",)
