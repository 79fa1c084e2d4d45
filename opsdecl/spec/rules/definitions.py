"""Rules of the other kinds: classic models, runtimes, environments, policies."""

from collections.abc import Iterator

from opsdecl.diag import SpecPath
from opsdecl.diag.codes import spec as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.spec.kinds.environment import Environment
from opsdecl.spec.kinds.model import Model, ModelSource
from opsdecl.spec.kinds.policy import Policy
from opsdecl.spec.kinds.runtime import Runtime
from opsdecl.spec.kinds.targets import GitTarget
from opsdecl.spec.rules.llm import flag_name
from opsdecl.spec.rules.types import DocumentRule, Finding, doubles

_RUNTIME_FLAGS = {
    "model": "LLM.spec.model",
    "served-model-name": "LLM.spec.servedNames",
    "port": "port",
    "host": "port",
}


def image_and_format(document: Model) -> Iterator[Finding]:
    spec = document.spec
    yield from _source(spec.source) if spec.source is not None else ()
    if spec.format == "custom":
        yield from _custom(document)
        return
    if spec.image is not None:
        message = f"`image` is the server of a `custom` model, and the format is `{spec.format}`"
        hint = "remove `image` and name a `runtime`, or set `format: custom`"
        yield Finding(codes.IMAGE_AND_FORMAT, ("spec", "image"), message, hint, True)
    elif spec.runtime is None:
        message = f"a model of format `{spec.format}` needs a `runtime`"
        yield Finding(codes.MISSING_FIELD, ("spec",), message, "add `runtime: …`, the name of a Runtime", True)
    if spec.source is None:
        message = f"a model of format `{spec.format}` needs a `source`"
        yield Finding(codes.MISSING_FIELD, ("spec",), message, "add `source: {uri: …}`", True)


def _source(source: ModelSource) -> Iterator[Finding]:
    if source.uri is None and source.training is None:
        message = "`source` says neither an address nor a training"
        yield Finding(codes.ONE_OF_FIELDS, ("spec", "source"), message, "add `uri: …` or `training: …`", True)
    for name in ("uri", "digest", "credentials") if source.training is not None else ():
        if getattr(source, name) is not None:
            message = f"the training `{source.training}` makes the model, so `{name}` says nothing"
            yield Finding(codes.EXCLUSIVE_FIELDS, ("spec", "source", name), message, "remove one of them", True)


def _custom(document: Model) -> Iterator[Finding]:
    if document.spec.runtime is not None:
        message = "a `custom` model brings its own server, so `runtime` cannot be it as well"
        yield Finding(codes.IMAGE_AND_FORMAT, ("spec", "runtime"), message, "remove `runtime`", True)
    if document.spec.image is None:
        message = "a `custom` model brings its own server, and there is no `image`"
        yield Finding(codes.IMAGE_AND_FORMAT, ("spec", "format"), message, "add `image: …`, or name another format")


def runtime_flags(document: Runtime) -> Iterator[Finding]:
    for name in document.spec.args:
        field = _RUNTIME_FLAGS.get(flag_name(name))
        if field is not None:
            message = f"the flag `{name}` repeats the field `{field}`"
            yield Finding(codes.FLAG_REPEATS_FIELD, ("spec", "args", name), message, f"use `{field}` instead", True)


def policy_match(document: Policy) -> Iterator[Finding]:
    match, path = document.spec.match, ("spec", "match")
    if match.kinds and match.objects:
        message = "`match.kinds` looks at documents and `match.objects` at objects; a policy looks at one of them"
        yield Finding(codes.EXCLUSIVE_FIELDS, (*path, "objects"), message, "make two policies of it", True)
    elif not match.kinds and not match.objects:
        message = "`match` says neither which kinds of documents nor which objects the rules look at"
        yield Finding(codes.ONE_OF_FIELDS, path, message, "add `kinds: [LLM]` or `objects: [Deployment]`", True)


