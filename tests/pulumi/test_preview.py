"""Our plan beside Pulumi's own preview, and beside what Pulumi then does: on the real engine."""

from pathlib import Path
from typing import Any

import pytest

from opsdecl.addr import Address
from opsdecl.apply.types import Event, Started
from opsdecl.render.types import Manifest, ManifestSet
from opsdecl.targets.pulumi.composing import Way, compose
from opsdecl.targets.pulumi.engine import engine_of
from opsdecl.targets.pulumi.resources import declare
from opsdecl.targets.pulumi.target import PulumiTarget
from tests.contracts.builders import RELEASE, actions, apply, chat, manifest, nothing, plan_of, record, release
from tests.support.pulumi_places import folder_target, pulumi

__all__ = ["pulumi"]
pytestmark = [pytest.mark.pulumi, pytest.mark.slow]


def opinion(target: PulumiTarget, desired: ManifestSet) -> list[str]:
    state = target.read().value
    assert state is not None
    found = target.preview(desired, plan_of(state, desired))
    assert found.value == "prod"
    return [f"{finding.code.id} {finding.message}" for finding in found.diagnostics]


def renamed(desired: ManifestSet) -> ManifestSet:
    def moved(one: Manifest) -> Manifest:
        address = Address.parse(str(one.address).replace("LLM.chat", "LLM.talk"))
        return Manifest(address, one.key, one.token, one.data, {}, aliases=(one.address,))

    return release(*map(moved, desired.manifests))


def changed() -> ManifestSet:
    return release(
        manifest("LLM.chat/main/deployment", "Deployment", "chat", 7),
        manifest("LLM.chat/main/cache", "PersistentVolumeClaim", "chat-cache", protect=True),
        manifest("LLM.new/main/service", "Service", "new"),
    )


CHANGES = {
    "nothing": (chat(), "3 same"),
    "an update": (chat(2), "2 same, 1 update"),
    "one of each": (changed(), "1 create, 1 delete, 1 same, 1 update"),
    "a rename": (renamed(chat()), "3 same"),
    "another name": (
        release(*chat().manifests[:2], manifest("LLM.chat/main/service", "Service", "chat-http")),
        "1 replace, 2 same",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_pulumi_names_the_same_actions(pulumi: Path, change: str) -> None:
    desired, counted = CHANGES[change]
    apply(folder_target(pulumi), chat())
    before = (pulumi / "backend/.pulumi/stacks/acme/prod.json").read_text()
    found = opinion(folder_target(pulumi), desired)
    assert found == [f"OD689 Pulumi's preview of stack `prod` names the same actions: {counted}"]
    assert (pulumi / "backend/.pulumi/stacks/acme/prod.json").read_text() == before
    apply(folder_target(pulumi), desired)
    assert opinion(folder_target(pulumi), desired)[0].endswith(f"{len(desired.manifests)} same")


def test_without_a_stack_there_is_nothing_to_preview(pulumi: Path) -> None:
    assert opinion(folder_target(pulumi), chat()) == []
    assert not (pulumi / "backend/.pulumi/stacks").exists()


def test_a_difference_is_said_with_both_sides(pulumi: Path) -> None:
    target = folder_target(pulumi)
    apply(target, chat())
    state = target.read().value
    assert state is not None
    plan = plan_of(state, chat(2))
    other = plan.model_copy(update={"changes": tuple(c.model_copy(update={"action": "create"}) for c in plan.changes)})
    found = target.preview(chat(2), other).diagnostics
    assert [finding.code.id for finding in found] == ["OD681"]
    said = "`LLM.chat/main/deployment`: the plan says create, Pulumi's preview says update"
    assert found[0].message == said


def test_an_update_by_somebody_else_after_the_plan_was_made_is_seen_under_the_lock(pulumi: Path) -> None:
    ana, ben = folder_target(pulumi), folder_target(pulumi)
    apply(ana, chat())
    state = ana.read().value
    assert state is not None

    def be_faster(event: Event) -> None:
        if isinstance(event, Started):
            up_by_hand(ben, chat(5))

    late = ana.write(chat(2), plan_of(state, chat(2)), record(), expected=state.identity, emit=be_faster)
    assert late.value is None
    assert [finding.code.id for finding in late.diagnostics] == ["OD510"]
    assert "`LLM.chat/main/deployment`" in late.diagnostics[0].message
    assert "service" not in late.diagnostics[0].message
    after = ana.read().value
    assert after is not None
    assert {o.address: o.changed_by for o in after.objects if o.changed_by} == {
        "LLM.chat/main/deployment": "another update of the stack"
    }
    assert [(c.address, c.cause) for c in plan_of(after, chat()).changes] == [("LLM.chat/main/deployment", "drift")]


def up_by_hand(target: PulumiTarget, desired: ManifestSet) -> None:
    """As a person with a program of their own would do it: past opsdecl."""
    with engine_of(target.settings, RELEASE.project) as engine:
        deployment = engine.export("prod")
        assert deployment is not None
        from opsdecl.targets.pulumi.state import parse_state

        stack = parse_state(deployment)
        empty = target.read().value
        assert empty is not None
        program = compose(desired, plan_of(empty, desired), stack, Way(RELEASE, "person", target.settings))
        engine.up("prod", lambda: declare(program), "by hand", ignore)


def ignore(event: Any) -> None:
    """Nobody listens."""


def test_everything_goes_and_the_stack_stays(pulumi: Path) -> None:
    target = folder_target(pulumi)
    apply(target, chat())
    apply(target, nothing(), "destroy")
    assert list((pulumi / "rendered").glob("*/*.yaml")) == []
    state = target.read().value
    assert state is not None
    assert actions(plan_of(state, nothing())) == {}


def test_a_later_version_of_its_api_has_the_only_file(pulumi: Path) -> None:
    before, after = (
        release(manifest("LLM.chat/main/hpa", "HorizontalPodAutoscaler", "chat", api_version=f"autoscaling/{version}"))
        for version in ("v1", "v2")
    )
    apply(folder_target(pulumi), before)
    said = "OD689 Pulumi's preview of stack `prod` names the same actions: 1 replace"
    assert opinion(folder_target(pulumi), after) == [said]
    done = apply(folder_target(pulumi), after)
    assert (done.value.counts, done.diagnostics) == ({"update": 1}, ())
    files = [file.name for file in (pulumi / "rendered/1-manifest").iterdir()]
    assert files == ["autoscaling_v2-horizontalpodautoscaler-assist-chat.yaml"]
    state = folder_target(pulumi).read().value
    assert state is not None
    assert actions(plan_of(state, after)) == {}
