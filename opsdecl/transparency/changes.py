"""What a card and a bill say of a document, topic by topic, so that two sides can be compared."""

from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct

from opsdecl.addr import SpecAddress, format_path
from opsdecl.diag import SpecPath
from opsdecl.transparency.composition import Effective, References, compose
from opsdecl.transparency.lineage import Library
from opsdecl.transparency.types import Composition

Topic = Literal["license", "weights", "base-model", "adapter", "adapter-license", "risk-class", "intended-use"]
_WEIGHTS: tuple[SpecPath, ...] = (
    ("spec", "model"),
    ("model", "uri"),
    ("model", "revision"),
    ("spec", "weights", "source"),
    ("spec", "source"),
    ("spec", "image"),
    ("spec", "base"),
)

_RUN: tuple[SpecPath, ...] = (("training", "run"), ("training", "claim"))
_OTHERS: tuple[SpecPath, ...] = (("spec", "card"), ("spec", "adapters"), ("model", "license"))


class Said(Struct, frozen=True):
    """One thing that is said. `paths` are the effective values that it may come from, the likeliest first."""

    value: str
    paths: tuple[SpecPath, ...]


Told = Mapping[tuple[Topic, str], Said]
"""By topic, and by name where there are several of a kind."""


def told(address: SpecAddress, effective: Effective, references: References, library: Library) -> Told:
    """What is said of one side of a document; topics of which nothing is said are left out."""
    made = compose(address, effective, references, library)
    every = {**dict(_of_weights(made, effective)), **dict(_of_adapters(made)), **dict(_of_card(effective))}
    return {topic: said for topic, said in every.items() if said.value}


def touches(changed: str) -> bool:
    """Whether a change at this path, as plans write it, may be one of what is told."""
    return changed.startswith("adapter-") or any(overlaps(changed, own) for own in (*_WEIGHTS, *_RUN, *_OTHERS))


def overlaps(changed: str, path: SpecPath) -> bool:
    """Whether a path as plans write it is this one, above it or below it. Plans name items of lists as people do
    (`movedFrom[chat]`), which is why it is compared as text."""
    own = format_path(path)
    return _is_at_or_below(changed, own) or _is_at_or_below(own, changed)


def _is_at_or_below(path: str, other: str) -> bool:
    return path.startswith(other) and path[len(other) :][:1] in ("", ".", "[")


def _of_weights(made: Composition, effective: Effective) -> Iterator[tuple[tuple[Topic, str], Said]]:
    weights = made.weights
    declared = (effective["spec"].get("card") or {}).get("license", "")
    published: SpecPath = ("model", "license")
    licenses: tuple[SpecPath, ...] = (("spec", "card", "license"), *(() if declared else (published, *_WEIGHTS)))
    yield ("license", ""), Said(declared or (weights.license if weights else ""), licenses)
    if weights is not None:
        yield ("weights", ""), Said(_pinned(weights.uri, weights.revision, weights.digest), (*_WEIGHTS, *_RUN))
        yield ("base-model", ""), Said(", ".join(ancestor.uri for ancestor in weights.ancestors), _WEIGHTS)


def _of_adapters(made: Composition) -> Iterator[tuple[tuple[Topic, str], Said]]:
    for each in made.adapters:
        root = f"adapter-{each.name}"
        paths: tuple[SpecPath, ...] = ((root, "source"), (root, "training"), ("spec", "adapters"))
        yield ("adapter", each.name), Said(_pinned(each.uri, each.revision, each.digest), paths)
        yield ("adapter-license", each.name), Said(each.license, ((root, "card", "license"), ("spec", "adapters")))


def _of_card(effective: Effective) -> Iterator[tuple[tuple[Topic, str], Said]]:
    card = effective["spec"].get("card") or {}
    yield ("risk-class", ""), Said(card.get("riskClass", ""), (("spec", "card", "riskClass"),))
    yield ("intended-use", ""), Said(card.get("intendedUse", ""), (("spec", "card", "intendedUse"),))


def _pinned(uri: str, revision: str, digest: str) -> str:
    return " @ ".join(part for part in (uri, revision or digest) if part)
