"""What a model takes of the Training that it names: the run, where that leaves the model, and what it was made from."""

from collections.abc import Mapping
from typing import Any

from opsdecl.compile.lower.names import base_name, shorten
from opsdecl.compile.lower.native.dataset_keys import chain_of, plain
from opsdecl.compile.lower.native.training import key_of_training, output_claim
from opsdecl.compile.memo import Ask, Question
from opsdecl.compile.types import CompiledDocument
from opsdecl.spec.kinds.dataset import DatasetSpec
from opsdecl.spec.kinds.training import TrainingSpec
from opsdecl.spec.types import Json

SERVING_KINDS = frozenset(("LLM", "Model", "Adapter"))
"""Kinds that name a Training as where they come from."""
ROOT = "training"
"""Under which a document that names a Training has these facts."""


def trained_facts(training: CompiledDocument, ask: Ask) -> Mapping[str, Json]:
    """Only what decides what is served, and what cards and bills tell of it; queues and machines are left out."""
    spec: TrainingSpec = training.model.spec
    started = training.effective.get("model", {})
    data = _datasets(training, ask)
    facts = {
        "name": training.address.name,
        "run": key_of_training(training),
        "claim": output_claim(shorten(base_name(training.model.metadata)), spec.output),
        "pods": spec.nodes,
        "framework": spec.framework,
        "method": spec.base.method if spec.base is not None else None,
        "base": {name: started[name] for name in ("uri", "revision", "license") if name in started} or None,
        "datasets": {name: data_facts(document) for name, document in data.items()} or None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def with_training(document: CompiledDocument) -> Mapping[str, Json]:
    """The spec of an Adapter, with the facts of the Training that made it."""
    spec: Mapping[str, Json] = document.effective["spec"]
    facts = document.effective.get(ROOT)
    return {**spec, ROOT: facts} if facts is not None and document.address.kind == "Adapter" else spec


def data_facts(document: CompiledDocument) -> Mapping[str, Json]:
    """Of a Dataset, what people must know of a model that was made from it."""
    spec: DatasetSpec = document.model.spec
    source = plain(spec.source)
    said: dict[str, Any] = {
        "uri": source.get("uri") or source.get("url") or source.get("image") or _claimed(source),
        "revision": source.get("revision"),
        "digest": source.get("digest"),
        "version": spec.version,
        "content": chain_of(spec).content,
        "license": spec.license,
        "personalData": spec.personal_data if spec.personal_data != "none" else None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _claimed(source: Mapping[str, Any]) -> str | None:
    claim = source.get("claim")
    return f"pvc://{claim}/{source.get('path', '').strip('/')}".rstrip("/") if claim else None


def _datasets(training: CompiledDocument, ask: Ask) -> Mapping[str, CompiledDocument]:
    """Of a training that compiled, all are there."""
    named = [address for address in training.references.values() if address.kind == "Dataset"]
    return {address.name: ask(Question("document", address.kind, address.name)).value for address in sorted(named)}
