"""A card -> the keys with which model hubs head theirs: keys of the published specification, and only what is known."""

import re
from collections.abc import Iterator
from typing import Any

from opsdecl.transparency.types import Measurement, ModelCard, Statements, Weights

HUB = "hf://"
# Identifiers that the hub's specification lists; others go under `other`, with their name.
_LICENSES = """
afl-3.0 agpl-3.0 apache-2.0 apple-amlr apple-ascl artistic-2.0 bigcode-openrail-m bigscience-bloom-rail-1.0
bigscience-openrail-m bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear bsl-1.0 c-uda cc cc-by-2.0 cc-by-2.5
cc-by-3.0 cc-by-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0
cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cc-by-nd-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc0-1.0 cdla-permissive-1.0
cdla-permissive-2.0 cdla-sharing-1.0 creativeml-openrail-m deepfloyd-if-license ecl-2.0 epl-1.0 epl-2.0 etalab-2.0
eupl-1.1 eupl-1.2 fair-noncommercial-research-license gemma gfdl gpl gpl-2.0 gpl-3.0 grok2-community h-research
intel-research isc lgpl lgpl-2.1 lgpl-3.0 lgpl-lr llama2 llama3 llama3.1 llama3.2 llama3.3 llama4 lppl-1.3c mit
mpl-2.0 ms-pl ncsa odbl odc-by ofl-1.1 openmdw-1.0 openrail openrail++ osl-3.0 pddl postgresql unlicense wtfpl zlib
"""
_LIBRARIES = {"lora": "peft", "sklearn": "sklearn", "onnx": "onnx"}


def front_matter(card: ModelCard) -> dict[str, Any]:
    """In the order in which hubs show it. Texts may hold anything: whoever writes them as YAML quotes them."""
    said, weights = card.statements, card.composition.weights
    found: dict[str, Any] = {
        "language": list(said.languages),
        **_license(card.license, said.license_link),
        **_bases(card.address, weights),
        "pipeline_tag": said.task,
        "library_name": _LIBRARIES.get(weights.format, "") if weights else "",
        "datasets": [data.uri.removeprefix(f"{HUB}datasets/") for data in said.training_data if _is_dataset(data.uri)],
        "tags": list(dict.fromkeys(_tags(card))),
        "model-index": _results(card.name, said),
    }
    return {name: value for name, value in found.items() if value}


def _license(name: str, link: str) -> dict[str, str]:
    plain = name.lower()
    if not name or plain == "unknown":
        return {}
    if plain in _LICENSES.split():
        return {"license": plain}
    return {"license": "other", "license_name": _slug(name), **({"license_link": link} if link else {})}


def _bases(address: str, weights: Weights | None) -> dict[str, Any]:
    """What the weights were made of: for a document that serves published weights, those weights."""
    if weights is None:
        return {}
    is_adapter = address.startswith("Adapter.")
    bases = [ancestor.uri for ancestor in weights.ancestors[:1]] if is_adapter else [weights.uri]
    hub = [uri.removeprefix(HUB) for uri in bases if uri.startswith(HUB)]
    related = {"base_model_relation": "adapter"} if hub and is_adapter else {}
    return {"base_model": hub[0] if len(hub) == 1 else hub, **related}


def _tags(card: ModelCard) -> Iterator[str]:
    yield from card.statements.tags
    engine, weights = card.composition.engine, card.composition.weights
    if engine is not None and engine.name and engine.name != "custom":
        yield engine.name
    if weights is not None and weights.format and weights.format != "custom":
        yield weights.format


def _results(name: str, said: Statements) -> list[dict[str, Any]]:
    """Hubs want a task beside every result; without one nothing is said."""
    if not said.evaluations or not said.task:
        return []
    return [{"name": name, "results": [_result(each, said.task) for each in said.evaluations]}]


def _result(each: Measurement, task: str) -> dict[str, Any]:
    dataset = {"name": each.dataset, "type": _slug(each.dataset), **({"split": each.split} if each.split else {})}
    metric = {"name": each.metric, "type": _slug(each.metric), "value": each.value}
    source = {"source": {"name": each.source, "url": each.source}} if each.source else {}
    return {"task": {"type": task}, "dataset": dataset, "metrics": [metric], **source}


def _is_dataset(uri: str) -> bool:
    return uri.startswith(f"{HUB}datasets/") and uri.count("/") == 4


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.+_]+", "-", text.lower()).strip("-") or "unnamed"
