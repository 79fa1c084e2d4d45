"""What the subjects of a pod contribute to it: volumes, mounts, variables, init containers, arguments."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from msgspec import Struct, field

from opsdecl.addr import Address


class Workload(NamedTuple):
    """The object that makes the pods, as those that watch it refer to it."""

    role: str
    api_version: str
    kind: str
    name: str


class PodParts(Struct, frozen=True):
    """Data that may hold `Traced` values. `depends_on` are resources that must be there before the pod."""

    volumes: tuple[dict[str, Any], ...] = ()
    mounts: tuple[dict[str, Any], ...] = ()
    env: dict[str, Any] = field(default_factory=dict)
    init_containers: tuple[dict[str, Any], ...] = ()
    depends_on: tuple[Address, ...] = ()
    runs: tuple[str, ...] = ()
    """Runs that the pod waits for."""
    sidecars: tuple[dict[str, Any], ...] = ()
    """Containers beside the one that serves."""


def join(parts: Iterable[PodParts]) -> PodParts:
    """All contributions in one; a later variable of the same name wins."""
    volumes: list[dict[str, Any]] = []
    mounts: list[dict[str, Any]] = []
    env: dict[str, Any] = {}
    init_containers: list[dict[str, Any]] = []
    depends_on: list[Address] = []
    runs: list[str] = []
    sidecars: list[dict[str, Any]] = []
    for part in parts:
        volumes += part.volumes
        mounts += part.mounts
        env |= part.env
        init_containers += part.init_containers
        depends_on += part.depends_on
        runs += part.runs
        sidecars += part.sidecars
    return PodParts(
        volumes=tuple(volumes),
        mounts=tuple(mounts),
        env=env,
        init_containers=tuple(init_containers),
        depends_on=tuple(depends_on),
        runs=tuple(runs),
        sidecars=tuple(sidecars),
    )
