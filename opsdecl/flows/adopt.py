"""`adopt`: objects and fields that others hold on a cluster become the release's."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from opsdecl import __version__
from opsdecl.apply.ports import Record
from opsdecl.apply.types import Adoption, Event, Outcome
from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes.cluster import ADOPT_ON_CLUSTERS, NOTHING_TO_ADOPT
from opsdecl.diag.codes.plan import STALE
from opsdecl.flows.apply import Signed
from opsdecl.flows.partitions import open_parts
from opsdecl.flows.plan import Planned, Wanted
from opsdecl.flows.project import located
from opsdecl.flows.targets import open_cluster

if TYPE_CHECKING:
    from opsdecl.targets.cluster.target import ClusterTarget


class Offer(Struct, frozen=True):
    """What one release would take over; `name` is `main`, or `main/team-a` of a partition."""

    name: str
    target: "ClusterTarget"
    adoption: Adoption


def find_offers(
    opened: Planned, root: Path, wanted: Wanted, addresses: Sequence[str], named: Sequence[str]
) -> Checked[Sequence[Offer]]:
    """By release, in their order. Errors are objects and fields that may not be taken as they are."""
    from opsdecl.targets.cluster.adopting import Choice

    assert opened.built is not None
    settings = opened.built.environment.effective["spec"]["targets"]
    parts = open_parts(opened.built, root, wanted.target, wanted.partition)
    if parts.value is None:
        return Checked(None, parts.diagnostics)
    clusters = [part for part in parts.value if settings[part.release.target]["type"] == "cluster"]
    if not clusters:
        return Checked(None, (_not_a_cluster(wanted.target, opened.environment),))
    offers: list[Offer] = []
    findings: tuple[Diagnostic, ...] = ()
    for part in clusters:
        target = open_cluster(part.built)
        found = target.find_adoption(Choice(tuple(addresses), frozenset(named)))
        findings += located(opened.built.project, opened.built.project.tree, found.diagnostics)
        if found.value is None:
            return Checked(None, findings)
        if found.value.objects:
            offers.append(Offer(part.name, target, found.value))
    if not offers and not findings:
        findings = (Diagnostic(NOTHING_TO_ADOPT, f"nothing of `{opened.environment}` is in other hands", hint=""),)
    return Checked(offers, findings)


def check_expected(offers: Sequence[Offer], expected: str) -> tuple[Diagnostic, ...]:
    """Where only what has this digest is to be taken, and something else would be."""
    found = [offer.adoption.digest for offer in offers]
    if not expected or found == [expected]:
        return ()
    said = f"what would be taken has the digest {', '.join(found) or '(nothing)'}, not {expected}"
    return (Diagnostic(STALE, said, hint="look at it again: opsdecl adopt --dry-run"),)


def carry_over(
    opened: Planned,
    offers: Sequence[Offer],
    addresses: Sequence[str],
    named: Sequence[str],
    signed: Signed,
    source_commit: str,
    emit: Callable[[Event], None],
) -> Checked[Sequence[tuple[str, Outcome]]]:
    """Release after release, each with its name; the first that fails ends it."""
    from opsdecl.targets.cluster.adopting import Choice

    assert opened.built is not None
    choice = Choice(tuple(addresses), frozenset(named))
    outcomes: list[tuple[str, Outcome]] = []
    for offer in offers:
        record = _record(opened, offer, signed, source_commit)
        done = offer.target.adopt(choice, offer.adoption, record, emit=emit)
        outcomes += [(offer.name, done.value)] if done.value is not None else []
        if done.diagnostics:
            found = located(opened.built.project, opened.built.project.tree, done.diagnostics)
            return Checked(outcomes, found)
    return Checked(outcomes)


def _record(opened: Planned, offer: Offer, signed: Signed, source_commit: str) -> Record:
    count = len(offer.adoption.objects)
    return Record(
        kind="adopt",
        who=signed.who,
        at=signed.at,
        source_commit=source_commit,
        plan_digest=offer.adoption.digest,
        tool_version=__version__,
        lock_digest="",
        summary=f"adopt {opened.environment}: {count} adopted",
    )


def _not_a_cluster(target: str | None, environment: str) -> Diagnostic:
    said = f"target `{target}` is of another type" if target else f"`{environment}` has no target of type cluster"
    return Diagnostic(ADOPT_ON_CLUSTERS, said, hint="name a target of type cluster: --target NAME")
