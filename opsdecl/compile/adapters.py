"""Adapters against the models that load them: base, rank, modules, and what the engine can do."""

from collections.abc import Iterator, Mapping
from typing import Any

from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Code, Diagnostic, Place, Related, Severity, SpecPath
from opsdecl.diag.codes import knowledge as codes
from opsdecl.diag.nearest import nearest
from opsdecl.spec.kinds.runtime import ADAPTER_ENGINES

LARGEST_RANK = 512
LARGEST_RANK_BEFORE = 256
"""Of vLLM before 0.8 (`possible_max_ranks` of its configuration)."""
WIDER_SINCE = (0, 8)

_ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj", "qkv_proj")
_LATENT = ("q_proj", "q_a_proj", "q_b_proj", "kv_a_proj_with_mqa", "kv_b_proj", "o_proj")
_FEED = ("gate_proj", "up_proj", "down_proj", "gate_up_proj")
_STATES = ("in_proj", "out_proj", "in_proj_qkvz", "in_proj_ba", "conv1d", "x_proj", "dt_proj")
_EVERYWHERE = ("embed_tokens", "lm_head")


def adapters(scene: Scene) -> Iterator[Diagnostic]:
    """Each adapter of each model that names it."""
    for document in scene.served():
        for address in document.references.values():
            adapter = scene.documents.get(address) if address.kind == "Adapter" else None
            if adapter is not None:
                yield from _fits(scene, document, adapter)


def _fits(scene: Scene, document: CompiledDocument, adapter: CompiledDocument) -> Iterator[Diagnostic]:
    engine = document.effective.get("runtime", {}).get("engine", "")
    if engine not in ADAPTER_ENGINES:
        message = f"the engine `{engine}` of {document.address} loads no adapters, and {adapter.address} is one"
        hint = f"use a Runtime of one of: {', '.join(sorted(ADAPTER_ENGINES))}"
        yield _at_model(scene, codes.ADAPTER_NOT_LOADED, document, adapter, message, hint)
        return
    offline = document.effective["spec"].get("weights", {}).get("offline")
    if offline and adapter.effective["spec"]["source"]["type"] == "hub":
        message = f"{adapter.address} is on the hub, and `weights.offline` of {document.address} forbids to ask it"
        hint = "put the adapter on a volume or into an image, or remove `offline`"
        yield _at_model(scene, codes.ADAPTER_NOT_LOADED, document, adapter, message, hint)
    yield from _base(scene, document, adapter)
    yield from _rank(scene, document, adapter)
    yield from _targets(scene, document, adapter)


def _base(scene: Scene, document: CompiledDocument, adapter: CompiledDocument) -> Iterator[Diagnostic]:
    served, trained = _uri(scene, document, "model"), _uri(scene, adapter, "base")
    if served == trained:
        return
    shapes = _shape(scene, document, "model"), _shape(scene, adapter, "base")
    message = f"{adapter.address} was trained on `{trained}`, and {document.address} serves `{served}`"
    hint = f"serve `{trained}`, or use an adapter of `{served}`"
    if None in shapes or shapes[0] == shapes[1]:
        known = "both have one shape, so it loads" if None not in shapes else "whether it loads is not known"
        severity: Severity | None = Severity.WARNING
        message += f"; {known}"
    else:
        severity = None
        message += ", which has another shape"
    yield _at_adapter(scene, codes.ADAPTER_OTHER_BASE, document, adapter, "base", message, hint, severity)


def _uri(scene: Scene, document: CompiledDocument, field: str) -> str:
    model = document.effective["spec"][field]
    if isinstance(model, str):
        return scene.catalog.models[model].uri if model in scene.catalog.models else model
    return str(model["uri"])


def _shape(scene: Scene, document: CompiledDocument, field: str) -> Mapping[str, Any] | None:
    """The published configuration of a model, without how its weights are stored; None where it is not known."""
    config = _config(scene, _uri(scene, document, field))
    return {k: v for k, v in config.items() if k != "quantization_config"} if config is not None else None


def _config(scene: Scene, uri: str) -> Mapping[str, Any] | None:
    for name, facts in scene.catalog.models.items():
        if facts.uri == uri or uri.removeprefix("hf://") in facts.aliases:
            return scene.catalog.configs.get(name)
    return None


