"""Cards and images of an environment -> the parts of its bill of materials, each once, and what needs what."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.transparency.types import (
    AdapterUse,
    Composition,
    DataUse,
    EngineUse,
    GuardUse,
    Made,
    ModelCard,
    Template,
    Weights,
)

PartKind = Literal["service", "weights", "adapter", "data", "engine", "image", "template"]


class Part(Struct, frozen=True, kw_only=True):
    """One thing that the environment is made of. `ref` names it within the bill, `digest` is `sha256:…` or empty."""

    ref: str
    kind: PartKind
    name: str
    version: str = ""
    digest: str = ""
    uri: str = ""
    license: str = ""
    owner: str = ""
    weights: Weights | None = None
    made: Made | None = None
    personal_data: str = ""
    card: ModelCard | None = None
    needs: tuple[str, ...] = ()


class Bill(Struct, frozen=True, kw_only=True):
    """Everything that an environment, or some documents of it, are made of. `digest` is the desired one."""

    project: str
    environment: str
    tool_version: str
    digest: str
    parts: tuple[Part, ...]


def parts_of(cards: Iterable[tuple[ModelCard, Sequence[str]]]) -> tuple[Part, ...]:
    """Sorted by kind and ref. With each card come the images of the document's pods."""
    found: dict[str, Part] = {}
    for card, images in cards:
        for part in _parts(card, images):
            known = found.get(part.ref)
            found[part.ref] = _joined(known, part) if known else part
    return tuple(sorted(found.values(), key=lambda part: (part.kind, part.ref)))


def _joined(one: Part, other: Part) -> Part:
    """The same thing, as two documents know it: an adapter that one loads has a document, which knows more."""
    richer, poorer = (one, other) if one.card is not None or other.card is None else (other, one)
    return replace(richer, license=richer.license or poorer.license, needs=tuple(sorted({*one.needs, *other.needs})))


def _parts(card: ModelCard, images: Sequence[str]) -> Iterator[Part]:
    made = card.composition
    runs = [*((made.weights.made,) if made.weights else ()), *(adapter.made for adapter in made.adapters)]
    for run in runs:
        yield from map(_data, run.datasets if run is not None else ())
    if card.address.startswith("Adapter."):
        yield _adapter_document(card)
        return
    needed = [*_needed(made, card), *map(_image, sorted(set(images)))]
    yield from needed
    yield Part(
        ref=card.address,
        kind="service",
        name=card.name,
        license=card.license,
        owner=card.owner,
        card=card,
        needs=tuple(sorted({part.ref for part in needed} | _judge(made))),
    )


def _judge(made: Composition) -> set[str]:
    """The document whose model judges what this one is asked and answers."""
    return {made.guardrails.judge} if made.guardrails and made.guardrails.judge else set()


def _needed(made: Composition, card: ModelCard) -> Iterator[Part]:
    if made.weights is not None:
        yield _weights(made.weights, card.license)
    yield from map(_adapter, made.adapters)
    if made.engine is not None and made.engine.version:
        yield _engine(made.engine)
    if made.chat_template is not None:
        yield _template(made.chat_template)
    if made.guardrails:
        yield from _guardrails(made.guardrails)


def _weights(weights: Weights, license_: str) -> Part:
    known = weights.license or license_
    return Part(
        ref=_ref("weights", weights.uri, weights.revision or weights.digest),
        kind="weights",
        name=_last(weights.uri),
        version=weights.revision,
        digest=weights.digest,
        uri=weights.uri,
        license=known,
        weights=weights,
        made=weights.made,
        needs=_read(weights.made),
    )


def _read(made: Made | None) -> tuple[str, ...]:
    """What the run that made it read."""
    return tuple(sorted(_data(data).ref for data in made.datasets)) if made is not None else ()


def _data(data: DataUse) -> Part:
    return Part(
        ref=_ref("data", data.name, data.content),
        kind="data",
        name=data.name,
        version=data.version or data.content,
        digest=data.pin if data.pin.startswith("sha256:") else "",
        uri=data.uri,
        license=data.license,
        personal_data=data.personal_data,
    )


def _adapter(used: AdapterUse) -> Part:
    return Part(
        ref=_ref("adapter", used.uri, used.revision or used.digest),
        kind="adapter",
        name=used.name,
        version=used.revision,
        digest=used.digest,
        uri=used.uri,
        license=used.license,
        made=used.made,
        needs=_read(used.made),
    )


def _adapter_document(card: ModelCard) -> Part:
    weights = card.composition.weights
    assert weights is not None
    part = _weights(weights, card.license)
    ref = _ref("adapter", weights.uri, weights.revision or weights.digest)
    return replace(part, ref=ref, kind="adapter", name=card.name, owner=card.owner, license=card.license, card=card)


def _engine(engine: EngineUse) -> Part:
    return Part(
        ref=_ref("engine", engine.name, engine.version), kind="engine", name=engine.name, version=engine.version
    )


def _guardrails(used: GuardUse) -> Iterator[Part]:
    """Their engine, where its version is known, and what they work by; the image is one of the pods'."""
    if used.version:
        ref = _ref("engine", used.engine, used.version)
        yield Part(ref=ref, kind="engine", name=used.engine, version=used.version)
    if used.config is not None:
        yield _template(used.config, "guardrails")


def _template(template: Template, called: str = "chat template") -> Part:
    name = template.file or called
    return Part(ref=_ref("template", name, template.digest), kind="template", name=name, digest=template.digest)


def _image(reference: str) -> Part:
    named, _, digest = reference.partition("@")
    repository, tag = split_tag(named)
    return Part(
        ref=_ref("image", reference), kind="image", name=_last(repository), version=tag, digest=digest, uri=repository
    )


def split_tag(named: str) -> tuple[str, str]:
    """Repository and tag of an image reference without its digest; a colon before the last slash is of a port."""
    head, _, last = named.rpartition("/")
    name, _, tag = last.partition(":")
    return (f"{head}/{name}" if head else name), tag


def _ref(*words: str) -> str:
    return ":".join(word for word in words if word)


def _last(address: str) -> str:
    return address.rstrip("/").rpartition("/")[2] or address
