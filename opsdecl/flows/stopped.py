"""Rollouts of a change that stop, or may: which, for lack of what, and what was tried and helps."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from opsdecl.compile.capacity import POOLS
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import fleet as codes
from opsdecl.fleet.verdict import Foreseen
from opsdecl.flows.build import Built
from opsdecl.flows.project import place_of


def stopped_rollouts(
    built: Built, fewest: Sequence[Foreseen], most: Sequence[Foreseen], found: Sequence[Diagnostic]
) -> Iterator[Diagnostic]:
    """`found` are the findings so far: a rollout that cannot finish by itself is not reported twice."""
    told = frozenset(finding.subject for finding in found if finding.code is codes.ROLLOUT_CANNOT_FINISH)
    yield from _stopped(built, fewest, told)
    yield from _stopped_at_most(built, fewest, most, told)


def _stopped(built: Built, fewest: Sequence[Foreseen], told: frozenset[str]) -> Iterator[Diagnostic]:
    for group in fewest:
        new = [course for course in group.stopped if course.name not in told]
        if group.outcome != "finishes" and new:
            yield _finding(built, group, "")


def _stopped_at_most(
    built: Built, fewest: Sequence[Foreseen], most: Sequence[Foreseen], told: frozenset[str]
) -> Iterator[Diagnostic]:
    """A pool that is full at the most replicas is reported as such; here, one that would only not roll out."""
    fine = {group.pools for group in fewest if group.outcome == "finishes"}
    for group in most:
        if group.pools in fine and group.outcome != "finishes" and not told & {c.name for c in group.stopped}:
            yield replace(_finding(built, group, " at the most replicas"), code=codes.ROLLOUTS_MAY_STOP)


_FATE: Mapping[str, str] = {
    "cannot-finish": "cannot finish",
    "stops": "stop in every order of events that was tried",
    "may-stop": "stop in some orders of events",
}


def _finding(built: Built, group: Foreseen, when: str) -> Diagnostic:
    stopped = group.stopped
    names = ", ".join(course.name for course in stopped[:4]) + (f" and {len(stopped) - 4} more" if stopped[4:] else "")
    many = "rollouts of" if len(stopped) > 1 else "the rollout of"
    fate = _FATE[group.outcome] if len(stopped) > 1 else _FATE[group.outcome].replace("stop ", "stops ", 1)
    lacking = max(stopped, key=lambda course: course.missing)
    pools = ", ".join(f"`{name}`" for name in group.pools)
    where = f"{lacking.nodes} nodes" if lacking.nodes > 1 else "one node"
    message = f"{many} {names} {fate}{when}: pool {pools} lacks {lacking.missing} GPUs on {where} for {lacking.name}"
    return Diagnostic(
        codes.ROLLOUTS_MAY_STOP if group.outcome == "may-stop" else codes.ROLLOUTS_STOP,
        message.replace("lacks 1 GPUs", "lacks 1 GPU"),
        at=place_of(built.graph, built.environment.address, (*POOLS, group.pools[0], "nodes")) if group.pools else None,
        hint=_HINTS[group.remedy](group),
        subject=stopped[0].name if len(stopped) == 1 else str(built.environment.address),
    )


def _in_turn(group: Foreseen) -> str:
    shown = ", then ".join(group.order[:6]) + (" and so on" if group.order[6:] else "")
    return f"change one model at a time: {shown}"


_HINTS: Mapping[str, Callable[[Foreseen], str]] = {
    "": lambda group: "make room in the pool: fewer replicas, or more nodes",
    "one-at-a-time": _in_turn,
    "stop-one-first": lambda group: "let a pod stop first: `rollout: {strategy: rolling, maxSurge: 0}` in these models",
    "recreate": lambda group: "stop all pods first: `rollout: {strategy: recreate}` in these models",
    "one-node-more": lambda group: f"add a node to pool {', '.join(f'`{name}`' for name in group.pools)}",
}
