"""Replicas of models on the nodes of pools, as numbers: everything that packing, rollouts and cost reckon with."""

from msgspec import Struct

Seconds = tuple[float, float]
"""Quickest and slowest."""


class Pool(Struct, frozen=True):
    """Nodes of one make. `reserve` counts the GPUs of the whole pool that are kept free for rollouts."""

    name: str
    nodes: int
    per_node: int
    reserve: int = 0

    @property
    def gpus(self) -> int:
        return self.nodes * self.per_node


class Way(Struct, frozen=True):
    """How a Deployment exchanges its pods; bounds are numbers or percentages (`"25%"`), as Kubernetes writes them."""

    surge: int | str = 0
    unavailable: int | str = 0
    recreate: bool = False


RECREATE = Way(recreate=True)


class Pods(Struct, frozen=True):
    """Equal replicas. Each takes `gpus` on one node, or on each of `nodes` different nodes, of one of `pools`; 0 GPUs
    fit everywhere."""

    pools: tuple[str, ...]
    gpus: int
    replicas: int
    nodes: int = 1

    @property
    def whole(self) -> int:
        """GPUs of one replica, over all its nodes."""
        return self.gpus * self.nodes


class Rollout(Struct, frozen=True):
    """One workload on its way. Without `restarts` only the number of its pods changes.

    `load` is the time from a pod's start until it serves, `drain` how long a pod that leaves keeps its GPUs.
    """

    name: str
    before: Pods
    after: Pods
    way: Way
    restarts: bool = True
    load: Seconds = (0.0, 0.0)
    drain: Seconds = (0.0, 0.0)


class Course(Struct, frozen=True):
    """How one rollout went. Times are seconds after the beginning; `ended` is None where it stopped.

    `lowest` counts replicas that serve at the worst moment, `waited` is the longest that a replica waited for its GPUs
    without being stopped, `missing` the GPUs that the next one lacked on the best `nodes` nodes when everything stood
    still. `began` is when the first new replica got its GPUs, or the first old one left where none is made; None where
    neither happened.
    """

    name: str
    lowest: int
    ended: float | None
    waited: float = 0.0
    missing: int = 0
    nodes: int = 1
    began: float | None = None


class Price(Struct, frozen=True):
    """Of one GPU for an hour. `source` and `as_of` say where the number is from."""

    amount: float
    currency: str
    source: str
    as_of: str = ""


class Cost(Struct, frozen=True):
    """Per month of `HOURS`: the fewest replicas, the mean over loads, the most replicas."""

    floor: float
    expected: float
    ceiling: float
    currency: str

    def __add__(self, other: "Cost") -> "Cost":
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added")
        return Cost(
            self.floor + other.floor, self.expected + other.expected, self.ceiling + other.ceiling, self.currency
        )
