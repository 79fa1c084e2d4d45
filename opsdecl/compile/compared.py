"""What documents take from datasets that they compare: a Monitor for its measures, a dataset for its checks."""

from collections.abc import Mapping

from opsdecl.compile.lower.native.dataset_keys import Compared, chain_of, checks_of, plain, source_content, work_of
from opsdecl.compile.types import CompiledDocument
from opsdecl.spec.kinds.dataset import DatasetSpec
from opsdecl.spec.types import Json


def compared_facts(document: CompiledDocument) -> Mapping[str, Json]:
    """The part of a dataset that decides what a measure is rendered to. No name is that of a field of the dataset, so
    that a plan does not call it a change of that."""
    spec: DatasetSpec = document.model.spec
    chain, checks = chain_of(spec), checks_of(spec, compared_with(document))
    volume = plain(spec.storage) if spec.storage is not None else None
    stages = [stage.folder for stage in (chain.output, checks) if stage is not None]
    splits = {name: split.path for name, split in spec.splits.items()}
    return {"read": {"runs": stages, "volume": volume, "content": chain.content, "parts": splits, "as": spec.format}}


def reference_facts(document: CompiledDocument) -> Mapping[str, Json]:
    """The part of a dataset that decides what another one is compared with: what `chain_of` makes its key of, and how
    its files are read. Fields keep their names, so that a plan shows which one moved."""
    spec: DatasetSpec = document.model.spec
    source = source_content(spec.source)
    said = {
        "source": {"digest": source} if isinstance(source, str) else source,
        "version": spec.version,
        "run": {"attempt": spec.run.attempt},
        "prepare": [_without_nothing({"name": step.name, **work_of(step)}) for step in spec.prepare],
        "format": spec.format,
        "splits": {name: plain(split) for name, split in spec.splits.items()},
    }
    return _without_nothing(said)


def _without_nothing(said: Mapping[str, Json]) -> Mapping[str, Json]:
    return {name: value for name, value in said.items() if value is not None}


def compared_with(document: CompiledDocument) -> Compared:
    """Facts of the datasets that a dataset is compared with, by name."""
    named = document.references.items()
    return {address.name: document.effective[root] for root, address in named if address.kind == "Dataset"}
