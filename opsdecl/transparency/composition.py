"""A document's effective values and the catalogue -> what its answers come from."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from opsdecl.addr import SpecAddress, digest_of_bytes
from opsdecl.transparency.lineage import Library
from opsdecl.transparency.types import (
    AdapterUse,
    Ancestor,
    Composition,
    DataUse,
    EngineUse,
    GuardUse,
    Made,
    Template,
    Training,
    Weights,
)

Effective = Mapping[str, Any]
References = Mapping[str, SpecAddress]
DESCRIBED = ("LLM", "Model", "Adapter")
"""Kinds that have a card."""
_NOT_SETTINGS = frozenset({"args", "env"})


def compose(address: SpecAddress, effective: Effective, references: References, library: Library) -> Composition:
    """Of an LLM, a Model or an Adapter. What the values do not say is left empty."""
    spec = effective["spec"]
    return Composition(
        address=str(address),
        served_names=tuple(spec.get("servedNames") or ()),
        weights=_WEIGHTS[address.kind](effective, library),
        adapters=tuple(_adapters(effective, references, library)),
        chat_template=_template(effective),
        sampling=spec.get("sampling") or {},
        parsers=spec.get("parsers") or {},
        quantization=(spec.get("engine") or {}).get("quantization", ""),
        engine=_engine(effective) if address.kind != "Adapter" else None,
        guardrails=_guardrails(effective, references),
    )


def _of_llm(effective: Effective, library: Library) -> Weights:
    published = _published(effective, library)
    facts = effective.get("training")
    if not facts:
        return published
    known = {"entry": "", "revision": "", "location": "", "files": {}}
    ancestors = library.from_base(published.uri, "finetune")
    return replace(published, uri=_folder(facts), ancestors=ancestors, made=_made(facts), **known)


def _published(effective: Effective, library: Library) -> Weights:
    model, spec = effective.get("model") or {}, effective["spec"]
    location, digest = _location(spec.get("weights", {}).get("source", {}))
    named = spec.get("model")
    return library.weights(
        str(model.get("uri", "")),
        entry=named if isinstance(named, str) else "",
        revision=model.get("revision", ""),
        license=model.get("license", ""),
        weights_gib=model.get("weightsGiB"),
        location=location,
        digest=digest,
    )


def _location(source: Mapping[str, Any]) -> tuple[str, str]:
    """Where weights are fetched from where that is not the hub, and their digest where the place has one."""
    kind = source.get("type")
    if kind == "pvc":
        return f"pvc://{source['claim']}/{source.get('path', '')}".rstrip("/"), ""
    if kind == "oci":
        return f"oci://{source['image']}", digest_of_image(source["image"])
    return str(source.get("uri") or source.get("endpoint") or ""), ""


def _of_model(effective: Effective, library: Library) -> Weights | None:
    spec = effective["spec"]
    source, form = spec.get("source"), spec.get("format", "")
    facts = effective.get("training")
    if source and facts:
        return Weights(uri=_folder(facts), format=form, ancestors=_started(facts, library), made=_made(facts))
    if source:
        return Weights(uri=source["uri"], digest=source.get("digest", ""), format=form)
    image = spec.get("image")
    return Weights(uri=f"oci://{image}", digest=digest_of_image(image), format=form) if image else None


def _of_adapter(effective: Effective, library: Library) -> Weights:
    spec = effective["spec"]
    facts = effective.get("training")
    uri, revision, digest = _adapter_source(spec["source"], facts)
    base = library.address(spec["base"])
    return Weights(
        uri=uri,
        revision=revision,
        digest=digest,
        format="lora",
        ancestors=library.from_base(base, "adapter"),
        made=_made(facts) if facts else None,
    )


def _folder(facts: Mapping[str, Any]) -> str:
    """Where the run leaves what it makes."""
    return f"pvc://{facts['claim']}/{facts['run']}/model"


def _started(facts: Mapping[str, Any], library: Library) -> tuple[Ancestor, ...]:
    base = facts.get("base") or {}
    return library.from_base(base["uri"], "finetune") if base.get("uri") else ()


def _made(facts: Mapping[str, Any]) -> Made:
    data = facts.get("datasets") or {}
    return Made(
        training=facts["name"],
        run=facts["run"],
        framework=facts["framework"],
        method=facts.get("method", ""),
        datasets=tuple(_data(name, data[name]) for name in sorted(data)),
    )


def _data(name: str, said: Mapping[str, Any]) -> DataUse:
    return DataUse(
        name=name,
        uri=said.get("uri", ""),
        pin=said.get("digest") or said.get("revision", ""),
        version=said.get("version", ""),
        content=said.get("content", ""),
        license=said.get("license", ""),
        personal_data=said.get("personalData", ""),
    )


def trained_on(made: Composition) -> tuple[Training, ...]:
    """The datasets behind weights and adapters that a Training of the environment made, as cards list data."""
    runs = [*((made.weights.made,) if made.weights else ()), *(adapter.made for adapter in made.adapters)]
    return tuple(_as_listed(run, data) for run in runs if run is not None for data in run.datasets)


def _as_listed(run: Made, data: DataUse) -> Training:
    version = f", version {data.version}" if data.version else ""
    return Training(
        name=data.name,
        uri=data.uri,
        license=data.license,
        personal_data=data.personal_data,
        description=f"Dataset {data.name}{version}, prepared as {data.content}, in run {run.training}-{run.run}.",
    )


_WEIGHTS = {"LLM": _of_llm, "Model": _of_model, "Adapter": _of_adapter}


def _adapter_source(source: Mapping[str, Any], trained: Mapping[str, Any] | None) -> tuple[str, str, str]:
    """Address, revision and digest."""
    if trained:
        return _folder(trained), "", ""
    if source["type"] == "hub":
        return source["uri"], source.get("revision", ""), ""
    location, digest = _location(source)
    return location, "", digest


def _adapters(effective: Effective, references: References, library: Library) -> Iterator[AdapterUse]:
    """In the order in which the document names them."""
    loaded = {address.name: root for root, address in references.items() if address.kind == "Adapter"}
    for name in effective["spec"].get("adapters") or ():
        spec = effective.get(loaded.get(name, ""))
        if spec:
            facts = spec.get("training")
            uri, revision, digest = _adapter_source(spec["source"], facts)
            yield AdapterUse(
                name=name,
                uri=uri,
                revision=revision,
                digest=digest,
                license=(spec.get("card") or {}).get("license", ""),
                base=library.address(spec["base"]),
                rank=spec["rank"],
                targets=tuple(spec.get("targets") or ()),
                made=_made(facts) if facts else None,
            )


def _template(effective: Effective) -> Template | None:
    said = effective["spec"].get("chatTemplate")
    text = effective.get("chatTemplate") or (said or {}).get("text")
    if not said or not isinstance(text, str):
        return None
    return Template(digest_of_bytes(text.encode()), said.get("file", ""))


def _guardrails(effective: Effective, references: References) -> GuardUse | UnsetType:
    said = effective["spec"].get("guardrails")
    if not said:
        return UNSET
    config = said.get("config") or {}
    text = config.get("text") or (effective.get("guardrails") or {}).get("config")
    judge = references.get("judge")
    return GuardUse(
        engine=said["engine"],
        version=said.get("version", ""),
        image=said["image"],
        image_digest=digest_of_image(said["image"]),
        input=tuple(said.get("input") or ()),
        output=tuple(said.get("output") or ()),
        config=Template(digest_of_bytes(text.encode()), config.get("file", "")) if isinstance(text, str) else None,
        judge=str(judge) if judge is not None else "",
        judge_model=str((effective.get("judge") or {}).get("model", "")),
    )


def _engine(effective: Effective) -> EngineUse:
    spec, runtime = effective["spec"], effective.get("runtime") or {}
    own = spec.get("engine") or {}
    image = spec.get("image") or runtime.get("image", "")
    named = spec.get("args")
    return EngineUse(
        name=runtime.get("engine", "custom"),
        version=runtime.get("version", ""),
        runtime=spec.get("runtime", ""),
        image=image,
        image_digest=digest_of_image(image),
        settings=_settings(spec, own),
        args={**runtime.get("args", {}), **own.get("args", {}), **({"args": named} if named else {})},
    )


def _settings(spec: Mapping[str, Any], own: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of the engine, and how it is spread where that is over more than one GPU."""
    spread = spec.get("parallelism") or {}
    parallel = {f"parallelism.{name}": size for name, size in spread.items() if size not in (1, False)}
    return {**{name: value for name, value in own.items() if name not in _NOT_SETTINGS}, **parallel}


def digest_of_image(image: str) -> str:
    """`sha256:…` of a reference that has one."""
    return image.partition("@")[2]
