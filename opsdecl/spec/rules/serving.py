"""Rules of every served model: replicas, rollout, drain, identity, access, card, image tags."""

from collections.abc import Iterable, Iterator, Mapping

from opsdecl.diag import SpecPath
from opsdecl.diag.codes import spec as codes
from opsdecl.spec.kinds.adapter import Adapter
from opsdecl.spec.kinds.llm import LLM
from opsdecl.spec.kinds.model import Model
from opsdecl.spec.kinds.run import RUN_KINDS
from opsdecl.spec.kinds.runtime import Runtime
from opsdecl.spec.kinds.scalars import ImageReference
from opsdecl.spec.kinds.serving import Replicas
from opsdecl.spec.rules.percentiles import percentiles
from opsdecl.spec.rules.types import DocumentRule, Finding, doubles

Served = LLM | Model

_LONGEST_DRAIN_S = 3600.0
"""Managed clusters give up waiting for a node's pods after an hour."""

RESERVED: Mapping[str, str] = {
    "HF_TOKEN": "weights.source.token",
    "HUGGING_FACE_HUB_TOKEN": "weights.source.token",
    "HF_ENDPOINT": "weights.source.endpoint",
    "HF_HOME": "weights.cache",
    "HF_HUB_CACHE": "weights.cache",
    "HF_HUB_OFFLINE": "weights.offline",
    "TRANSFORMERS_OFFLINE": "weights.offline",
    "AWS_ACCESS_KEY_ID": "credentials of the source",
    "AWS_SECRET_ACCESS_KEY": "credentials of the source",
}
"""Variables that opsdecl sets itself, and the field that says so."""


def replicas(document: Served) -> Iterator[Finding]:
    yield from _replicas(document.spec.replicas, ("spec", "replicas"))


def prefill_replicas(document: LLM) -> Iterator[Finding]:
    if document.spec.prefill is not None:
        yield from _replicas(document.spec.prefill.replicas, ("spec", "prefill", "replicas"))


def _replicas(chosen: Replicas, path: tuple[str, ...]) -> Iterator[Finding]:
    if chosen.count is not None and (chosen.min is not None or chosen.max is not None):
        message = "`replicas.count` fixes the number, so `min` and `max` cannot hold as well"
        yield Finding(codes.EXCLUSIVE_FIELDS, (*path, "count"), message, "remove `count`, or set it to null here", True)
    elif chosen.min is not None and chosen.max is None:
        message = "`replicas.min` says how few, but nothing says how many at most"
        yield Finding(
            codes.MISSING_FIELD, (*path, "min"), message, "add `max`, or write `count` in place of `min`", True
        )
    elif chosen.min is not None and chosen.max is not None and chosen.min > chosen.max:
        message = f"`replicas.min` is {chosen.min}, above `replicas.max`, which is {chosen.max}"
        yield Finding(codes.BOUNDS_REVERSED, (*path, "min"), message, f"set `min` to {chosen.max} or less")
    elif chosen.target is not None and not chosen.is_range:
        message = "`replicas.target` asks for scaling, but the number of replicas is fixed"
        yield Finding(
            codes.NO_ROOM_TO_SCALE, (*path, "target"), message, "set `max` above `min`, or remove `target`", True
        )


def rollout(document: Served) -> Iterator[Finding]:
    chosen = document.spec.rollout
    if chosen.max_surge == 0 and chosen.max_unavailable == 0:
        message = "`rollout.maxSurge` and `rollout.maxUnavailable` are both 0, so no pod could ever be exchanged"
        yield Finding(codes.EXCLUSIVE_FIELDS, ("spec", "rollout", "maxSurge"), message, "set one of them to 1")


def drain(document: Served) -> Iterator[Finding]:
    longest = document.spec.drain.longest_generation if document.spec.drain else None
    path: SpecPath = ("spec", "drain", "longestGeneration")
    if longest is not None and longest.seconds == 0:
        message = f"`drain.longestGeneration` is {longest}, so every answer under way would be cut off"
        yield Finding(codes.OUT_OF_RANGE, path, message, "write how long the longest answer takes, such as `60s`")
    elif longest is not None and longest.seconds > _LONGEST_DRAIN_S:
        message = f"`drain.longestGeneration` is {longest}; nodes that are drained wait an hour at most"
        yield Finding(codes.DRAIN_TOO_LONG, path, message, "set it to `1h` or less")


