"""What a Monitor takes from the datasets that its measures compare."""

from collections.abc import Mapping

from opsdecl.compile.lower.native.dataset_keys import chain_of, plain
from opsdecl.compile.types import CompiledDocument
from opsdecl.spec.kinds.dataset import DatasetSpec
from opsdecl.spec.types import Json


def compared_facts(document: CompiledDocument) -> Mapping[str, Json]:
    """The part of a dataset that decides what a measure is rendered to. No name is that of a field of the dataset, so
    that a plan does not call it a change of that."""
    spec: DatasetSpec = document.model.spec
    chain = chain_of(spec)
    volume = plain(spec.storage) if spec.storage is not None else None
    stages = [stage.folder for stage in (chain.output, chain.checks) if stage is not None]
    splits = {name: split.path for name, split in spec.splits.items()}
    return {"read": {"runs": stages, "volume": volume, "content": chain.content, "parts": splits, "as": spec.format}}
