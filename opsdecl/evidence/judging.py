"""Numbers beside what they must reach."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from opsdecl.evidence.types import Evidence, Verdict


def judge(verdict: Verdict) -> Verdict:
    """With `holds` as its numbers have it; None where the version in use decides."""
    if verdict.against:
        return replace(verdict, holds=None)
    above = verdict.min is None or verdict.value >= verdict.min
    below = verdict.max is None or verdict.value <= verdict.max
    return replace(verdict, holds=above and below)


def failed_words(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """`roc_auc is 0.71, and 0.8 is the least`."""
    for verdict in verdicts:
        if verdict.holds is False:
            least = verdict.min is not None and verdict.value < verdict.min
            bound, word = (verdict.min, "least") if least else (verdict.max, "most")
            yield f"{verdict.metric} is {verdict.value:g}, and {bound:g} is the {word}"


def worse_than(evidence: Evidence, current: Evidence) -> Iterator[str]:
    """Where the candidate is worse than the version in use by more than it may be."""
    for verdict in evidence.thresholds:
        if not verdict.against:
            continue
        before = current.metrics.get(verdict.metric)
        if before is None:
            yield f"{verdict.metric} of the version in use is not known"
            continue
        lost = before - verdict.value if verdict.direction == "maximize" else verdict.value - before
        if lost > verdict.tolerance:
            allowed = f", and {verdict.tolerance:g} worse is allowed" if verdict.tolerance else ""
            yield f"{verdict.metric} is {verdict.value:g}, and the version in use has {before:g}{allowed}"


def better(metrics: Mapping[str, float], others: Mapping[str, float], metric: str, direction: str) -> bool:
    """Whether the first has more of it, or less, as the direction wants."""
    own, other = metrics[metric], others[metric]
    return own > other if direction == "maximize" else own < other