def policy_rules(document: Policy) -> Iterator[Finding]:
    for index, name in doubles(tuple(rule.name for rule in document.spec.rules)):
        message = f"two rules are called `{name}`"
        yield Finding(codes.DUPLICATE_ENTRY, ("spec", "rules", index, "name"), message, "give each its own name")
    for index, rule in enumerate(document.spec.rules):
        if rule.message is not None and rule.message_expression is not None:
            message = "`message` and `messageExpression` both say what to tell"
            path: SpecPath = ("spec", "rules", index, "message")
            yield Finding(codes.EXCLUSIVE_FIELDS, path, message, "remove one of them", True)


def policy_exceptions(document: Policy) -> Iterator[Finding]:
    for index, name in doubles(tuple(exception.name for exception in document.spec.exceptions)):
        message = f"two exceptions are called `{name}`"
        yield Finding(codes.DUPLICATE_ENTRY, ("spec", "exceptions", index, "name"), message, "give each its own name")


def environment_lists(document: Environment) -> Iterator[Finding]:
    listed = (("extends", document.spec.extends), ("namespaces", document.spec.namespaces))
    for name, values in listed:
        for index, value in doubles(values):
            message = f"`{value}` stands in `{name}` twice"
            yield Finding(codes.DUPLICATE_ENTRY, ("spec", name, index), message, "remove it")


def pools(document: Environment) -> Iterator[Finding]:
    for name, pool in document.spec.capacity.pools.items():
        path: SpecPath = ("spec", "capacity", "pools", name)
        if pool.gpu is not None and pool.gpus_per_node == 0:
            message = f"the nodes of pool `{name}` have a `gpu`, and nothing says how many"
            yield Finding(codes.MISSING_FIELD, path, message, "add `gpusPerNode: …`", True)
        elif pool.gpu is None and pool.gpus_per_node > 0:
            message = f"the nodes of pool `{name}` have {pool.gpus_per_node} GPUs, and nothing says which"
            yield Finding(codes.MISSING_FIELD, path, message, "add `gpu: …`, an entry of the catalogue", True)
        elif pool.reserve > pool.nodes * pool.gpus_per_node:
            message = f"pool `{name}` has {pool.nodes * pool.gpus_per_node} GPUs and would keep {pool.reserve} free"
            yield Finding(codes.BOUNDS_REVERSED, (*path, "reserve"), message, "keep fewer free")


def quotas(document: Environment) -> Iterator[Finding]:
    namespaces = document.spec.namespaces
    for name in document.spec.capacity.quotas:
        if name not in namespaces:
            hint = did_you_mean(name, namespaces) or f"add `{name}` to `namespaces`"
            message = f"`{name}` is no namespace of this environment"
            yield Finding(codes.NOT_A_CHOICE, ("spec", "capacity", "quotas", name), message, hint, True)


def targets(document: Environment) -> Iterator[Finding]:
    for name, target in document.spec.targets.items():
        if isinstance(target, GitTarget) and target.argocd is not None and target.flux is not None:
            message = f"target `{name}` is read by Argo CD and by Flux, and both would write the same objects"
            yield Finding(
                codes.EXCLUSIVE_FIELDS, ("spec", "targets", name, "flux"), message, "remove one of them", True
            )


def _of(kind: str) -> frozenset[str]:
    return frozenset({kind})


RULES: tuple[DocumentRule, ...] = (
    DocumentRule(
        _of("Model"), tuple(("spec", name) for name in ("format", "image", "runtime", "source")), image_and_format
    ),
    DocumentRule(_of("Runtime"), (("spec", "args"),), runtime_flags),
    DocumentRule(_of("Policy"), (("spec", "match"),), policy_match),
    DocumentRule(_of("Policy"), (("spec", "rules"),), policy_rules),
    DocumentRule(_of("Policy"), (("spec", "exceptions"),), policy_exceptions),
    DocumentRule(_of("Environment"), (("spec", "extends"), ("spec", "namespaces")), environment_lists),
    DocumentRule(_of("Environment"), (("spec", "capacity", "pools"),), pools),
    DocumentRule(_of("Environment"), (("spec", "capacity", "quotas"), ("spec", "namespaces")), quotas),
    DocumentRule(_of("Environment"), (("spec", "targets"),), targets),
)
