"""A plan, carried out: release after release. What fails ends what comes after it, and nothing else."""

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.apply.types import Event, Outcome, Started
from opsdecl.compile.partitions import reach, shown_partition
from opsdecl.diag import Checked, Diagnostic, has_errors
from opsdecl.diag.codes.cluster import NOT_DONE
from opsdecl.diff.containment import check_contained
from opsdecl.diff.handover import Move
from opsdecl.diff.types import ReleasePlan
from opsdecl.flows.apply import Signed, record_of
from opsdecl.flows.partitions import Part, blocked_by, partition_needs, partitions_of
from opsdecl.flows.plan import Planned
from opsdecl.flows.project import located
from opsdecl.flows.targets import PartitionedTarget


class Done(Struct, frozen=True):
    """One release that was written; its name as people know it."""

    name: str
    outcome: Outcome


def carry_out(
    planned: Planned, signed: Signed, emit: Callable[[Event], None], *, wait: bool = True
) -> Checked[tuple[Done, ...]]:
    """Target after target, in the environment's order, and within one the partitions that others need first. What
    fails, or does not get ready, holds up the partitions that need it and all later targets. What was done all the same
    is in the outcomes."""
    assert planned.plan is not None
    assert planned.built is not None
    plans = {release.id: release for release in planned.plan.releases}
    reached = blocked_by(planned.built, planned.diagnostics, planned.states)
    needs = partition_needs(planned.built, partitions_of(planned.built))
    found: list[Done] = []
    findings: list[Diagnostic] = []
    stopped = ""
    for target, parts in _by_target(planned.parts):
        if stopped:
            findings.append(_not_begun(target, stopped))
            continue
        failed = dict.fromkeys(reached.partitions, "")
        for part in parts:
            held_up = _held_up(part, failed, reach(set(failed), needs))
            if held_up is not None:
                findings.append(held_up)
                continue
            done = _write(planned, part, plans[str(part.release)], signed, emit, wait=wait)
            findings += done.diagnostics
            found += [Done(part.name, done.value)] if done.value is not None else []
            if done.value is None or has_errors(done.diagnostics):
                failed[part.release.partition] = part.name
                stopped = target
    return Checked(tuple(found), located(planned.built.project, planned.built.project.tree, tuple(findings)))


def _by_target(parts: Sequence[Part]) -> Iterator[tuple[str, list[Part]]]:
    for target in dict.fromkeys(part.release.target for part in parts):
        yield target, [part for part in parts if part.release.target == target]


def _write(
    planned: Planned, part: Part, release: ReleasePlan, signed: Signed, emit: Callable[[Event], None], *, wait: bool
) -> Checked[Outcome]:
    assert planned.plan is not None
    assert part.target is not None
    assert part.state is not None
    if len(planned.parts) > 1:
        emit(Started(part.name, len(release.changes)))
    asked = release if wait else _without_waiting(release)
    record = record_of("apply", planned.plan, release, signed)
    return part.target.write(part.built.manifests, asked, record, expected=part.state.identity, emit=emit)


def _without_waiting(release: ReleasePlan) -> ReleasePlan:
    return release.model_copy(update={"steps": tuple(step for step in release.steps if step.verb != "wait")})


def _held_up(part: Part, failed: dict[str, str], held: frozenset[str]) -> Diagnostic | None:
    """Why the release is left alone; None where nothing speaks against it."""
    partition = part.release.partition
    if partition not in held:
        return None
    if partition in failed:
        said = f"`{part.name}` was left alone: it holds errors, or needs what does"
        return Diagnostic(NOT_DONE, said, hint="mend what the findings name, and apply again")
    names = sorted(name or shown_partition(other) for other, name in failed.items())
    said = f"`{part.name}` was left alone: it needs {', '.join(names)}, which could not be applied"
    return Diagnostic(NOT_DONE, said, hint="mend that, and apply again: what is done stays")


def _not_begun(target: str, stopped: str) -> Diagnostic:
    said = f"target `{target}` was not begun, since `{stopped}` before it failed: what it held is still there"
    return Diagnostic(NOT_DONE, said, hint="mend that, and apply again: what is done stays, the rest follows")


def take_over(
    planned: Planned, signed: Signed, emit: Callable[[Event], None], again: Callable[[], Planned]
) -> Checked[Planned]:
    """Hands over what moves between partitions, then plans again: what is left was shown, or nothing is done."""
    assert planned.built is not None
    if not planned.moves:
        return Checked(planned)
    for move in planned.moves:
        emit(Started(_words(move), len(move.objects)))
        done = _take(planned, move, signed)
        if done.value is None:
            return Checked(None, done.diagnostics)
        # A partition may give to several, and take from several.
        taker, giver = done.value
        moved = {move.destination: taker, move.source: giver}
        planned = replace(planned, identities={**planned.identities, **moved})
    fresh = again()
    if fresh.plan is None or planned.plan is None:
        return Checked(None, fresh.diagnostics)
    beyond = check_contained(fresh.plan, planned.plan)
    return Checked(None, beyond) if beyond else Checked(fresh)


def _take(planned: Planned, move: Move, signed: Signed) -> Checked[tuple[str, str]]:
    assert planned.plan is not None
    part = next(part for part in planned.parts if part.release == move.destination)
    release = next(r for r in planned.plan.releases if r.id == str(move.destination))
    record = record_of("apply", planned.plan, release, signed)
    summary = f"hand-over {move.destination.environment}: {_words(move)}"
    if not isinstance(part.target, PartitionedTarget):
        said = f"target `{move.destination.target}` cannot hand {_words(move)} over while they run"
        hint = "leave the documents in their partition, or take the partition's stack down first"
        return Checked(None, (Diagnostic(NOT_DONE, said, hint=hint),))
    return part.target.take_over(
        move.source,
        move.keys,
        replace(record, kind="hand-over", summary=summary),
        expected=planned.identities[move.destination],
        given=planned.identities[move.source],
    )


def _words(move: Move) -> str:
    count = len(move.objects)
    source, to = shown_partition(move.source.partition), shown_partition(move.destination.partition)
    return f"{count} object{'s' if count != 1 else ''} from {source} to {to}"
