"""What would make it fit: GPU, tensor- and pipeline-parallel sizes tried together, cheapest first, all verified."""

import re
import time
from typing import Any

import pytest

from opsdecl.catalog.architecture_table import load_architectures
from opsdecl.flows.size import Question, answer
from opsdecl.sizing.types import Settings, Sizing

TABLE = load_architectures()


def size_of(model: str, gpu: str, quantization: str = "", count: int | None = None, **settings: Any) -> Sizing:
    asked = Question(model=model, gpu=gpu, gpu_count=count, quantization=quantization, settings=Settings(**settings))
    found = answer(asked, TABLE)
    assert found.value is not None, found.diagnostics
    return found.value


def asked_again(model: str, gpu: str, change: str, **settings: Any) -> Sizing:
    """The change as a person would type it."""
    number = {
        name: int(found[1])
        for name, pattern in (
            ("tensor", r"tensor-parallel (\d+)"),
            ("pipeline", r"pipeline-parallel (\d+)"),
            ("max_model_len", r"max-model-len (\d+)"),
            ("max_num_seqs", r"max-num-seqs (\d+)"),
            ("max_num_batched_tokens", r"max-num-batched-tokens (\d+)"),
        )
        if (found := re.search(pattern, change))
    }
    quantization = "fp8" if "fp8 weights" in change else "awq" if "4-bit" in change else ""
    cache = {"kv_cache_dtype": "fp8"} if "kv-cache-dtype fp8" in change else {}
    eager = {"enforce_eager": True} if "enforce-eager" in change else {}
    other = re.search(r"(?:\d+ ×|one) (\S+?)(?:,|$)", change)
    return size_of(model, other[1] if other else gpu, quantization, **{**settings, **number, **cache, **eager})


@pytest.mark.parametrize(
    ("model", "gpu", "settings"),
    [
        ("llama-3.1-8b-instruct", "t4", {"max_model_len": 131072}),
        ("llama-3.1-70b-instruct", "l4", {"max_model_len": 32768}),
        ("qwen3-32b", "l40s", {"max_model_len": 32768}),
        ("gpt-oss-120b", "l40s", {}),
        ("deepseek-v3", "h100-80gb", {"max_model_len": 32768}),
        ("qwen3-next-80b-a3b", "a100-80gb", {}),
    ],
)
def test_each_remedy_fits_when_it_is_asked_for(model: str, gpu: str, settings: dict[str, Any]) -> None:
    refused = size_of(model, gpu, **settings)
    assert refused.remedies
    for remedy in refused.remedies:
        if "4-bit" in remedy.change:
            continue  # a name of a published format stands for several
        again = asked_again(model, gpu, remedy.change, **settings)
        assert again.verdict == "fits", remedy.change
        assert (again.gpu, again.gpu_count) == (remedy.gpu, remedy.gpus), remedy.change
        assert int(again.cache.tokens.point) == remedy.tokens, remedy.change


def test_gpus_and_parallel_sizes_are_tried_together() -> None:
    found = {r.change: r for r in size_of("deepseek-v3", "h100-80gb", max_model_len=32768).remedies}
    assert found["8 × h200-141gb, tensor-parallel 8"].gpus == 8
    assert found["tensor-parallel 8, pipeline-parallel 2 over 2 nodes"].gpus == 16


def test_cheapest_first() -> None:
    for model, gpu in (("deepseek-v3", "h100-80gb"), ("llama-3.1-70b-instruct", "l4")):
        remedies = size_of(model, gpu).remedies
        order = {"free": 0, "behaviour": 1, "gpus": 2}
        assert [order[r.cost] for r in remedies] == sorted(order[r.cost] for r in remedies)
        prices = [r.price_per_hour or 0.0 for r in remedies if r.cost == "gpus"]
        assert prices == sorted(prices)


def test_nothing_is_given_up_for_the_same_money() -> None:
    """8-bit weights on the GPUs that hold the published ones are no remedy of their own."""
    remedies = [r for r in size_of("llama-3.1-8b-instruct", "l4", max_model_len=131072).remedies if r.cost == "gpus"]
    assert len({(r.gpu, r.gpus) for r in remedies}) == len(remedies)


def test_a_slice_is_not_split_over_others() -> None:
    changes = [r.change for r in size_of("llama-3.1-70b-instruct", "a100-80gb:3g.40gb").remedies]
    assert changes
    assert not [change for change in changes if change.startswith(("tensor", "pipeline"))]


def test_nodes_bound_how_far_a_layer_is_split() -> None:
    """GB200 comes with four GPUs on a node."""
    changes = [r.change for r in size_of("kimi-k2-instruct", "gb200").remedies]
    assert "tensor-parallel 4, pipeline-parallel 2 over 2 nodes" in changes


def test_the_search_is_bounded_in_time() -> None:
    """The hopeless: a trillion parameters on the smallest GPU."""
    begun = time.process_time()
    size_of("kimi-k2-instruct", "t4")
    assert time.process_time() - begun < 0.5
