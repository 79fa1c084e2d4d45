"""`status` and `unlock`: what runs of a release now, and whose turn it is."""

from collections.abc import Sequence
from pathlib import Path

from opsdecl.apply.types import Status
from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes.cluster import NOT_OBSERVED, NOTHING_TO_UNLOCK
from opsdecl.flows.build import Built
from opsdecl.flows.partitions import open_parts
from opsdecl.flows.plan import Planned, Wanted
from opsdecl.flows.project import place_of
from opsdecl.flows.targets import open_cluster, open_observer, open_stack, open_target, waits

OBSERVE = ("spec", "observe")


def read_status(opened: Planned, root: Path, wanted: Wanted) -> Checked[Sequence[tuple[str, Status]]]:
    """By target, in their order. One that cannot be looked at is a finding, and the others are told all the same."""
    assert opened.built is not None
    parts = open_parts(opened.built, root, wanted.target, wanted.partition)
    found: list[tuple[str, Status]] = []
    findings = [*parts.diagnostics]
    for part in parts.value or ():
        read = _status(part.built, root, part.release.target)
        findings += read.diagnostics
        if read.value is not None:
            found.append((part.name, read.value))
    return Checked(found or None, tuple(findings))


def _status(built: Built, root: Path, name: str) -> Checked[Status]:
    if built.environment.effective["spec"]["targets"][name]["type"] == "cluster":
        return open_cluster(built).status()
    stack = open_stack(built, root) if waits(built, name) else None
    if stack is not None:
        return stack.status()
    observer = open_observer(built)
    if observer is None:
        return Checked(None, (_not_observed(built, name),))
    target = open_target(built, root)
    read = target.value.read() if target.value is not None else None
    if target.value is None or read is None or read.value is None:
        return Checked(None, target.diagnostics + (read.diagnostics if read is not None else ()))
    last = target.value.history(1)
    revision = next(iter(last.value or ()), None)
    objects = [(stored.address, stored.key) for stored in read.value.objects]
    return observer.status(objects, revision)


def unlock(opened: Planned, root: Path, wanted: Wanted, *, force: bool) -> Checked[Sequence[tuple[str, str]]]:
    """Targets with the holder who was put out; only clusters and stacks have locks that somebody could have left."""
    assert opened.built is not None
    parts = open_parts(opened.built, root, wanted.target, wanted.partition)
    found: list[tuple[str, str]] = []
    findings = [*parts.diagnostics]
    for part in parts.value or ():
        kind = part.built.environment.effective["spec"]["targets"][part.release.target]["type"]
        held = open_cluster(part.built) if kind == "cluster" else open_stack(part.built, root)
        if held is not None:
            done = held.unlock(force=force)
            findings += done.diagnostics
            found += [(part.name, done.value)] if done.value else []
    if not found and not findings:
        findings.append(_nothing(opened))
    return Checked(found or None, tuple(findings))


def _nothing(opened: Planned) -> Diagnostic:
    said = f"no release of `{opened.environment}` is held by anybody"
    return Diagnostic(NOTHING_TO_UNLOCK, said, hint="apply again")


def _not_observed(built: Built, name: str) -> Diagnostic:
    kind = built.environment.effective["spec"]["targets"][name]["type"]
    return Diagnostic(
        NOT_OBSERVED,
        f"target `{name}` is of type `{kind}`, and nothing says on which cluster its objects run",
        at=place_of(built.graph, built.environment.address, ("spec", "targets", name)),
        hint="name a context that may read: `observe: {kubeContext: …}`",
        subject=str(built.environment.address),
    )
