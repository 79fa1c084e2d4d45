"""Rules of the drift of datasets: what a check must name, and what its method can tell anything of."""

from collections.abc import Iterator, Mapping

from opsdecl.diag import SpecPath
from opsdecl.diag.codes import drift as codes
from opsdecl.diag.codes import spec as spec_codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.spec.kinds.dataset import Dataset
from opsdecl.spec.kinds.dataset_checks import COMPARED_BY, DriftCheck, EarlierData, methods_for
from opsdecl.spec.rules.types import DocumentRule, Finding, doubles

_KIND = frozenset({"Dataset"})
_PINNED_BY: Mapping[str, str] = {"hf": "revision", "git-lfs": "revision", "oci": ""}
"""By type of source; others by `digest`."""
_SHARES = ("ks", "chi2")
"""Methods whose numbers are at most 1."""


def drift(document: Dataset) -> Iterator[Finding]:
    checks = document.spec.checks
    for index, check in enumerate(checks.drift if checks is not None else ()):
        path: SpecPath = ("spec", "checks", "drift", index)
        yield from _reference(document, check, (*path, "reference"))
        yield from _columns(document, check, path)
        if check.method in _SHARES and check.bound >= 1:
            message = f"`{check.method}` is at most 1, so nothing is above {check.bound:g}"
            yield Finding(spec_codes.OUT_OF_RANGE, (*path, "above"), message, "write a number below 1, such as 0.1")


def _reference(document: Dataset, check: DriftCheck, path: SpecPath) -> Iterator[Finding]:
    named = check.reference
    if (named.dataset is None) == (named.earlier is None):
        said = "two references" if named.dataset is not None else "no reference"
        hint = "write one of `dataset: …` and `earlier: {digest: …}`"
        yield Finding(spec_codes.ONE_OF_FIELDS, path, f"`reference` names {said}", hint)
    elif named.earlier is not None:
        yield from _earlier(document, named.earlier, (*path, "earlier"))
        if named.split is not None and named.split not in document.spec.splits:
            message = f"`{named.split}` is no split of this dataset"
            known = ", ".join(document.spec.splits) or "none"
            hint = did_you_mean(named.split, document.spec.splits) or f"it has: {known}"
            yield Finding(spec_codes.NOT_A_CHOICE, (*path, "split"), message, hint)


def _earlier(document: Dataset, earlier: EarlierData, path: SpecPath) -> Iterator[Finding]:
    spec = document.spec
    pinned_by = _PINNED_BY.get(spec.source.type, "digest")
    for name in ("digest", "revision"):
        if getattr(earlier, name) is not None and name != pinned_by:
            message = f"a source of the type `{spec.source.type}` is not pinned by `{name}`"
            hint = f"write `{pinned_by}: …`" if pinned_by else "declare the earlier image as a dataset, and name that"
            yield Finding(spec_codes.EXCLUSIVE_FIELDS, (*path, name), message, hint, True)
            return
    if spec.source.type in ("pvc", "oci") and not spec.prepare:
        message = "the data is used where it lies, so nothing earlier of it is kept"
        hint = "declare the earlier data as a dataset, and name that: `dataset: …`"
        yield Finding(codes.OTHER_COLUMNS, path, message, hint)
    elif _is_now(document, earlier):
        message = "this is the data that is checked: nothing of it differs from what `source`, `version` and `run` say"
        hint = f"write the `{pinned_by or 'version'}` that it had before"
        yield Finding(codes.SAME_DATA, path, message, hint)


def _is_now(document: Dataset, earlier: EarlierData) -> bool:
    spec = document.spec
    now = {
        "digest": getattr(spec.source, "digest", None),
        "revision": getattr(spec.source, "revision", None),
        "version": spec.version,
        "attempt": spec.run.attempt,
    }
    return all(getattr(earlier, name) in (None, value) for name, value in now.items())


def _columns(document: Dataset, check: DriftCheck, path: SpecPath) -> Iterator[Finding]:
    """Against the schema, where there is one: it names all that there is."""
    schema = document.spec.schema_
    for index, name in doubles(check.columns):
        message = f"`{name}` stands in `columns` twice"
        yield Finding(spec_codes.DUPLICATE_ENTRY, (*path, "columns", index), message, "remove one")
    for index, name in enumerate(check.columns if schema else ()):
        at: SpecPath = (*path, "columns", index)
        if name not in schema:
            hint = did_you_mean(name, schema) or "add it to `schema`"
            yield Finding(spec_codes.NOT_A_CHOICE, at, f"`{name}` is no column of `schema`", hint)
        elif schema[name].type not in COMPARED_BY[check.method]:
            message = f"`{check.method}` tells nothing of `{name}`, which is of the type `{schema[name].type}`"
            fitting = methods_for(schema[name].type)
            hint = f"use one of: {', '.join(fitting)}" if fitting else "leave it out: times move on whatever happens"
            yield Finding(codes.OTHER_STATISTIC, at, message, hint)
    if schema and not check.columns and not any(c.type in COMPARED_BY[check.method] for c in schema.values()):
        message = f"`{check.method}` tells nothing of any column of `schema`"
        yield Finding(codes.OTHER_STATISTIC, (*path, "method"), message, "use another method, such as psi")


RULES: tuple[DocumentRule, ...] = (
    DocumentRule(
        _KIND,
        tuple(("spec", name) for name in ("source", "version", "run", "prepare", "schema", "splits", "checks")),
        drift,
    ),
)
