"""Rules of recipes: what a training must say for one, and what says nothing beside it."""

from collections.abc import Iterator, Mapping

from opsdecl.diag.codes import recipes
from opsdecl.diag.codes import spec as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.spec.kinds.recipe import OF_VALUES, Table, parameters_of
from opsdecl.spec.kinds.training import Training
from opsdecl.spec.rules.types import DocumentRule, Finding, doubles

_KIND = frozenset({"Training"})
_READ = (
    *("recipe", "command", "args", "datasets", "table", "rows"),
    *("framework", "base", "accelerator", "parameters"),
)
_WORDS: Mapping[type, str] = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


def program(document: Training) -> Iterator[Finding]:
    spec = document.spec
    if spec.recipe == "custom":
        if not spec.command:
            message = "a training with a program of its own needs the command that starts it"
            yield Finding(codes.MISSING_FIELD, ("spec",), message, "add `command: […]`, or name a `recipe`", True)
        for name in ("table", "rows"):
            if getattr(spec, name) is not None:
                message = f"`{name}` is for a recipe, and the program is one of its own"
                yield Finding(codes.EXCLUSIVE_FIELDS, ("spec", name), message, "remove it, or name a `recipe`", True)
        return
    for name in ("command", "args"):
        if getattr(spec, name):
            message = f"the recipe `{spec.recipe}` brings its program, so `{name}` says nothing"
            yield Finding(codes.EXCLUSIVE_FIELDS, ("spec", name), message, "remove it, or set `recipe: custom`", True)
    if len(spec.datasets) != 1:
        there = f"{len(spec.datasets)} are named" if spec.datasets else "none is named"
        message = f"the recipe `{spec.recipe}` reads one dataset, and {there}"
        path = ("spec", "datasets") if spec.datasets else ("spec",)
        yield Finding(codes.MISSING_FIELD, path, message, "write `datasets: [one]`", True)
    if spec.recipe == "tabular":
        yield from _tabular(document)
    else:
        yield from _fine_tune(document)


def _fine_tune(document: Training) -> Iterator[Finding]:
    spec = document.spec
    if spec.base is None:
        message = "the recipe `fine-tune` starts from a model, and none is named"
        yield Finding(codes.MISSING_FIELD, ("spec",), message, "add `base: {model: …, method: lora, rank: 16}`", True)
    if spec.framework != "torch":
        message = f"the recipe `fine-tune` is written with `torch`, and `{spec.framework}` is declared"
        yield Finding(recipes.OTHER_FRAMEWORK, ("spec", "framework"), message, "set `framework: torch`")
    if spec.table is not None:
        message = "`table` is for the recipe `tabular`, and this one trains on texts"
        yield Finding(codes.EXCLUSIVE_FIELDS, ("spec", "table"), message, "remove it", True)
    for name in ("max_steps", "num_train_epochs"):
        value = spec.parameters.get(name)
        if isinstance(value, int | float) and value <= 0:
            message = f"with `{name}: {value}` nothing is trained"
            yield Finding(recipes.UNKNOWN_PARAMETER, ("spec", "parameters", name), message, "give more than 0")


def _tabular(document: Training) -> Iterator[Finding]:
    spec = document.spec
    if spec.table is None:
        message = "the recipe `tabular` needs to know what to learn"
        hint = "add `table: {estimator: …, target: …, metrics: […]}`"
        yield Finding(codes.MISSING_FIELD, ("spec",), message, hint, True)
    else:
        yield from _table(spec.framework, spec.table)
    for name in ("base", "accelerator"):
        if getattr(spec, name) is not None:
            message = f"the recipe `tabular` trains a new model on CPUs, so `{name}` says nothing"
            yield Finding(codes.EXCLUSIVE_FIELDS, ("spec", name), message, "remove it, or bring a program", True)


def _table(framework: str, table: Table) -> Iterator[Finding]:
    wanted = "xgboost" if table.is_boosted else "sklearn"
    if framework != wanted:
        message = f"`{table.estimator}` is of the framework `{wanted}`, and `{framework}` is declared"
        hint = f"set `framework: {wanted}`, or name another estimator"
        yield Finding(recipes.OTHER_FRAMEWORK, ("spec", "framework"), message, hint)
    if table.target in table.features:
        message = f"`{table.target}` is what is to be predicted, and stands in `features`"
        yield Finding(codes.EXCLUSIVE_FIELDS, ("spec", "table", "features"), message, "remove it there", True)
    for field, values in (("features", table.features), ("metrics", table.metrics)):
        for index, name in doubles(values):
            message = f"`{name}` stands in `{field}` twice"
            yield Finding(codes.DUPLICATE_ENTRY, ("spec", "table", field, index), message, "remove it")
    for index, metric in enumerate(table.metrics):
        if (metric in OF_VALUES) is table.is_classifier:
            message = f"`{metric}` measures {'values' if table.is_classifier else 'classes'}, and `{table.estimator}` "
            message += f"gives {'classes' if table.is_classifier else 'values'}"
            hint = "use roc_auc or accuracy" if table.is_classifier else "use rmse or r2"
            yield Finding(recipes.OTHER_METRIC, ("spec", "table", "metrics", index), message, hint)
    if table.joblib and table.is_boosted:
        message = "XGBoost's own file is what its servers read"
        yield Finding(codes.EXCLUSIVE_FIELDS, ("spec", "table", "joblib"), message, "remove it", True)


def parameters(document: Training) -> Iterator[Finding]:
    spec = document.spec
    known = parameters_of(spec.recipe, spec.table)
    if known is None:
        return
    table = spec.table if spec.recipe == "tabular" else None
    whose = f"`{table.estimator}`" if table is not None else f"the recipe `{spec.recipe}`"
    for name, value in spec.parameters.items():
        path = ("spec", "parameters", name)
        if name not in known:
            hint = did_you_mean(name, tuple(known)) or f"it takes: {', '.join(known)}"
            message = f"{whose} takes no parameter `{name}`"
            yield Finding(recipes.UNKNOWN_PARAMETER, path, message, hint, True)
        elif not _is_a(value, known[name]):
            message = f"`{name}` is {_WORDS[known[name]]}, and `{value}` is none"
            yield Finding(recipes.UNKNOWN_PARAMETER, path, message, "correct the value")


def _is_a(value: object, wanted: type) -> bool:
    if wanted is object:
        return True
    if isinstance(value, bool) or wanted is bool:
        return isinstance(value, bool) and wanted is bool
    return isinstance(value, int | float) if wanted is float else isinstance(value, wanted)


RULES: tuple[DocumentRule, ...] = (
    DocumentRule(_KIND, tuple(("spec", name) for name in _READ), program),
    DocumentRule(_KIND, tuple(("spec", name) for name in ("recipe", "table", "parameters")), parameters),
)
