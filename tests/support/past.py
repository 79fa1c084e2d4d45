"""A release with a past: applies at chosen times, by chosen people, under chosen approvals, on any target."""

from pathlib import Path

from msgspec.structs import replace

from opsdecl.apply.types import Event
from opsdecl.diff.types import SourceRef
from opsdecl.flows.apply import Signed, carry_back, record_of
from opsdecl.flows.past import plan_backs
from opsdecl.flows.plan import Wanted, open_built, plan_live
from opsdecl.spec.source import WorkTree


def apply_at(root: Path, environment: str, who: str, at: str, *approvals: str) -> str:
    """Applies the files as they are now; the revision."""
    planned = plan_live(WorkTree(root), root, Wanted(environment), SourceRef(commit="c0ffee"))
    assert planned.plan is not None, planned.diagnostics
    revisions = []
    for part, release in zip(planned.parts, planned.plan.releases, strict=True):
        assert part.target is not None
        assert part.state is not None
        record = replace(record_of("apply", planned.plan, release, Signed(who, at, "")), approvals=approvals)
        done = part.target.write(part.built.manifests, release, record, expected=part.state.identity, emit=_quietly)
        assert done.value is not None, done.diagnostics
        revisions.append(done.value.revision)
    return revisions[0]


def destroy_at(root: Path, environment: str, who: str, at: str) -> None:
    wanted = Wanted(environment)
    ways = plan_backs(open_built(WorkTree(root), wanted), root, wanted, None)
    assert ways.value is not None, ways.diagnostics
    for way in ways.value:
        assert carry_back(way, Signed(who, at, ""), "", _quietly).value is not None


def _quietly(_event: Event) -> None:
    """Nobody looks on."""
