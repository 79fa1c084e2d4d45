"""What cards and bills of materials say otherwise, in sentences: `licence changed from A to B`."""

from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct

from opsdecl.diff.types import Plan, TransparencyChange
from opsdecl.view.plan.phrases import document_name
from opsdecl.view.words import listed

TITLE = "Transparency"
_NAMES = 3
_LONGEST = 60
_COMMIT = 12
_WORDS = {
    "license": "licence",
    "weights": "weights",
    "base-model": "base model",
    "adapter": "adapter {name}",
    "adapter-license": "licence of adapter {name}",
    "risk-class": "risk class",
    "intended-use": "intended use",
}


class Sentence(Struct, frozen=True):
    """One change, for all documents that have the same."""

    documents: str
    subject: str
    before: str
    after: str
    classes: tuple[str, ...]
    where: str


def sentences(plan: Plan) -> list[Sentence]:
    """In the order of the plan; documents of which the same is said stand together."""
    groups: dict[object, list[TransparencyChange]] = defaultdict(list)
    for change in plan.transparency:
        groups[(change.topic, change.name, change.before, change.after, change.classes, repr(change.origin))] += [
            change
        ]
    return [_sentence(group) for group in groups.values()]


def _sentence(group: Sequence[TransparencyChange]) -> Sentence:
    lead = group[0]
    subject, before, after = _said(_WORDS[lead.topic].format(name=lead.name), lead.before or "", lead.after or "")
    return Sentence(
        documents=listed([document_name(change.address) for change in group], _NAMES),
        subject=subject,
        before=before,
        after=after,
        classes=lead.classes,
        where=f"{lead.origin.file}:{lead.origin.line}" if lead.origin else "",
    )


def _said(subject: str, before: str, after: str) -> tuple[str, str, str]:
    """Where only the revision is another, only the revision is said."""
    own, _, old = before.partition(" @ ")
    other, _, new = after.partition(" @ ")
    if own != other or not old or not new:
        return subject, _short(before), _short(after)
    shown = _COMMIT if old[:_COMMIT] != new[:_COMMIT] else 2 * _LONGEST
    return f"{subject} {_short(own)}: revision", old[:shown], new[:shown]


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 2 * _LONGEST else f"{text[: 2 * _LONGEST]}…"


def told(sentence: Sentence, before: str, after: str) -> str:
    """The sentence with its values as the view marks them; a value that is not there is empty."""
    if before and after:
        return f"{sentence.subject} changed from {before} to {after}"
    return f"{sentence.subject} added: {after}" if after else f"{sentence.subject} removed: {before}"
