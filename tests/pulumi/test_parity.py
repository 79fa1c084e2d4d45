"""Many changes in one stack: each one's action in our plan beside that of Pulumi's own preview, on the real engine."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from opsdecl.diff.types import ObjectChange, ObjectRef, ReleasePlan
from opsdecl.render.types import Manifest, ManifestSet
from opsdecl.targets.pulumi.composing import Way, compose, rewritten
from opsdecl.targets.pulumi.engine import engine_of
from opsdecl.targets.pulumi.resources import declare
from opsdecl.targets.pulumi.store import Store
from opsdecl.targets.pulumi.target import PulumiTarget
from opsdecl.targets.pulumi.telling import Listener
from tests.contracts.builders import RELEASE, apply, plan_of, release
from tests.support.parity import Pair, made
from tests.support.parity_rows import ROWS
from tests.support.pulumi_places import folder_target, pulumi

__all__ = ["pulumi"]
pytestmark = [pytest.mark.pulumi, pytest.mark.slow]


PAIRS = {title: made(row, title) for title, row in ROWS.items()}


def side(of: Callable[[Pair], Manifest | None]) -> ManifestSet:
    return release(*(manifest for pair in PAIRS.values() if (manifest := of(pair)) is not None))


def steps(target: PulumiTarget, desired: ManifestSet, plan: ReleasePlan) -> dict[str, str]:
    """Pulumi's word for each address, where every object is declared as it is wanted, whatever our plan says of it."""
    listener = Listener(lambda event: None)
    every = plan.model_copy(update={"changes": (*plan.changes, *_unnamed(plan, desired))})
    with engine_of(target.settings, RELEASE.project) as engine:
        stack = Store(engine, RELEASE, "prod").load_stack()
        program = compose(desired, every, stack, Way(RELEASE, "opsdecl", target.settings))
        anew = rewritten(program, stack)
        engine.preview("prod", lambda: declare(program), listener.hear, refresh=False, replaced=anew)
    return listener.steps


def _unnamed(plan: ReleasePlan, desired: ManifestSet) -> Iterator[ObjectChange]:
    named = {change.address for change in plan.changes}
    for manifest in desired.manifests:
        if str(manifest.address) not in named:
            key = manifest.key
            ref = ObjectRef(api_version=key.api_version, kind=key.kind, namespace=key.namespace, name=key.name)
            yield ObjectChange(address=str(manifest.address), object=ref, action="update")


def test_each_action_is_pulumis_too_or_the_plan_says_so(pulumi: Path) -> None:
    """One apply of all objects before, one plan of all objects afterwards, and Pulumi's preview of both readings."""
    target, desired = folder_target(pulumi), side(lambda pair: pair.after)
    done = apply(target, side(lambda pair: pair.before))
    assert done.diagnostics == ()
    state = target.read().value
    assert state is not None
    plan = plan_of(state, desired)
    ours = {change.address: change.action for change in plan.changes}
    assert {t: ours.get(pair.address, "noop") for t, pair in PAIRS.items()} == {t: row.ours for t, row in ROWS.items()}
    theirs = steps(target, desired, plan)
    assert {t: theirs.get(pair.address, "same") for t, pair in PAIRS.items()} == {t: p.pulumi for t, p in PAIRS.items()}
    said = target.preview(desired, plan).diagnostics
    assert [(d.code.id, d.message) for d in said] == [
        ("OD681", f"`{pair.address}`: the plan says {pair.row.ours}, Pulumi's preview says {pair.row.pulumi}")
        for pair in sorted(PAIRS.values(), key=lambda pair: pair.address)
        if pair.row.pulumi
    ]


def test_the_table_is_wide_and_each_difference_has_its_reason() -> None:
    assert len(ROWS) >= 40
    assert {row.ours for row in ROWS.values()} == {"create", "update", "replace", "delete", "noop"}
    assert [title for title, row in ROWS.items() if bool(row.pulumi) != bool(row.why)] == []
