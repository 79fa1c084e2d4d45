"""`drift` of a target that somebody else carries to a cluster: what the cluster holds against what the target says."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.diag import Checked, Diagnostic
from opsdecl.diff.records import TargetState
from opsdecl.diff.release import diff_release
from opsdecl.diff.types import ObjectChange
from opsdecl.flows.apply import manifests_of
from opsdecl.flows.effects import effect_table
from opsdecl.flows.partitions import Part
from opsdecl.flows.plan import Planned
from opsdecl.flows.targets import open_observer


class Drift(Struct, frozen=True):
    """What differs from what it should be: on the target itself, or (`cluster` is its name) where its objects run."""

    target: str
    objects: int
    drifted: tuple[ObjectChange, ...]
    unowned: tuple[str, ...]
    expected: tuple[str, ...]
    cluster: str = ""

    @property
    def is_there(self) -> bool:
        return bool(self.drifted or self.unowned)


def drift_of(planned: Planned) -> tuple[Drift, ...]:
    """Of each target that was planned for, in their order."""
    assert planned.plan is not None
    releases = {release.id: release for release in planned.plan.releases}
    return tuple(
        _drift(part.name, part.state, releases[str(part.release)].changes)
        for part in planned.parts
        if part.state is not None
    )


def observed_drift(planned: Planned) -> Checked[Sequence[Drift]]:
    """Of the objects of targets that are no clusters, on the cluster that the environment names; empty without one."""
    assert planned.built is not None
    observer = open_observer(planned.built)
    settings = planned.built.environment.effective["spec"]["targets"]
    found: list[Drift] = []
    findings: list[Diagnostic] = []
    for part in planned.parts:
        if observer is None or part.state is None or settings[part.release.target]["type"] == "cluster":
            continue
        read = observer.read(part.state.objects)
        findings += read.diagnostics
        if read.value is not None:
            found.append(replace(_compared(part, read.value), cluster=observer.name))
    return Checked(found, tuple(findings))


def _compared(part: Part, state: TargetState) -> Drift:
    diff = diff_release(state, manifests_of(part.release, state), effects=effect_table())
    return _drift(part.name, state, diff.release.changes)


def _drift(name: str, state: TargetState, changes: Sequence[ObjectChange]) -> Drift:
    drifted = tuple(change for change in changes if change.cause in ("drift", "both"))
    return Drift(name, len(state.objects), drifted, state.unowned, state.expected)
