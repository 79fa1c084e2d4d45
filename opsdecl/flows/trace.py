"""`trace`: what answered under a document's name at some time, from what the targets remember of their revisions."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.addr import SpecAddress
from opsdecl.apply.types import Revision
from opsdecl.compile.answers import ANSWERING, answers_digest
from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes import transparency as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.diff.records import StoredDocument, TargetState
from opsdecl.flows.build import Built
from opsdecl.flows.partitions import Part, open_parts
from opsdecl.flows.plan import Wanted
from opsdecl.transparency.composition import DESCRIBED, compose
from opsdecl.transparency.lineage import Library
from opsdecl.transparency.types import Answer, Applied, Trace

LOOK_BACK = 10_000
_WALK = 200
"""How many revisions before one are asked whether they had the document as it was; each is a state to read."""


class Period(Struct, frozen=True):
    """From `start` to before `end`, both in UTC; a moment is a period in which both are the same."""

    start: datetime
    end: datetime

    @property
    def last(self) -> datetime:
        return max(self.start, self.end - timedelta(microseconds=1)) if self.end != self.start else self.end

    def __str__(self) -> str:
        if self.end - self.start == timedelta(days=1):
            return f"on {self.start:%Y-%m-%d} UTC"
        return f"at {self.start:%Y-%m-%d %H:%M} UTC"


class Held(Struct, frozen=True):
    """A revision with the time in which it was in force; `until` None: to this day."""

    revision: Revision
    since: datetime
    until: datetime | None
    older: tuple[Revision, ...]

    def holds_in(self, period: Period) -> bool:
        return self.since <= period.last and (self.until is None or self.until > period.start)


def parse_period(text: str) -> Period:
    """A day, or a moment; without an offset both are in UTC. Raises ValueError for what is neither."""
    moment = datetime.fromisoformat(text)
    moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    is_day = len(text) == len("2026-11-02") and ":" not in text
    return Period(moment, moment + timedelta(days=1) if is_day else moment)


def trace(built: Built, root: Path, wanted: Wanted, name: str, period: Period, now: datetime) -> Checked[Trace]:
    """What answered in each release that held the document. Where nothing did, a finding says what is known instead."""
    address = _address(built, name)
    if isinstance(address, Diagnostic):
        return Checked(None, (address,))
    if period.start > now:
        said = f"{str(period).partition(' ')[2]} lies in the future: nothing has answered then"
        hint = f"it is {now:%Y-%m-%d %H:%M} UTC; `opsdecl card {name}` shows what is declared now"
        return Checked(None, (Diagnostic(codes.NOTHING_ANSWERED, said, hint=hint, subject=name),))
    parts = open_parts(built, root, wanted.target, wanted.partition)
    answers: list[Answer] = []
    findings: list[Diagnostic] = []
    for part in parts.value or ():
        found = _trace_part(built, part, address, period)
        answers += found.value or ()
        findings += found.diagnostics
    if any(answer.composition is not None for answer in answers):
        findings = [finding for finding in findings if finding.code not in _NO_ANSWER]
    made = Trace(name, built.graph.release.environment, iso(period.start), iso(period.end), tuple(answers))
    return Checked(made if answers else None, (*parts.diagnostics, *findings))


_NO_ANSWER = (codes.NOTHING_ANSWERED, codes.NOT_REMEMBERED)


def _address(built: Built, name: str) -> SpecAddress | Diagnostic:
    """Documents of former times may have left the specs, so any name of a kind that answers will do."""
    kind, _, rest = name.partition(".")
    if kind in DESCRIBED and rest:
        return SpecAddress(kind, rest)
    known = [str(d.address) for d in built.graph.documents if d.address.kind in DESCRIBED]
    said = f"`{name[:100]}` names no LLM, Model or Adapter"
    return Diagnostic(codes.NO_CARD, said, hint=did_you_mean(name, known) or "write it as `LLM.chat`")


def _trace_part(built: Built, part: Part, address: SpecAddress, period: Period) -> Checked[Sequence[Answer]]:
    assert part.target is not None
    history = part.target.history(LOOK_BACK)
    if history.value is None:
        return Checked(None, history.diagnostics)
    held = [each for each in in_force(history.value) if each.holds_in(period)]
    if not held:
        return Checked((), (_nothing_yet(built, part, history.value, period),))
    answers: list[Answer] = []
    for each in held:
        read = _answer(built, part, address, each)
        if read.value is None:
            return Checked(None, read.diagnostics)
        answers += [read.value]
    if all(answer.composition is None for answer in answers):
        return Checked(tuple(answers), (_was_not_there(part, address, answers[-1], period),))
    return Checked(tuple(joined(answers)))


def in_force(revisions: Sequence[Revision]) -> Iterator[Held]:
    """Oldest first: each holds until the next one."""
    oldest_first = tuple(reversed(revisions))
    ends: list[Revision | None] = [*oldest_first[1:], None]
    for number, (revision, following) in enumerate(zip(oldest_first, ends, strict=False)):
        until = _time(following) if following is not None else None
        yield Held(revision, _time(revision), until, tuple(reversed(oldest_first[:number])))


def _time(revision: Revision) -> datetime:
    moment = datetime.fromisoformat(revision.at)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _answer(built: Built, part: Part, address: SpecAddress, held: Held) -> Checked[Answer]:
    """With the revision that brought the document into the state in which it answered, or the oldest one asked."""
    assert part.target is not None
    read: Checked[TargetState] = part.target.read_revision(held.revision.id)
    if read.value is None:
        return Checked(None, read.diagnostics)
    names = _names(built, address)
    document = _find(read.value, names)
    brought = held.revision
    for older in held.older[:_WALK]:
        before = part.target.read_revision(older.id)
        if before.value is None or _differs(_find(before.value, names), document):
            break
        brought = older
    return Checked(told_of(built, part, held, brought, document))


def told_of(built: Built, part: Part, held: Held, brought: Revision, document: StoredDocument | None) -> Answer:
    """A document in a revision that was in force. None where that revision did not have it."""
    until = iso(held.until) if held.until is not None else ""
    composition, digest = None, ""
    if document is not None:
        composition = compose(document.address, document.effective, document.references, Library(built.project.catalog))
        digest = digest_of_answers(document)
    return Answer(part.name, iso(held.since), until, _applied(held.revision), _applied(brought), composition, digest)


def digest_of_answers(document: StoredDocument) -> str:
    """Of an Adapter, which answers only through a model: empty."""
    if document.address.kind not in ANSWERING:
        return ""
    return answers_digest(document.address.kind, document.effective, document.references)


def _names(built: Built, address: SpecAddress) -> tuple[SpecAddress, ...]:
    """A document may have had other names then."""
    document = built.graph.document(address)
    former = document.effective["metadata"].get("movedFrom", ()) if document is not None else ()
    return (address, *(SpecAddress(address.kind, name) for name in former))


def _find(state: TargetState, names: Sequence[SpecAddress]) -> StoredDocument | None:
    held = {document.address: document for document in state.documents}
    return next((held[name] for name in names if name in held), None)


def _differs(one: StoredDocument | None, other: StoredDocument | None) -> bool:
    return (one.effective if one else None) != (other.effective if other else None)


def _applied(revision: Revision) -> Applied:
    return Applied(
        revision=revision.id,
        kind=revision.kind,
        at=iso(_time(revision)),
        who=revision.who,
        approvals=tuple(revision.approvals),
        source_commit=revision.source_commit,
        plan_digest=revision.plan_digest,
        summary=revision.summary,
    )


def joined(answers: Sequence[Answer]) -> Iterator[Answer]:
    """Revisions that left the document as it was answer together."""
    kept: list[Answer] = list(answers[:1])
    for _, answer in pairwise(answers):
        if answer.brought_by == kept[-1].brought_by:
            kept[-1] = replace(kept[-1], until=answer.until, revision=answer.revision)
        else:
            kept.append(answer)
    yield from kept


def iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _nothing_yet(built: Built, part: Part, history: Sequence[Revision], period: Period) -> Diagnostic:
    if not history:
        said = f"nothing was ever applied to {part.name} of {part.release.environment}"
        return Diagnostic(codes.NOTHING_ANSWERED, said, hint="apply it first")
    oldest = history[-1]
    first = f"{_time(oldest):%Y-%m-%d %H:%M} UTC"
    most = built.environment.effective["spec"]["targets"][part.release.target].get("revisions")
    if most is not None and len(history) >= most:
        kept = f"{part.name} remembers {len(history)} revisions, the oldest of {first}"
        said = f"{kept}: nobody knows what answered {period}"
        return Diagnostic(codes.NOT_REMEMBERED, said, hint=f"ask for a time since {first}")
    said = f"nothing was applied to {part.name} before {first}, so nothing answered {period}"
    return Diagnostic(codes.NOTHING_ANSWERED, said, hint="`opsdecl history` lists what was applied since")


def _was_not_there(part: Part, address: SpecAddress, answer: Answer, period: Period) -> Diagnostic:
    by = answer.brought_by
    if by.kind == "destroy":
        said = f"{address} did not answer {period}: {by.who} had removed all of {part.name} at {by.at}"
    else:
        said = f"{address} was no part of {part.name} {period} (revision {by.revision[:10]} by {by.who})"
    return Diagnostic(codes.NOTHING_ANSWERED, said, hint="`opsdecl history` lists what was applied when")
