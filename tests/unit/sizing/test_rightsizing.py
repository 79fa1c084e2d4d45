"""Cheaper shapes: only what fits for certain, saves something, and can be had on one node."""

from msgspec.structs import replace

from opsdecl.catalog.architecture_table import load_architectures
from opsdecl.sizing.assess import gpu_of
from opsdecl.sizing.budget import size
from opsdecl.sizing.rightsizing import LEAST_KEPT, Offer, cheaper_shape
from opsdecl.sizing.types import Gpu, Request, Settings

TABLE = load_architectures()


def gpu(name: str) -> Gpu:
    found = gpu_of(TABLE.gpu(name))
    assert found is not None
    return found


def request(model: str, name: str, tensor: int = 1, length: int = 8192) -> Request:
    architecture = TABLE.find(model)
    assert architecture is not None
    return Request(architecture, gpu(name), tensor, "vllm==0.33.0", Settings(tensor=tensor, max_model_len=length))


OFFERS = (Offer(gpu("h100-80gb"), 7.0, 8), Offer(gpu("l40s"), 2.0, 4), Offer(gpu("l4"), 0.8, 4))


def test_the_cheapest_with_about_as_much_room() -> None:
    shape = cheaper_shape(request("qwen3-8b", "h100-80gb", tensor=4), 28.0, OFFERS)
    assert shape is not None
    assert (shape.gpu, shape.count, shape.per_hour) == ("l40s", 4, 8.0)
    assert shape.sizing.verdict == "fits"


def test_fewer_of_the_same() -> None:
    shape = cheaper_shape(request("phi-4", "h100-80gb", tensor=2, length=4096), 14.0, OFFERS[:1])
    assert shape is None or (shape.gpu, shape.count) == ("h100-80gb", 1)
    whole, half = (size(request("phi-4", "h100-80gb", tensor, 4096)).cache.concurrency.point for tensor in (2, 1))
    assert (shape is None) == (half < LEAST_KEPT * whole)


def test_nothing_is_said_where_little_is_saved_or_nothing_fits() -> None:
    assert cheaper_shape(request("qwen3-8b", "l4"), 0.8, OFFERS) is None
    assert cheaper_shape(request("qwen3-8b", "l4"), 0.85, OFFERS) is None
    assert cheaper_shape(request("qwen3-8b", "h100-80gb"), 7.0, (replace(OFFERS[2], per_node=1),)) is None


def test_a_node_bounds_how_many_there_are() -> None:
    narrow = (replace(OFFERS[0], per_node=1),)
    assert cheaper_shape(request("llama-3.1-70b-instruct", "h100-80gb", tensor=8), 56.0, narrow) is None
