"""Rules of trainings: what fields say only together."""

from collections.abc import Iterator

from opsdecl.diag.codes import spec as codes
from opsdecl.spec.kinds.training import Training
from opsdecl.spec.rules.types import DocumentRule, Finding, doubles

_KIND = frozenset({"Training"})
_ONE_NODE = ("sklearn", "xgboost")
RESERVED = ("TRAINING", "TRAINING_OUTPUT", "TRAINING_PROGRAM")


def base(document: Training) -> Iterator[Finding]:
    start = document.spec.base
    if start is None:
        return
    path = ("spec", "base")
    if start.method != "full" and start.rank is None:
        message = f"`method: {start.method}` trains matrices of a rank, and there is none"
        yield Finding(codes.MISSING_FIELD, path, message, "add `rank: 16`", True)
    for name in ("rank", "alpha", "targets") if start.method == "full" else ():
        if getattr(start, name):
            message = f"`method: full` trains all weights, so `{name}` says nothing"
            hint = "remove it, or set `method: lora`"
            yield Finding(codes.EXCLUSIVE_FIELDS, (*path, name), message, hint, True)
    for index, name in doubles(start.targets):
        message = f"`{name}` stands in `targets` twice"
        yield Finding(codes.DUPLICATE_ENTRY, (*path, "targets", index), message, "remove it")


def machines(document: Training) -> Iterator[Finding]:
    spec = document.spec
    if spec.nodes > 1 and spec.framework in _ONE_NODE:
        message = f"`{spec.framework}` trains in one pod, and {spec.nodes} nodes are asked for"
        hint = "remove `nodes`, or train with torch or jax"
        yield Finding(codes.EXCLUSIVE_FIELDS, ("spec", "accelerator", "nodes"), message, hint)
    if spec.sharding != "ddp" and spec.gpus < 2:
        there = "one" if spec.gpus else "none"
        message = f"`sharding: {spec.sharding}` shares memory among GPUs, and there is {there}"
        yield Finding(codes.EXCLUSIVE_FIELDS, ("spec", "sharding"), message, "remove it, or take more GPUs")


def output(document: Training) -> Iterator[Finding]:
    volume, spec = document.spec.output, document.spec
    if volume.claim is None and volume.size is None:
        message = "`output` needs a volume: an existing one, or the size of a new one"
        yield Finding(codes.ONE_OF_FIELDS, ("spec", "output"), message, "add `claim: …` or `size: …`", True)
    elif volume.claim is None and spec.nodes > 1 and volume.access_mode != "ReadWriteMany":
        message = f"{spec.nodes} pods share a volume that is mounted `{volume.access_mode}`"
        path = ("spec", "output", "accessMode")
        yield Finding(codes.CACHE_NOT_SHARED, path, message, "set `accessMode: ReadWriteMany`")


def names(document: Training) -> Iterator[Finding]:
    for index, name in doubles(document.spec.datasets):
        message = f"`{name}` stands in `datasets` twice"
        yield Finding(codes.DUPLICATE_ENTRY, ("spec", "datasets", index), message, "remove it")
    for name in document.spec.env:
        if name in RESERVED:
            message = f"`{name}` is set by opsdecl for every training"
            yield Finding(codes.RESERVED_VARIABLE, ("spec", "env", name), message, "choose another name", True)


RULES: tuple[DocumentRule, ...] = (
    DocumentRule(_KIND, (("spec", "base"),), base),
    DocumentRule(_KIND, tuple(("spec", name) for name in ("framework", "accelerator", "sharding")), machines),
    DocumentRule(_KIND, (("spec", "output"), ("spec", "accelerator")), output),
    DocumentRule(_KIND, (("spec", "datasets"), ("spec", "env")), names),
)