def service_account(document: Served) -> Iterator[Finding]:
    account, path = document.spec.service_account, ("spec", "serviceAccount")
    if account is not None and account.name and account.create:
        message = "`serviceAccount.name` takes an existing account, so `create` cannot make one"
        yield Finding(codes.EXCLUSIVE_FIELDS, (*path, "create"), message, "remove `create`, or `name`", True)
    elif account is not None and not account.name and not account.create:
        message = "`serviceAccount` neither names an account nor makes one"
        yield Finding(codes.ONE_OF_FIELDS, path, message, "add `name: …` or `create: true`", True)


def access(document: Served) -> Iterator[Finding]:
    for index, peer in enumerate(document.spec.access.from_ if document.spec.access else ()):
        if peer.namespace is None and not peer.labels:
            message = "this caller has neither a namespace nor labels, so it would be anybody"
            yield Finding(
                codes.ONE_OF_FIELDS, ("spec", "access", "from", index), message, "add `namespace` or `labels`"
            )


def objectives(document: Served) -> Iterator[Finding]:
    slo = document.spec.slo
    named = (("ttft", "ttft"), ("interTokenLatency", "inter_token_latency"), ("latency", "latency")) if slo else ()
    for name, attribute in named:
        objective = getattr(slo, attribute)
        if objective is not None:
            yield from percentiles(("spec", "slo", name), objective)


def card(document: Served | Adapter) -> Iterator[Finding]:
    said = document.spec.card
    if said is None or said.risk_class != "high":
        return
    missing = [name for name, value in (("intendedUse", said.intended_use), ("contacts", said.contacts)) if not value]
    if missing:
        message = f"`card.riskClass` is `high`, and the card has no {' and no '.join(f'`{name}`' for name in missing)}"
        hint = f"add {' and '.join(f'`{name}`' for name in missing)} to the card"
        yield Finding(codes.CARD_INCOMPLETE, ("spec", "card", "riskClass"), message, hint)


def lists(document: Served) -> Iterator[Finding]:
    """Lists of names in which each may stand once."""
    listed: list[tuple[SpecPath, tuple[str, ...]]] = [
        (("metadata", "movedFrom"), document.metadata.moved_from),
        (("spec", "imagePullSecrets"), getattr(document.spec, "image_pull_secrets", ())),
    ]
    if isinstance(document, LLM):
        listed.append((("spec", "servedNames"), document.spec.served_names))
        listed.append((("spec", "adapters"), document.spec.adapters))
    for path, names in listed:
        for index, name in doubles(names):
            yield Finding(codes.DUPLICATE_ENTRY, (*path, index), f"`{name}` stands in `{path[-1]}` twice", "remove it")


def moved_from(document: Served) -> Iterator[Finding]:
    for index, name in enumerate(document.metadata.moved_from):
        if name == document.metadata.name:
            message = f"`{name}` is the document's name today, so it cannot have moved from it"
            yield Finding(codes.EXCLUSIVE_FIELDS, ("metadata", "movedFrom", index), message, "remove it")


def tolerations(document: Served) -> Iterator[Finding]:
    for index, toleration in enumerate(document.spec.scheduling.tolerations):
        path: SpecPath = ("spec", "scheduling", "tolerations", index)
        if toleration.operator == "Equal" and toleration.value is None:
            message = "the operator `Equal` compares a value, and there is none"
            yield Finding(codes.MISSING_FIELD, path, message, "add `value`, or set `operator: Exists`")
        if toleration.operator == "Exists" and toleration.value is not None:
            message = "the operator `Exists` takes any value, so `value` cannot hold as well"
            hint = "set `operator: Equal`, or remove `value`"
            yield Finding(codes.EXCLUSIVE_FIELDS, (*path, "value"), message, hint, True)


