"""What a search asks for and what runs it cannot do."""

import json
from collections.abc import Iterator

from opsdecl.compile.lower.subject import Subject
from opsdecl.diag import Diagnostic, SpecPath
from opsdecl.diag.codes import work as codes
from opsdecl.spec.kinds.tuning import Choice, TuningSpec

_UNSAFE = frozenset('"\\$\n')
"""Characters that break the text into which Katib puts values."""


def beyond_job(subject: Subject, spec: TuningSpec) -> Iterator[Diagnostic]:
    yield from _over_nodes(subject)
    if spec.algorithm.type == "bayesian":
        message = "`bayesian` needs a search engine with a model of the objective, and platform.tuning is `job`"
        yield _finding(subject, ("spec", "algorithm", "type"), message, "use `tpe`, or set platform.tuning to katib")
    if spec.image is None:
        name = subject.document.address
        message = (
            f"no `image` chooses the values of {name}: platform.tuning is `job`, which runs one with Python and Optuna"
        )
        hint = "add `image`, one built with `pip install optuna`, or set platform.tuning of the Environment to katib"
        yield _finding(subject, ("spec",), message, hint)


def beyond_katib(subject: Subject, spec: TuningSpec) -> Iterator[Diagnostic]:
    yield from _over_nodes(subject)
    for name, space in spec.parameters.items():
        if not isinstance(space, Choice):
            continue
        path: SpecPath = ("spec", "parameters", name, "values")
        if len({isinstance(value, str) for value in space.values}) > 1:
            message = f"Katib takes all values of `{name}` as texts or none of them"
            yield _finding(subject, path, message, "write all of them in quotes, or none")
        for index, value in enumerate(space.values):
            if isinstance(value, str) and _UNSAFE & set(value):
                message = f"Katib puts values into a text, and cannot carry {json.dumps(value, ensure_ascii=False)}"
                hint = "choose a value without quotes, backslashes, `$` and line breaks, or set platform.tuning to job"
                yield _finding(subject, (*path, index), message, hint)


def _over_nodes(subject: Subject) -> Iterator[Diagnostic]:
    training = subject.searched
    if training is not None and training.model.spec.nodes > 1:
        message = f"a trial runs in one pod, and {training.address} spans {training.model.spec.nodes} nodes"
        hint = "search with a training on one node, with the same program"
        yield _finding(subject, ("spec", "training"), message, hint)


def _finding(subject: Subject, path: SpecPath, message: str, hint: str) -> Diagnostic:
    return Diagnostic(
        codes.NOT_SEARCHED_HERE, message, at=subject.place(path), hint=hint, subject=str(subject.document.address)
    )
