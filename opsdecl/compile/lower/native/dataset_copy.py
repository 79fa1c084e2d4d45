"""Where copies of a dataset are on the disk of a node, and how a run reads the one that is there."""

from typing import Any

from msgspec import Struct

from opsdecl.addr import Address, SpecAddress
from opsdecl.compile.lower.names import object_name, text_hash
from opsdecl.compile.lower.native.dataset import wait_for
from opsdecl.compile.lower.native.dataset_keys import Chain, Stage
from opsdecl.compile.lower.native.guard import RUNS, waiting
from opsdecl.compile.lower.native.parts import PodParts
from opsdecl.compile.lower.subject import UsedDataset
from opsdecl.compile.types import Traced
from opsdecl.spec.kinds.environment import Pool

CACHE = "cache"
"""Variant of the objects that keep copies: their pods do no work of the dataset."""


class Copy(Struct, frozen=True):
    """Where the copies are below the disk's folder: `folder` holds all of a dataset, and `version` in it the data of
    one key, so that no two versions mix. `marker` is there once that has been checked as well."""

    folder: str
    version: str
    marker: str


def copy_of(namespace: str, base: str, chain: Chain, last: Stage | None) -> Copy:
    """`last` is the run after which the data may be used, if there is any."""
    version = f"data-{chain.content}"
    return Copy(f"{namespace}/{base}", version, f"{version}-{last.key if last is not None else chain.content}")


class Disk(Struct, frozen=True):
    """The disk of a pool's nodes, as a dataset's cache has it: `key` stands for what neither a claim nor a volume can
    change, so that another disk is another claim."""

    key: str
    claim: str

    @property
    def role(self) -> str:
        return f"claim-{self.key}"


def disk_of(base: str, pool: Pool) -> Disk:
    assert pool.disk is not None
    said = [pool.disk.path, pool.disk.size.text, *(f"{key}={value}" for key, value in sorted(pool.labels.items()))]
    key = text_hash(" ".join(said))
    return Disk(key, object_name(base, f"cache-{key}"))


def cached_parts(used: UsedDataset, copy: Copy, disk: Disk, name: str, root: str, image: Any) -> PodParts:
    """The copy of the node as a volume `name`, mounted at `root`, once it is there."""
    whole = f"/waiting/{used.name}"
    wait = {
        **wait_for(name, whole, Stage(copy.version, ""), image, f"wait-{used.name}"[:63]),
        "command": waiting(f"{whole}/{copy.folder}/{RUNS}/{copy.marker}", 1),
    }
    origin = (used.root, "cache")
    volume = {"name": name, "persistentVolumeClaim": {"claimName": Traced(disk.claim, origin), "readOnly": True}}
    mount = {"name": name, "mountPath": root, "subPath": f"{copy.folder}/{copy.version}", "readOnly": True}
    needs = (Address(SpecAddress("Dataset", used.name), CACHE, disk.role),)
    return PodParts(volumes=(volume,), mounts=(mount,), init_containers=(wait,), depends_on=needs)