def _rank(scene: Scene, document: CompiledDocument, adapter: CompiledDocument) -> Iterator[Diagnostic]:
    rank, runtime = adapter.effective["spec"]["rank"], document.effective["runtime"]
    given = _given_rank(document)
    if given is not None and rank > given[0]:
        message = f"{adapter.address} has rank {rank}, and `max-lora-rank` of {document.address} is {given[0]}"
        related = Related("the flag", scene.place(document.address, given[1]))
        hint = f"set `max-lora-rank: {rank}` or more, or leave the flag out"
        yield _at_adapter(scene, codes.ADAPTER_RANK, document, adapter, "rank", message, hint, related=related)
    elif runtime["engine"] == "vllm" and rank > (largest := _largest_rank(runtime["version"])):
        message = f"{adapter.address} has rank {rank}, and vLLM {runtime['version']} takes {largest} at most"
        yield _at_adapter(scene, codes.ADAPTER_RANK, document, adapter, "rank", message, "train it with a lower rank")


def _largest_rank(version: str) -> int:
    parts = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    return LARGEST_RANK if parts >= WIDER_SINCE else LARGEST_RANK_BEFORE


def _given_rank(document: CompiledDocument) -> tuple[int, SpecPath] | None:
    """The flag that bounds ranks, the document's before the Runtime's, and where it is."""
    places: tuple[tuple[Mapping[str, Any], SpecPath], ...] = (
        (document.effective["spec"].get("engine", {}).get("args", {}), ("spec", "engine", "args")),
        (document.effective["runtime"].get("args", {}), ("runtime", "args")),
    )
    for flags, path in places:
        for name, value in flags.items():
            if name.lstrip("-").replace("_", "-") == "max-lora-rank" and isinstance(value, int):
                return value, (*path, name)
    return None


def _targets(scene: Scene, document: CompiledDocument, adapter: CompiledDocument) -> Iterator[Diagnostic]:
    config = _config(scene, _uri(scene, adapter, "base"))
    if config is None:
        return
    known = modules_of(config)
    for index, target in enumerate(adapter.effective["spec"].get("targets", ())):
        if target.rpartition(".")[2] not in known:
            message = f"`{_uri(scene, adapter, 'base')}` has no module `{target}`"
            close = nearest(target, known)
            hint = (
                f"did you mean `{close}`? There are: {', '.join(known)}" if close else f"there are: {', '.join(known)}"
            )
            place = scene.place(adapter.address, ("spec", "targets", index))
            yield _finding(codes.ADAPTER_TARGET, adapter, message, hint, place)


def modules_of(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the modules that an adapter of this model may change, in the order of a layer.

    `config` is a published config.json; models for text and images have the text's part below `text_config`.
    """
    text = config.get("text_config", config)
    has_states = any(str(name).startswith(("mamba", "linear_", "ssm_")) for name in text) or "layer_types" in text
    latent = bool(text.get("kv_lora_rank"))
    names = (*(_LATENT if latent else _ATTENTION), *_FEED, *(_STATES if has_states else ()), *_EVERYWHERE)
    return tuple(dict.fromkeys(names))


def _at_model(
    scene: Scene, code: Code, document: CompiledDocument, adapter: CompiledDocument, message: str, hint: str
) -> Diagnostic:
    names = document.effective["spec"]["adapters"]
    path: SpecPath = ("spec", "adapters", names.index(adapter.address.name))
    return _finding(code, document, message, hint, scene.place(document.address, path))


def _at_adapter(
    scene: Scene,
    code: Code,
    document: CompiledDocument,
    adapter: CompiledDocument,
    field: str,
    message: str,
    hint: str,
    severity: Severity | None = None,
    related: Related | None = None,
) -> Diagnostic:
    """At the adapter, with the model that loads it beside it; the model is the one that cannot start."""
    loads = Related(f"{document.address} loads it", scene.place(document.address, ("spec", "adapters")))
    place = scene.place(adapter.address, ("spec", field))
    shown = (loads, related) if related is not None else (loads,)
    return _finding(code, document, message, hint, place, severity, shown)


def _finding(
    code: Code,
    subject: CompiledDocument,
    message: str,
    hint: str,
    at: Place,
    severity: Severity | None = None,
    related: tuple[Related, ...] = (),
) -> Diagnostic:
    return Diagnostic(
        code, message, at=at, hint=hint, related=related, severity_override=severity, subject=str(subject.address)
    )
