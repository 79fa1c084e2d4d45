"""Rules of evaluations: candidates, recipes, metrics that are named elsewhere."""

from collections.abc import Iterator

from opsdecl.diag import SpecPath
from opsdecl.diag.codes import spec as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.spec.kinds.evaluation import Evaluation, Threshold
from opsdecl.spec.rules.types import DocumentRule, Finding, doubles

_KIND = frozenset({"Evaluation"})
MEASURED = {"tabular": ("Model", "Training"), "attribution": ("Model", "Training"), "llm": ("LLM",)}
"""Kinds that a recipe can measure."""
NEEDED = {"tabular": "target", "llm": "tasks"}
"""The parameter without which a recipe has nothing to do."""
RESERVED = ("EVALUATION", "EVALUATION_RESULT")


def candidates(document: Evaluation) -> Iterator[Finding]:
    spec = document.spec
    for index, candidate in enumerate(spec.candidates):
        path: SpecPath = ("spec", "candidates", index)
        if len(candidate.named) != 1:
            said = "names nothing" if not candidate.named else "names more than one document"
            hint = "write one of `model`, `llm` and `training`"
            yield Finding(codes.ONE_OF_FIELDS, path, f"the candidate {said}", hint)
            continue
        kind = candidate.named[0][0]
        if candidate.adapter is not None and kind != "LLM":
            message = f"`adapter` is asked for beside a {kind}, and only language models load adapters"
            yield Finding(codes.EXCLUSIVE_FIELDS, (*path, "adapter"), message, "remove it", True)
        if kind not in MEASURED.get(spec.recipe, (kind,)):
            message = f"the recipe `{spec.recipe}` measures no {kind}"
            hint = f"name one of: {', '.join(MEASURED[spec.recipe])}; or bring a program: `recipe: custom`"
            yield Finding(codes.EXCLUSIVE_FIELDS, (*path, kind.lower()), message, hint, True)
    labels = tuple(c.label if len(c.named) == 1 else f"#{n}" for n, c in enumerate(spec.candidates))
    for index, _ in doubles(labels):
        yield Finding(codes.DUPLICATE_ENTRY, ("spec", "candidates", index), "the candidate is named twice", "remove it")


def program(document: Evaluation) -> Iterator[Finding]:
    spec = document.spec
    if spec.recipe == "custom" and not spec.command:
        message = "an evaluation with a program of its own needs the command that starts it"
        yield Finding(codes.MISSING_FIELD, ("spec",), message, "add `command: […]`, or name a `recipe`", True)
    for name in ("command", "args") if spec.recipe != "custom" else ():
        if getattr(spec, name):
            message = f"the recipe `{spec.recipe}` brings its program, so `{name}` says nothing"
            yield Finding(codes.EXCLUSIVE_FIELDS, ("spec", name), message, "remove it, or set `recipe: custom`", True)
    needed = NEEDED.get(spec.recipe)
    if needed is not None and needed not in spec.parameters:
        message = f"the recipe `{spec.recipe}` needs `parameters.{needed}`"
        yield Finding(codes.MISSING_FIELD, ("spec",), message, f"add `parameters: {{{needed}: …}}`", True)
    if spec.recipe in ("tabular", "attribution") and spec.dataset is None:
        message = f"the recipe `{spec.recipe}` measures on a dataset, and none is named"
        yield Finding(codes.MISSING_FIELD, ("spec",), message, "add `dataset: …`", True)
    if spec.split is not None and spec.dataset is None:
        message = "`split` is part of a dataset, and none is named"
        yield Finding(codes.MISSING_FIELD, ("spec", "split"), message, "add `dataset: …`", True)
    for name in spec.env:
        if name in RESERVED:
            message = f"`{name}` is set by opsdecl for every evaluation"
            yield Finding(codes.RESERVED_VARIABLE, ("spec", "env", name), message, "choose another name", True)
    if spec.image.is_mutable:
        tag = f"the tag `{spec.image.tag}`" if spec.image.tag else "no tag"
        message = f"`image` has {tag}, so the same document means other bytes tomorrow"
        hint = "name a version, or add a digest: `@sha256:…`"
        yield Finding(codes.MUTABLE_TAG, ("spec", "image"), message, hint)


def metrics(document: Evaluation) -> Iterator[Finding]:
    spec = document.spec
    names = tuple(metric.name for metric in spec.metrics)
    for index, name in doubles(names):
        path: SpecPath = ("spec", "metrics", index, "name")
        yield Finding(codes.DUPLICATE_ENTRY, path, f"`{name}` stands in `metrics` twice", "remove it")
    named: list[tuple[SpecPath, str]] = []
    for at, threshold in _thresholds(document):
        named.append(((*at, "metric"), threshold.metric))
        yield from _bounds(at, threshold)
    if spec.selection is not None:
        named.append((("spec", "selection", "metric"), spec.selection.metric))
    for path, name in named:
        if name not in names:
            hint = did_you_mean(name, names) or "add it to `metrics`"
            yield Finding(codes.NOT_A_CHOICE, path, f"`{name}` is no metric of the evaluation", hint)


def _thresholds(document: Evaluation) -> Iterator[tuple[SpecPath, Threshold]]:
    spec = document.spec
    yield from ((("spec", "thresholds", index), each) for index, each in enumerate(spec.thresholds))
    constraints = spec.selection.constraints if spec.selection is not None else ()
    yield from ((("spec", "selection", "constraints", index), each) for index, each in enumerate(constraints))


def _bounds(at: SpecPath, threshold: Threshold) -> Iterator[Finding]:
    bounded = threshold.min is not None or threshold.max is not None
    if bounded is (threshold.against is not None):
        said = "says both what to reach and what to compare with" if bounded else "says nothing that must be reached"
        hint = "write `min` or `max`, or `against: current`"
        yield Finding(codes.ONE_OF_FIELDS, at, f"the threshold of `{threshold.metric}` {said}", hint)
    if threshold.min is not None and threshold.max is not None and threshold.min > threshold.max:
        message = f"`min` is {threshold.min}, above `max`, which is {threshold.max}"
        yield Finding(codes.BOUNDS_REVERSED, (*at, "min"), message, "exchange them")
    if threshold.tolerance and threshold.against is None:
        message = "`tolerance` goes with a comparison, and there is none"
        yield Finding(codes.EXCLUSIVE_FIELDS, (*at, "tolerance"), message, "remove it, or add `against: current`", True)
    if threshold.against is not None and at[1] == "selection":
        message = "candidates are compared with each other, so a constraint compares with nothing else"
        yield Finding(codes.EXCLUSIVE_FIELDS, (*at, "against"), message, "put it into `thresholds`", True)


RULES: tuple[DocumentRule, ...] = (
    DocumentRule(_KIND, (("spec", "candidates"), ("spec", "recipe")), candidates),
    DocumentRule(
        _KIND,
        tuple(("spec", n) for n in ("recipe", "command", "args", "parameters", "dataset", "split", "env", "image")),
        program,
    ),
    DocumentRule(_KIND, (("spec", "metrics"), ("spec", "thresholds"), ("spec", "selection")), metrics),
)
