"""Rules of datasets: what a chain of runs needs, and what its checks can see."""

from collections.abc import Iterator

from opsdecl.diag import SpecPath
from opsdecl.diag.codes import preparing
from opsdecl.diag.codes import spec as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.spec.kinds.dataset import Dataset
from opsdecl.spec.kinds.scalars import ImageReference
from opsdecl.spec.rules.types import DocumentRule, Finding, doubles

_KIND = frozenset({"Dataset"})
_MOUNTED = ("pvc", "oci")
_READ = ("csv", "jsonl", "parquet")
RESERVED_STEPS = ("source", "checks")
"""Names of the runs before and after the steps."""
RESERVED = ("DATA_INPUT", "DATA_OUTPUT", "SHARD", "SHARDS")


def storage(document: Dataset) -> Iterator[Finding]:
    spec = document.spec
    works = spec.source.type not in _MOUNTED or spec.prepare or spec.checks is not None
    volume = spec.storage
    if volume is None and works:
        message = "the data is fetched, prepared or checked, and there is no volume for it"
        yield Finding(codes.ONE_OF_FIELDS, ("spec",), message, "add `storage: {size: …}`, or `storage: {claim: …}`")
    elif volume is not None and volume.claim is None and volume.size is None:
        message = "`storage` needs a volume: an existing one, or the size of a new one"
        yield Finding(codes.ONE_OF_FIELDS, ("spec", "storage"), message, "add `claim: …` or `size: …`", True)


def shared_volume(document: Dataset) -> Iterator[Finding]:
    volume = document.spec.storage
    most = max((step.at_once for step in document.spec.prepare), default=1)
    if volume is not None and most > 1 and volume.access_mode != "ReadWriteMany" and volume.claim is None:
        message = f"{most} pods share a volume that is mounted `{volume.access_mode}`"
        path: SpecPath = ("spec", "storage", "accessMode")
        yield Finding(codes.CACHE_NOT_SHARED, path, message, "set `accessMode: ReadWriteMany`, or `parallel: 1`")


def on_ray(document: Dataset) -> Iterator[Finding]:
    """A step is spread by its shards or by Ray, and Ray counts what its pods reserve."""
    for index, step in enumerate(document.spec.prepare):
        at: SpecPath = ("spec", "prepare", index)
        if step.ray is None:
            continue
        if step.shards > 1 or step.parallel is not None:
            field = "shards" if step.shards > 1 else "parallel"
            message = f"`{field}` starts the program in several pods, and `ray` starts it once"
            yield Finding(codes.EXCLUSIVE_FIELDS, (*at, field), message, f"remove `{field}`, or `ray`", True)
        of_workers = step.ray.resources or step.resources
        for path, found in (((*at, "ray"), of_workers), (at, step.resources)):
            if found.cpu is None or found.memory is None:
                missing = " and ".join(name for name in ("cpu", "memory") if getattr(found, name) is None)
                message = f"pods of Ray reserve no {missing}, so each counts all of its node as its own"
                yield Finding(preparing.RAY_UNCOUNTED, path, message, "add `resources: {cpu: …, memory: …}`")
                break


def steps(document: Dataset) -> Iterator[Finding]:
    names = tuple(step.name for step in document.spec.prepare)
    for index, name in doubles(names):
        path: SpecPath = ("spec", "prepare", index, "name")
        yield Finding(codes.DUPLICATE_ENTRY, path, f"two steps are called `{name}`", "give each its own name")
    for index, step in enumerate(document.spec.prepare):
        at: SpecPath = ("spec", "prepare", index)
        if step.name in RESERVED_STEPS:
            message = f"`{step.name}` is the name of a run of every dataset"
            yield Finding(codes.DUPLICATE_ENTRY, (*at, "name"), message, "choose another name")
        if step.parallel is not None and step.parallel > step.shards:
            message = f"{step.parallel} pods are to run at a time, and there are {step.shards} shards"
            yield Finding(codes.BOUNDS_REVERSED, (*at, "parallel"), message, "raise shards, or lower parallel")
        for name in step.env:
            if name in RESERVED:
                message = f"`{name}` is set by opsdecl for every step"
                yield Finding(codes.RESERVED_VARIABLE, (*at, "env", name), message, "choose another name", True)


def images(document: Dataset) -> Iterator[Finding]:
    named: list[tuple[SpecPath, ImageReference]] = [
        (("spec", "prepare", index, "image"), step.image) for index, step in enumerate(document.spec.prepare)
    ]
    if document.spec.checks is not None:
        named.append((("spec", "checks", "image"), document.spec.checks.image))
    for path, image in named:
        if image.is_mutable:
            tag = f"the tag `{image.tag}`" if image.tag else "no tag"
            message = f"`image` has {tag}, so the same document means other bytes tomorrow"
            yield Finding(codes.MUTABLE_TAG, path, message, "name a version, or add a digest: `@sha256:…`")


def checks(document: Dataset) -> Iterator[Finding]:
    demanded = document.spec.checks
    if demanded is None:
        return
    path: SpecPath = ("spec", "checks")
    if document.spec.format not in _READ:
        message = f"files of the format `{document.spec.format}` cannot be checked, only {', '.join(_READ)}"
        yield Finding(codes.NOT_A_CHOICE, path, message, "check them in a step of `prepare`", True)
    bounds = [(("rows",), demanded.rows), *((("columns", n), c) for n, c in demanded.columns.items())]
    for at, bound in bounds:
        if bound is not None and bound.min is not None and bound.max is not None and bound.min > bound.max:
            message = f"`min` is {bound.min}, above `max`, which is {bound.max}"
            yield Finding(codes.BOUNDS_REVERSED, (*path, *at, "min"), message, "exchange them")
    yield from _unknown_columns(document)


def _unknown_columns(document: Dataset) -> Iterator[Finding]:
    """Where a schema is given, it is all that there is."""
    schema, demanded = document.spec.schema_, document.spec.checks
    if not schema or demanded is None:
        return
    path: SpecPath = ("spec", "checks")
    named: list[tuple[SpecPath, str, bool]] = [((*path, "columns", n), n, True) for n in demanded.columns]
    if demanded.duplicates is not None:
        at: SpecPath = (*path, "duplicates", "columns")
        named += [((*at, index), name, False) for index, name in enumerate(demanded.duplicates.columns)]
    for place, name, on_key in named:
        if name not in schema:
            message = f"`{name}` is no column of `schema`"
            hint = did_you_mean(name, schema) or "add it to `schema`"
            yield Finding(codes.NOT_A_CHOICE, place, message, hint, on_key)


RULES: tuple[DocumentRule, ...] = (
    DocumentRule(_KIND, tuple(("spec", name) for name in ("source", "storage", "prepare", "checks")), storage),
    DocumentRule(_KIND, (("spec", "storage"), ("spec", "prepare")), shared_volume),
    DocumentRule(_KIND, (("spec", "prepare"),), steps),
    DocumentRule(_KIND, (("spec", "prepare"),), on_ray),
    DocumentRule(_KIND, (("spec", "prepare"), ("spec", "checks")), images),
    DocumentRule(_KIND, (("spec", "checks"), ("spec", "schema"), ("spec", "format")), checks),
)
