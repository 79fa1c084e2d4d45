"""A cheaper shape on which a model fits as well: another GPU that there is, or fewer of the same."""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.diag import has_errors
from opsdecl.sizing.budget import size
from opsdecl.sizing.rules import check, fits_parallelism
from opsdecl.sizing.types import Gpu, Request, Sizing
from opsdecl.sizing.weights import quantization_in_use

LEAST_SAVED = 0.1
"""Share of the cost below which another shape is not worth a word."""
LEAST_KEPT = 0.5
"""Share of the full-length requests at once that must stay: less is another service, not a cheaper one."""
TENSOR_SIZES = (1, 2, 4, 8)


class Offer(Struct, frozen=True):
    """A GPU that there is: what one costs in an hour, and how many of them one node has."""

    gpu: Gpu
    per_hour: float
    per_node: int


class Shape(Struct, frozen=True):
    """GPUs of one replica, what they cost in an hour, and what the model gets on them."""

    gpu: str
    count: int
    per_hour: float
    sizing: Sizing


def cheaper_shape(request: Request, per_hour: float, offers: Sequence[Offer]) -> Shape | None:
    """The cheapest on which the pessimistic end fits, with the same settings and about as much room for requests; None
    where nothing is saved.

    `per_hour` is what all GPUs of a replica cost now.
    """
    least = LEAST_KEPT * size(request).cache.concurrency.point
    candidates = sorted(_shapes(request, offers), key=lambda shape: shape[0])
    for cost, changed in candidates:
        if cost > (1 - LEAST_SAVED) * per_hour:
            return None
        if has_errors(check(changed)):
            continue
        found = size(changed)
        if found.verdict == "fits" and found.cache.concurrency.point >= least:
            return Shape(changed.gpu.name, changed.world, cost, found)
    return None


def _shapes(request: Request, offers: Sequence[Offer]) -> Iterator[tuple[float, Request]]:
    settings = request.settings
    for offer in offers:
        for tensor in TENSOR_SIZES:
            world = tensor * settings.pipeline * settings.data
            right = fits_parallelism(request.architecture, tensor, quantization_in_use(request), settings.expert)
            if right and world <= offer.per_node and not (offer.gpu.is_slice and tensor > 1):
                changed = replace(settings, tensor=tensor)
                yield world * offer.per_hour, replace(request, gpu=offer.gpu, gpu_count=world, settings=changed)
