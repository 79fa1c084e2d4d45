"""What every target promises, whatever it writes to."""

from collections.abc import Callable
from pathlib import Path

import pytest

from opsdecl.addr import Address
from opsdecl.apply.ports import Target
from opsdecl.apply.types import Changed, Event, Recorded
from opsdecl.diff.records import TargetState
from opsdecl.render.types import Manifest, ManifestSet
from tests.contracts.builders import RELEASE, actions, apply, chat, manifest, nothing, plan_of, record, release
from tests.contracts.places import PLACES, Place

Open = Callable[[str], Target]


@pytest.fixture(params=sorted(PLACES))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return PLACES[request.param](tmp_path)


@pytest.fixture
def target(place: Place) -> Target:
    return place.open("ana")


def read(target: Target) -> TargetState:
    state = target.read()
    assert state.value is not None, state.diagnostics
    assert state.diagnostics == ()
    return state.value


def test_nothing_is_there_before_the_first_apply(target: Target) -> None:
    state = read(target)
    assert (state.objects, state.documents, state.unowned, state.revision) == ((), (), (), "")
    assert target.history(10).value == ()


def test_what_was_applied_is_read_back(target: Target) -> None:
    desired = chat()
    done = apply(target, desired)
    state = read(target)
    assert done.value.counts == {"create": 3}
    assert (state.revision, state.desired_digest) == (done.value.revision, desired.digest)
    assert {o.key: dict(o.applied or {}) for o in state.objects} == {m.key: m.data for m in desired.manifests}
    assert {o.key: dict(o.live or {}) for o in state.objects} == {m.key: m.data for m in desired.manifests}
    assert {o.key: o.protect for o in state.objects} == {m.key: m.protect for m in desired.manifests}
    assert [(d.address, d.effective, d.references) for d in state.documents] == [
        (d.address, d.effective, d.references) for d in desired.documents
    ]


def test_plan_after_apply_is_empty(target: Target) -> None:
    apply(target, chat())
    apply(target, chat(2))
    assert actions(plan_of(read(target), chat(2))) == {}


def test_applying_again_records_nothing(target: Target) -> None:
    apply(target, chat())
    before = read(target)
    again = apply(target, chat())
    assert (again.value.revision, again.value.counts) == (before.revision, {})
    assert read(target).identity == before.identity
    assert len(target.history(10).value or ()) == 1


def test_changes_additions_and_removals_in_one_apply(target: Target) -> None:
    apply(target, chat())
    desired = release(
        manifest("LLM.chat/main/deployment", "Deployment", "chat", 7),
        manifest("LLM.chat/main/cache", "PersistentVolumeClaim", "chat-cache", protect=True),
        manifest("LLM.new/main/service", "Service", "new"),
    )
    done = apply(target, desired)
    assert done.value.counts == {"create": 1, "delete": 1, "update": 1}
    assert {str(o.key) for o in read(target).objects} == {str(m.key) for m in desired.manifests}
    assert actions(plan_of(read(target), desired)) == {}


def test_objects_that_the_plan_does_not_name_stay_as_they_are(target: Target) -> None:
    apply(target, chat())
    state = read(target)
    both = release(
        manifest("LLM.chat/main/deployment", "Deployment", "chat", 9),
        manifest("LLM.chat/main/service", "Service", "chat", 9),
        manifest("LLM.chat/main/cache", "PersistentVolumeClaim", "chat-cache", protect=True),
    )
    plan = plan_of(state, both)
    only = plan.model_copy(update={"changes": tuple(c for c in plan.changes if c.object.kind == "Deployment")})
    target.write(both, only, record(), expected=state.identity, emit=lambda event: None)
    assert actions(plan_of(read(target), both)) == {"LLM.chat/main/service": "update"}


def test_rename_of_a_document_keeps_the_object(target: Target) -> None:
    apply(target, chat())
    renamed = release(
        *(
            Manifest(
                Address.parse(str(m.address).replace("LLM.chat", "LLM.talk")),
                m.key,
                m.token,
                m.data,
                {},
                aliases=(m.address,),
            )
            for m in chat().manifests
        )
    )
    done = apply(target, renamed)
    assert done.value is not None
    assert {o.address.split("/")[0] for o in read(target).objects} == {"LLM.talk"}
    assert {o.key for o in read(target).objects} == {m.key for m in chat().manifests}
    assert actions(plan_of(read(target), renamed)) == {}


