"""What a plan says of data that nodes are to keep."""

from pydantic import Field

from opsdecl.diff.model import Model


class CacheOnNodes(Model):
    """Copies of a dataset that nodes are to have: `per_node` is the most that one version takes on each of the pool's
    `nodes`, `kept` how many earlier ones may stay beside it; of all caches of the pool together `of_pool` on a node,
    whose disk holds `disk`."""

    pool: str
    nodes: int
    per_node: float = Field(alias="perNodeGiB")
    total: float = Field(alias="totalGiB")
    kept: int = 0
    of_pool: float = Field(alias="ofPoolPerNodeGiB")
    disk: float = Field(alias="diskGiB")
