"""What the runs of a dataset depend on, as one key for each: the content of the source, and every step up to there."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from opsdecl._data import job_script
from opsdecl.addr import digest_of, digest_of_bytes
from opsdecl.spec.kinds.dataset import DatasetSpec, Step
from opsdecl.spec.kinds.dataset_checks import DriftReference, EarlierData
from opsdecl.spec.kinds.dataset_source import ClaimData, DataSource, OciData
from opsdecl.spec.kinds.declare import Part

_KEY = 10
Compared = Mapping[str, Mapping[str, Any]]
"""What a dataset takes from those that it is compared with, by their names: `compile.compared.reference_facts`."""
_HOW = ("credentials", "token", "endpoint")
"""How a source is reached, which changes no byte of it."""
SOURCE, CHECKS = "source", "checks"


class Stage(Struct, frozen=True):
    """A run of the chain: its folder and its marker are named `<name>-<key>`; `shards` pods do it."""

    name: str
    key: str
    shards: int = 1

    @property
    def folder(self) -> str:
        return f"{self.name}-{self.key}"


class Chain(Struct, frozen=True):
    """`fetch` is None where the source is mounted as it is; `output` is the last stage that writes data."""

    fetch: Stage | None
    steps: tuple[Stage, ...]
    content: str
    """Key of the data as it leaves the last step: what is trained on it depends on this."""

    @property
    def output(self) -> Stage | None:
        return self.steps[-1] if self.steps else self.fetch


def chain_of(spec: DatasetSpec) -> Chain:
    """Equal keys are equal work. Resources, limits and where the volume is do not count."""
    content = run_key([source_content(spec.source), spec.version, spec.run.attempt])
    fetch = None if isinstance(spec.source, ClaimData | OciData) else Stage(SOURCE, content)
    steps = []
    for step in spec.prepare:
        content = run_key([content, work_of(step)])
        steps.append(Stage(step.name, content, step.shards))
    return Chain(fetch, tuple(steps), content)


def run_key(inputs: Any) -> str:
    """Ten hexadecimal digits over what a run depends on."""
    return digest_of(inputs).removeprefix("sha256:")[:_KEY]


def source_content(source: DataSource) -> Any:
    """The digest where there is one, since then the address does not matter; else the address, however it is pinned."""
    digest = getattr(source, "digest", None)
    return digest if digest is not None else {k: v for k, v in plain(source).items() if k not in _HOW}


def plain(part: Part) -> Mapping[str, Any]:
    dumped: Mapping[str, Any] = part.model_dump(mode="json", by_alias=True, exclude_none=True)
    return dumped


def work_of(step: Step) -> Mapping[str, Any]:
    written = plain(step)
    return {name: written.get(name) for name in ("image", "command", "args", "env", "shards")}


def checks_of(spec: DatasetSpec, compared: Compared) -> Stage | None:
    """The run of the checks: data, demands, the program, and what the data is compared with."""
    if spec.checks is None:
        return None
    written = plain(spec.checks)
    demanded = {name: written.get(name) for name in ("image", "files", "rows", "columns", "duplicates", "drift")}
    schema = {name: plain(column) for name, column in spec.schema_.items()}
    program = digest_of_bytes(job_script("check_data").encode())
    against = [_against(spec, check.reference, compared) for check in spec.checks.drift]
    content = chain_of(spec).content
    return Stage(CHECKS, run_key([content, demanded, schema, spec.format, program, against]))


def _against(spec: DatasetSpec, reference: DriftReference, compared: Compared) -> Any:
    if reference.earlier is not None:
        return [chain_of(earlier_of(spec, reference.earlier)).content, reference.split and _part(spec, reference.split)]
    facts = compared.get(reference.dataset or "", {})
    part = facts.get("splits", {}).get(reference.split)
    return [{name: value for name, value in facts.items() if name != "splits"}, part]


def _part(spec: DatasetSpec, split: str) -> str | None:
    return spec.splits[split].path if split in spec.splits else None


def earlier_of(spec: DatasetSpec, earlier: EarlierData) -> DatasetSpec:
    """The dataset as it was: where its source is pinned otherwise, only as far as a source of its type can be."""
    pins = {"digest": earlier.digest, "revision": earlier.revision}
    pinned = {name: pin for name, pin in pins.items() if pin is not None and hasattr(spec.source, name)}
    run = spec.run.model_copy(update={"attempt": earlier.attempt or spec.run.attempt})
    changes = {"source": spec.source.model_copy(update=pinned), "run": run, "version": earlier.version or spec.version}
    return spec.model_copy(update=changes)
