"""The releases of a plan, where it has several: a row for each, with what changes there and what is handed over."""

from collections import Counter
from collections.abc import Iterator

from opsdecl.diff.types import DONE, Plan, ReleasePlan
from opsdecl.view.plan.phrases import object_name
from opsdecl.view.words import count, listed

_NAMED = 3


def release_rows(plan: Plan) -> list[tuple[str, str, str]]:
    """Name, counts, and what is worth saying; empty for a plan of one release."""
    if len(plan.releases) < 2:
        return []
    return [(release_name(release), _counts(release), "; ".join(_said(release))) for release in plan.releases]


def release_name(release: ReleasePlan) -> str:
    """`main`, or `main/team-a`."""
    return f"{release.target}/{release.partition}" if release.partition else release.target


def _counts(release: ReleasePlan) -> str:
    counted = Counter(change.action for change in release.changes if not change.other_partition)
    shown = ", ".join(f"{counted[action]:,} {word}" for action, word in DONE.items() if counted[action])
    return shown or ("" if release.changes else "up to date")


def _said(release: ReleasePlan) -> Iterator[str]:
    taken = Counter(c.other_partition for c in release.changes if c.other_partition and c.action != "forget")
    given = Counter(c.other_partition for c in release.changes if c.other_partition and c.action == "forget")
    yield from (f"takes over {count(number, 'object')} from {name}" for name, number in sorted(taken.items()))
    yield from (f"hands {count(number, 'object')} over to {name}" for name, number in sorted(given.items()))
    own = [object_name(c.object) for c in release.changes if not c.other_partition]
    if own:
        yield listed(own, _NAMED)