def variables(document: LLM | Model | Runtime) -> Iterator[Finding]:
    path: SpecPath = ("spec", "engine", "env") if isinstance(document, LLM) else ("spec", "env")
    names = document.spec.engine.env if isinstance(document, LLM) else document.spec.env
    yield from _reserved(names, path)
    if isinstance(document, LLM) and document.spec.prefill is not None:
        yield from _reserved(document.spec.prefill.engine.env, ("spec", "prefill", "engine", "env"))


def _reserved(names: Iterable[str], path: SpecPath) -> Iterator[Finding]:
    for name in names:
        if name in RESERVED:
            message = f"`{name}` is set by opsdecl, from {RESERVED[name]}"
            hint = f"remove it and use {RESERVED[name]}"
            yield Finding(codes.RESERVED_VARIABLE, (*path, name), message, hint, True)


def image_tag(document: Model | Runtime) -> Iterator[Finding]:
    image: ImageReference | None = document.spec.image
    if image is not None and image.is_mutable:
        named = f"the tag `{image.tag}`" if image.tag else "no tag"
        message = f"`image` has {named}, so the same document means other bytes tomorrow"
        yield Finding(codes.MUTABLE_TAG, ("spec", "image"), message, "name a version, or add a digest: `@sha256:…`")


def explain(document: Model) -> Iterator[Finding]:
    said, path = document.spec.explain, ("spec", "explain")
    if said is None:
        return
    if said.explainer is None and said.attribution is None:
        message = "`explain` names nothing that explains the model"
        yield Finding(codes.ONE_OF_FIELDS, path, message, "add `explainer: {image: …}` or `attribution: …`", True)
    if said.explainer is not None and said.explainer.image.is_mutable:
        image = said.explainer.image
        message = f"`image` has {f'the tag `{image.tag}`' if image.tag else 'no tag'}, so it means other bytes tomorrow"
        at = (*path, "explainer", "image")
        yield Finding(codes.MUTABLE_TAG, at, message, "name a version, or add a digest: `@sha256:…`")


def transformer(document: Model) -> Iterator[Finding]:
    said = document.spec.transformer
    if said is not None and said.image.is_mutable:
        named = f"the tag `{said.image.tag}`" if said.image.tag else "no tag"
        message = f"`image` has {named}, so it means other bytes tomorrow"
        at = ("spec", "transformer", "image")
        yield Finding(codes.MUTABLE_TAG, at, message, "name a version, or add a digest: `@sha256:…`")


_SERVED = frozenset({"LLM", "Model"})
_PODS = _SERVED | RUN_KINDS
_S = "spec"
RULES: tuple[DocumentRule, ...] = (
    DocumentRule(_SERVED, ((_S, "replicas"),), replicas),
    DocumentRule(_SERVED, ((_S, "rollout"),), rollout),
    DocumentRule(_SERVED, ((_S, "drain"),), drain),
    DocumentRule(_SERVED, ((_S, "serviceAccount"),), service_account),
    DocumentRule(_SERVED, ((_S, "access"),), access),
    DocumentRule(_SERVED, ((_S, "slo"),), objectives),
    DocumentRule(_SERVED | {"Adapter"}, ((_S, "card"),), card),
    DocumentRule(_PODS, (("metadata", "movedFrom"), (_S, "imagePullSecrets"), (_S, "servedNames")), lists),
    DocumentRule(_PODS, (("metadata", "movedFrom"), ("metadata", "name")), moved_from),
    DocumentRule(_PODS - {"Tuning"}, ((_S, "scheduling", "tolerations"),), tolerations),
    DocumentRule(_SERVED | {"Runtime"}, ((_S, "env"), (_S, "engine", "env"), (_S, "prefill")), variables),
    DocumentRule(frozenset({"LLM"}), ((_S, "prefill"),), prefill_replicas),
    DocumentRule(frozenset({"Model", "Runtime", "Training", "Tuning"}), ((_S, "image"),), image_tag),
    DocumentRule(frozenset({"Model"}), ((_S, "explain"),), explain),
    DocumentRule(frozenset({"Model"}), ((_S, "transformer"),), transformer),
)
