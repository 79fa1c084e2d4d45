"""Evidence of the recipe `attribution` -> what a card says of what moved a model's answers."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from opsdecl.evidence.types import Stored
from opsdecl.transparency.types import Explanation

RECIPE = "attribution"


def explanations_of(digest: str, stored: Sequence[Stored]) -> tuple[Explanation, ...]:
    """The last of each evaluation about this composition, whichever environment it was found in."""
    if not digest:
        return ()
    last = {each.evidence.evaluation.name: each for each in _about(digest, stored)}
    return tuple(_explanation(last[name]) for name in sorted(last))


def _about(digest: str, stored: Sequence[Stored]) -> Iterator[Stored]:
    for each in stored:
        if each.evidence.evaluation.recipe == RECIPE and each.evidence.candidate.identity == digest:
            yield each


def _explanation(stored: Stored) -> Explanation:
    found = stored.evidence
    data = found.data
    strongest = sorted(found.metrics.items(), key=lambda pair: (-pair[1], pair[0]))
    return Explanation(
        evaluation=found.evaluation.name,
        environment=found.environment,
        evidence=PurePosixPath(stored.path).stem,
        dataset=data.dataset if data else "",
        split=data.split if data else "",
        data=data.digest if data else "",
        model=found.candidate.model,
        method=found.evaluation.engine,
        scale=str(found.evaluation.parameters.get("scale", "")),
        samples=found.samples,
        at=found.finished_at,
        trust=found.trust,
        attributions=dict(strongest),
    )
