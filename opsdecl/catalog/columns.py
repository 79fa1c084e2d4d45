"""Which facts the tables of the catalogue hold, under which names, and of which kind each must be."""

import math
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from msgspec import Struct

RELATIONS = ("finetune", "adapter", "merge", "quantized")
"""How weights were made of their base models, in the words of model hubs."""


class Column(Struct, frozen=True):
    """A fact of an entry: its name in the file, the attribute it fills, and which values it takes."""

    attribute: str
    accepts: Callable[[Any], bool]
    expected: str
    required: bool = True


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value > 0


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def is_date(value: Any) -> bool:
    return isinstance(value, date | str) and bool(str(value))


def is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def is_address(value: Any) -> bool:
    return is_text(value) and "://" in value


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(is_text(item) for item in value)


def _are_addresses(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_address, value))


def _is_relation(value: Any) -> bool:
    return value in RELATIONS


def _is_range(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(is_number, value)) and value[0] <= value[1]


def _is_mapping_of(accepts: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, Mapping) and all(is_text(key) and accepts(item) for key, item in value.items())
    )


def _is_price(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and set(value) == {"perHour", "region", "asOf", "source"}
        and is_number(value["perHour"])
        and is_date(value["asOf"])
        and is_text(value["region"])
        and is_text(value["source"])
    )


_DATED = {
    "asOf": Column("as_of", is_date, "a date"),
    "source": Column("source", is_text, "text that says where the numbers are from"),
}
MODEL_COLUMNS: Mapping[str, Column] = {
    "uri": Column("uri", is_address, "an address such as hf://org/name"),
    "aliases": Column("aliases", _is_texts, "a list of other repositories of the same shape", required=False),
    "revision": Column("revision", is_text, "a commit id as text", required=False),
    "weightsGiB": Column("weights_gib", is_number, "a size in GiB as a number"),
    "maxPosition": Column("max_position", is_whole, "a number of tokens"),
    "parameters": Column("parameters", is_number, "a number of parameters", required=False),
    "license": Column("license", is_text, "text"),
    "baseModels": Column("base_models", _are_addresses, "a list of addresses such as hf://org/name", required=False),
    "baseRelation": Column("base_relation", _is_relation, f"one of {', '.join(RELATIONS)}", required=False),
    "gated": Column("gated", is_flag, "true or false", required=False),
    "config": Column("config", _is_mapping_of(lambda _: True), "the facts of a published config.json", required=False),
    "files": Column("files", _is_mapping_of(is_text), "digests by name of file", required=False),
    **_DATED,
}
GPU_COLUMNS: Mapping[str, Column] = {
    "memoryGiB": Column("memory_gib", is_number, "a size in GiB as a number"),
    "bandwidthGBs": Column("bandwidth_gb_s", is_number, "a bandwidth in GB/s as a number"),
    "computeCapability": Column("compute_capability", is_text, 'text such as "9.0"'),
    "resource": Column("resource", is_text, "a Kubernetes resource such as nvidia.com/gpu"),
    "productLabel": Column("product_label", is_text, "the value of the node's product label"),
    "pricePerHour": Column("price_per_hour", is_number, "a price in USD as a number", required=False),
    "pricedBy": Column("priced_by", is_text, "a node of the catalogue that has a price", required=False),
    "seen": Column("seen", _is_range, "the least and the most memory that was seen", required=False),
    "aliases": Column("aliases", _is_texts, "a list of other names", required=False),
    "mig": Column("mig", _is_mapping_of(is_number), "memory in GiB by MIG profile", required=False),
    "migCount": Column("mig_count", _is_mapping_of(is_whole), "slices of one GPU by MIG profile", required=False),
    "labels": Column("labels", _is_mapping_of(is_text), "labels of its nodes as texts", required=False),
    **_DATED,
}
NODE_COLUMNS: Mapping[str, Column] = {
    "provider": Column("provider", is_text, "a provider such as aws"),
    "gpu": Column("gpu", is_text, "a GPU of the catalogue"),
    "gpus": Column("gpus", is_whole, "a number of GPUs"),
    "cpu": Column("cpu", is_whole, "a number of CPUs"),
    "memoryGiB": Column("memory_gib", is_number, "a size in GiB as a number"),
    "price": Column("price", _is_price, "a mapping of perHour, region, asOf and source", required=False),
    **_DATED,
}
TABLES: Mapping[str, Mapping[str, Column]] = {"models": MODEL_COLUMNS, "gpus": GPU_COLUMNS, "nodes": NODE_COLUMNS}
