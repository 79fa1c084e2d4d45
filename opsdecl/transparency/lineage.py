"""What the catalogue knows of weights by their address: licence, shape, files, and what they were made of."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct

from opsdecl.catalog.types import Catalog, ModelFacts
from opsdecl.transparency.types import Ancestor, Weights

MAX_GENERATIONS = 8
"""A catalogue whose entries name each other in a circle ends somewhere."""


class Library(Struct, frozen=True, dict=True):
    """A catalogue as cards and bills ask it."""

    catalog: Catalog

    @cached_property
    def _by_uri(self) -> Mapping[str, ModelFacts]:
        return {facts.uri: facts for facts in reversed(list(self.catalog.models.values()))}

    def address(self, model: str | dict[str, Any]) -> str:
        """Of an entry's name, or of a model that is written out."""
        if not isinstance(model, str):
            return str(model["uri"])
        facts = self.catalog.models.get(model)
        return facts.uri if facts is not None else model

    def weights(self, uri: str, *, entry: str = "", weights_gib: float | None = None, **known: str) -> Weights:
        """With what is known of an address; what is said of it wins. Other repositories of the same shape lend their
        shape, and nothing else."""
        facts, shape = self._exactly(uri), self.catalog.models.get(entry) or self._exactly(uri)
        shape = shape or self.catalog.published(uri)
        config = self.catalog.configs.get(shape.name, {}) if shape else {}
        given = {name: text for name, text in known.items() if text}
        return Weights(
            uri=uri,
            entry=facts.name if facts else "",
            license=given.get("license", facts.license if facts else ""),
            revision=given.get("revision", ""),
            digest=given.get("digest", ""),
            location=given.get("location", ""),
            architecture=str(config.get("model_type", "")),
            parameters=int(shape.parameters) if shape and shape.parameters else None,
            weights_gib=weights_gib,
            gated=facts.gated if facts else False,
            files=self.catalog.files.get(facts.name, {}) if facts else {},
            ancestors=self._ancestors(facts) if facts else (),
        )

    def from_base(self, base: str, relation: str) -> tuple[Ancestor, ...]:
        """A base model, and what that was made of."""
        facts = self._exactly(base)
        return (self._ancestor(base, relation), *(self._ancestors(facts) if facts else ()))

    def _exactly(self, uri: str) -> ModelFacts | None:
        return self._by_uri.get(uri)

    def _ancestors(self, facts: ModelFacts) -> tuple[Ancestor, ...]:
        found: dict[str, Ancestor] = {}
        young = [facts]
        for _ in range(MAX_GENERATIONS):
            older = [(each, uri) for each in young for uri in each.base_models if uri not in found and uri != facts.uri]
            found |= {uri: self._ancestor(uri, each.base_relation or "finetune") for each, uri in older}
            young = [known for _, uri in older if (known := self._exactly(uri)) is not None]
        return tuple(found.values())

    def _ancestor(self, uri: str, relation: str) -> Ancestor:
        facts = self._exactly(uri)
        return Ancestor(uri, relation, facts.license if facts else "")
