"""Rules of a Monitor's measures: what each kind of measure needs, and what says nothing there."""

import re
from collections.abc import Iterator

from opsdecl.diag import SpecPath
from opsdecl.diag.codes import spec as codes
from opsdecl.spec.kinds.measure import CurrentData, Measure
from opsdecl.spec.kinds.monitor import Alert, Monitor
from opsdecl.spec.rules.types import DocumentRule, Finding, doubles

_DRIFT_ONLY = ("reference", "columns", "method")
_ANSWERS_ONLY = ("fields", "sample", "judge", "rules")
_TESTS = ("matches", "lacks", "equals", "json")


def measures(document: Monitor) -> Iterator[Finding]:
    chosen = document.spec.measures
    for index, name in doubles(tuple(measure.name for measure in chosen)):
        message = f"there is a measure `{name}` already"
        yield Finding(codes.DUPLICATE_ENTRY, ("spec", "measures", index, "name"), message, "give it another name")
    for index, measure in enumerate(chosen):
        path: SpecPath = ("spec", "measures", index)
        yield from _current(measure.current, (*path, "current"))
        yield from _answers(measure, path) if measure.about == "answer-quality" else _drift(measure, path)
        yield from _common(measure, path)


def _common(measure: Measure, path: SpecPath) -> Iterator[Finding]:
    if measure.llm is not None and measure.model is not None:
        message = f"`{measure.name}` names two models, and one measure is about one"
        yield Finding(codes.EXCLUSIVE_FIELDS, (*path, "model"), message, "write a second measure for the other", True)
    if measure.image.is_mutable:
        tag = f"the tag `{measure.image.tag}`" if measure.image.tag else "no tag"
        message = f"`image` has {tag}, so the same document means other bytes tomorrow"
        yield Finding(codes.MUTABLE_TAG, (*path, "image"), message, "name a version, or add a digest: `@sha256:…`")


def _current(current: CurrentData, path: SpecPath) -> Iterator[Finding]:
    if (current.dataset is None) == (current.log is None):
        said = "names two places" if current.dataset is not None else "says nowhere"
        message = f"`current` {said} where the data comes from"
        yield Finding(codes.ONE_OF_FIELDS, path, message, "write one of `dataset: …` and `log: {type: …}`")
    if current.last is not None and current.time is None:
        message = "`last` is told from the time of a row, and nothing says where that stands"
        yield Finding(codes.MISSING_FIELD, (*path, "last"), message, "add `time: …`, the name of the column", True)
    if current.split is not None and current.dataset is None:
        message = "`split` is part of a dataset, and none is named"
        yield Finding(codes.MISSING_FIELD, (*path, "split"), message, "add `dataset: …`", True)


def _drift(measure: Measure, path: SpecPath) -> Iterator[Finding]:
    if measure.reference is None:
        message = f"`{measure.name}` measures drift, and nothing says from what"
        yield Finding(codes.MISSING_FIELD, path, message, "add `reference: {dataset: …}`")
    if measure.about == "prediction-drift" and not measure.columns:
        message = f"nothing says where the predictions of `{measure.name}` stand"
        yield Finding(codes.MISSING_FIELD, path, message, "add `columns: [prediction]`")
    yield from _without_meaning(measure, _ANSWERS_ONLY, path)


def _answers(measure: Measure, path: SpecPath) -> Iterator[Finding]:
    if (measure.judge is None) == (not measure.rules):
        said = "two ways to score answers" if measure.rules else "no way to score answers"
        message = f"`{measure.name}` has {said}"
        yield Finding(codes.ONE_OF_FIELDS, path, message, "write one of `judge: {llm: …}` and `rules: [...]`")
    judge = measure.judge
    if judge is not None and judge.worst >= judge.best:
        message = f"`judge.best` is {judge.best}, and must be more than `judge.worst`, {judge.worst}"
        yield Finding(codes.BOUNDS_REVERSED, (*path, "judge", "best"), message, "exchange them")
    names = tuple(rule.name for rule in measure.rules)
    for index, name in doubles(names):
        message = f"there is a rule `{name}` already"
        yield Finding(codes.DUPLICATE_ENTRY, (*path, "rules", index, "name"), message, "give it another name")
    for index, rule in enumerate(measure.rules):
        if len(rule.said) != 1:
            message = f"the rule `{rule.name}` says {'nothing' if not rule.said else 'more than one thing'}"
            hint = f"write one of: {', '.join(f'`{name}`' for name in _TESTS)}"
            yield Finding(codes.ONE_OF_FIELDS, (*path, "rules", index), message, hint)
        yield from _expression(rule.matches, (*path, "rules", index, "matches"))
        yield from _expression(rule.lacks, (*path, "rules", index, "lacks"))
    yield from _without_meaning(measure, _DRIFT_ONLY, path)


def _expression(text: str | None, path: SpecPath) -> Iterator[Finding]:
    try:
        re.compile(text or "")
    except re.error as error:
        message = f"`{text}` is no regular expression: {error}"
        yield Finding(codes.OUT_OF_RANGE, path, message, "write one as Python's `re` reads it")


def _without_meaning(measure: Measure, names: tuple[str, ...], path: SpecPath) -> Iterator[Finding]:
    for name in names:
        if name in measure.model_fields_set:
            message = f"`{name}` says nothing of `{measure.about}`"
            yield Finding(codes.EXCLUSIVE_FIELDS, (*path, name), message, "remove it", True)


def looked_at(document: Monitor) -> Iterator[Finding]:
    """Alerts over measures against what these are about."""
    known = {measure.name: measure for measure in document.spec.measures}
    for index, alert in enumerate(document.spec.alerts):
        measure = known.get(alert.measure or "")
        if measure is not None:
            yield from _fits(alert, measure, ("spec", "alerts", index))


def _fits(alert: Alert, measure: Measure, path: SpecPath) -> Iterator[Finding]:
    if "about" in alert.model_fields_set and alert.about != measure.about:
        message = f"`{alert.name}` is about `{alert.about}`, and its measure `{measure.name}` about `{measure.about}`"
        yield Finding(codes.EXCLUSIVE_FIELDS, (*path, "about"), message, "remove it: the measure says it")
    bound = alert.above if alert.above is not None else alert.below
    if measure.about == "answer-quality" and bound is not None and not 0 <= bound <= 1:
        message = f"the quality of answers is from 0 to 1, and `{alert.name}` waits for {bound}"
        field = "above" if alert.above is not None else "below"
        yield Finding(codes.OUT_OF_RANGE, (*path, field), message, "write a number from 0 to 1, such as 0.8")


_MONITOR = frozenset({"Monitor"})

RULES: tuple[DocumentRule, ...] = (
    DocumentRule(_MONITOR, (("spec", "measures"),), measures),
    DocumentRule(_MONITOR, (("spec", "measures"), ("spec", "alerts")), looked_at),
)
