"""`trace --composition`: which applied states had a model with the composition that a span, or evidence, names."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from opsdecl.apply.types import Revision
from opsdecl.compile.answers import ANSWERING
from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes.transparency import NO_SUCH_COMPOSITION
from opsdecl.diff.records import StoredDocument, TargetState
from opsdecl.flows.build import Built
from opsdecl.flows.partitions import Part, open_parts
from opsdecl.flows.plan import Wanted
from opsdecl.flows.trace import LOOK_BACK, digest_of_answers, in_force, joined, told_of
from opsdecl.transparency.types import Answer, Trace

_DIGEST = re.compile(r"(sha256:)?([0-9a-f]{8,64})")


def parse_composition(text: str) -> str:
    """The digits of a digest, or the first eight or more of them. Raises ValueError for what is neither."""
    match = _DIGEST.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError(text)
    return match.group(2)


def trace_composition(built: Built, root: Path, wanted: Wanted, digits: str) -> Checked[Trace]:
    """Every stretch of time in which a document of a release answered by it, oldest first within a release."""
    parts = open_parts(built, root, wanted.target, wanted.partition)
    answers: list[Answer] = []
    findings = [*parts.diagnostics]
    looked = 0
    for part in parts.value or ():
        assert part.target is not None
        history = part.target.history(LOOK_BACK)
        findings += history.diagnostics
        looked += len(history.value or ())
        found = _in_part(built, part, history.value or (), digits)
        answers += found.value or ()
        findings += found.diagnostics
    if not answers:
        return Checked(None, (*findings, _nowhere(built, digits, looked)))
    whole = Trace(f"sha256:{digits}", built.graph.release.environment, "", "", tuple(answers))
    return Checked(whole, tuple(findings))


def _in_part(built: Built, part: Part, history: Sequence[Revision], digits: str) -> Checked[Sequence[Answer]]:
    """By document: the revision that began a stretch of the same answers brought it."""
    open_: dict[str, Revision] = {}
    found: dict[str, list[Answer]] = {}
    for held in in_force(history):
        assert part.target is not None
        read: Checked[TargetState] = part.target.read_revision(held.revision.id)
        if read.value is None:
            return Checked(None, read.diagnostics)
        having = {str(document.address): document for document in _having(read.value, digits)}
        open_ = {name: open_.get(name, held.revision) for name in having}
        for name, document in having.items():
            found.setdefault(name, []).append(told_of(built, part, held, open_[name], document))
    return Checked([answer for name in sorted(found) for answer in joined(found[name])])


def _having(state: TargetState, digits: str) -> Iterator[StoredDocument]:
    for document in state.documents:
        if document.address.kind in ANSWERING and digest_of_answers(document).startswith(f"sha256:{digits}"):
            yield document


def _nowhere(built: Built, digits: str, looked: int) -> Diagnostic:
    environment = built.graph.release.environment
    said = f"nothing answered by {digits[:12]} in the {looked} revisions that {environment} remembers"
    if not looked:
        said = f"nothing was ever applied to {environment}"
    hint = "ask the environment that the span names, and give more digits only where you have them"
    return Diagnostic(NO_SUCH_COMPOSITION, said, hint=hint)