def test_events_tell_each_object_and_end_with_the_revision(target: Target) -> None:
    state, desired = read(target), chat()
    seen: list[Event] = []
    done = target.write(desired, plan_of(state, desired), record(), expected=state.identity, emit=seen.append)
    assert done.value is not None
    assert {e.address for e in seen if isinstance(e, Changed)} == {str(m.address) for m in desired.manifests}
    assert seen[-1] == Recorded(done.value.revision)


def test_history_tells_who_when_from_what_and_under_whose_approval(target: Target) -> None:
    apply(target, chat(), summary="prod: first")
    apply(target, chat(2), summary="prod: second\n\nWith a body.\n\nOpsdecl-Kind: destroy")
    second, first = target.history(10).value or ()
    said = record()
    assert (second.summary, first.summary) == ("prod: second", "prod: first")
    assert (first.who, first.at, first.kind) == (said.who, said.at, "apply")
    assert second.kind == "apply"
    assert said.approvals
    assert (second.approvals, first.approvals) == (said.approvals, said.approvals)
    assert (first.source_commit, first.plan_digest) == (said.source_commit, said.plan_digest)
    assert (first.desired_digest, second.desired_digest) == (chat().digest, chat(2).digest)
    assert (first.counts, second.counts) == ({"create": 3}, {"update": 1})
    assert len(target.history(1).value or ()) == 1


def test_an_earlier_revision_can_be_read_and_written_again(target: Target) -> None:
    first = apply(target, chat()).value.revision
    apply(target, chat(2))
    earlier = target.read_revision(first[:10]).value
    assert earlier is not None
    assert actions(plan_of(earlier, chat())) == {}
    again = ManifestSet(
        RELEASE,
        tuple(
            Manifest(
                Address.parse(o.address),
                o.key,
                o.token,
                dict(o.applied or {}),
                {},
                tuple(Address.parse(a) for a in o.depends_on),
                o.protect,
            )
            for o in earlier.objects
        ),
        chat().documents,
    )
    done = apply(target, again, "rollback")
    assert done.value.counts == {"update": 1}
    assert actions(plan_of(read(target), chat())) == {}
    assert [r.kind for r in target.history(10).value or ()] == ["rollback", "apply", "apply"]


@pytest.mark.parametrize("revision", ["0123456", "--all", "main", "HEAD", "", "refs/heads/rendered"])
def test_a_revision_that_is_none_is_refused(target: Target, revision: str) -> None:
    apply(target, chat())
    found = target.read_revision(revision)
    assert found.value is None
    assert [d.code.id for d in found.diagnostics] == ["OD659"]


def test_destroy_twice(target: Target) -> None:
    apply(target, chat())
    gone = apply(target, nothing(), "destroy")
    assert gone.value.counts == {"delete": 3}
    assert read(target).objects == ()
    again = apply(target, nothing(), "destroy")
    assert (again.value.revision, again.value.counts) == (gone.value.revision, {})
    assert actions(plan_of(read(target), chat())) == dict.fromkeys((str(m.address) for m in chat().manifests), "create")
    assert apply(target, chat()).value.counts == {"create": 3}


def test_the_slower_of_two_users_is_stale_and_writes_nothing(place: Place) -> None:
    ana, ben = place.open("ana"), place.open("ben")
    apply(ana, chat())
    state = read(ben)
    apply(ana, chat(2), summary="prod: ana was faster")
    late = ben.write(chat(3), plan_of(state, chat(3)), record(), expected=state.identity, emit=lambda event: None)
    assert late.value is None
    assert [d.code.id for d in late.diagnostics] == ["OD510"]
    assert "prod: ana was faster" in late.diagnostics[0].message
    assert actions(plan_of(read(ben), chat(2))) == {}


def test_two_first_applies_do_not_overwrite_each_other(place: Place) -> None:
    ana, ben = place.open("ana"), place.open("ben")
    state = read(ben)
    apply(ana, chat())
    late = ben.write(chat(3), plan_of(state, chat(3)), record(), expected=state.identity, emit=lambda event: None)
    assert [d.code.id for d in late.diagnostics] == ["OD510"]
    assert actions(plan_of(read(ana), chat())) == {}


def test_reading_changes_nothing(place: Place) -> None:
    ana, ben = place.open("ana"), place.open("ben")
    apply(ana, chat())
    before = read(ana)
    for _ in range(2):
        read(ben)
        ben.history(5)
        ben.read_revision(before.revision)
    assert read(ana) == before
