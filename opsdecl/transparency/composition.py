"""A document's effective values and the catalogue -> what its answers come from."""

from collections.abc import Iterator, Mapping
from typing import Any

from opsdecl.addr import SpecAddress, digest_of_bytes
from opsdecl.transparency.lineage import Library
from opsdecl.transparency.types import AdapterUse, Composition, EngineUse, Template, Weights

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
    )


def _of_llm(effective: Effective, library: Library) -> Weights:
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


def _of_model(effective: Effective, _library: Library) -> Weights | None:
    spec = effective["spec"]
    source, form = spec.get("source"), spec.get("format", "")
    if source:
        return Weights(uri=source["uri"], digest=source.get("digest", ""), format=form)
    image = spec.get("image")
    return Weights(uri=f"oci://{image}", digest=digest_of_image(image), format=form) if image else None


def _of_adapter(effective: Effective, library: Library) -> Weights:
    spec = effective["spec"]
    uri, revision, digest = _adapter_source(spec["source"])
    base = library.address(spec["base"])
    return Weights(
        uri=uri, revision=revision, digest=digest, format="lora", ancestors=library.from_base(base, "adapter")
    )


_WEIGHTS = {"LLM": _of_llm, "Model": _of_model, "Adapter": _of_adapter}


def _adapter_source(source: Mapping[str, Any]) -> tuple[str, str, str]:
    """Address, revision and digest."""
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
            uri, revision, digest = _adapter_source(spec["source"])
            yield AdapterUse(
                name=name,
                uri=uri,
                revision=revision,
                digest=digest,
                license=(spec.get("card") or {}).get("license", ""),
                base=library.address(spec["base"]),
                rank=spec["rank"],
                targets=tuple(spec.get("targets") or ()),
            )


def _template(effective: Effective) -> Template | None:
    said = effective["spec"].get("chatTemplate")
    text = effective.get("chatTemplate") or (said or {}).get("text")
    if not said or not isinstance(text, str):
        return None
    return Template(digest_of_bytes(text.encode()), said.get("file", ""))


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
