"""What a release changed in the arithmetic, as its source has it."""

from typing import Any

import pytest

from opsdecl.flows.size import Question, answer
from opsdecl.sizing.drafting import Drafting
from opsdecl.sizing.types import Settings, Sizing


def sized(model: str, gpu: str, release: str, **settings: Any) -> Sizing:
    found = answer(Question(model=model, gpu=gpu, engine=f"vllm=={release}", settings=Settings(**settings))).value
    assert found is not None
    return found


def test_states_are_kept_for_every_token_that_is_guessed_ahead() -> None:
    """48.6 GiB hold 936 blocks of 1600 tokens; a request takes 164 and, in 3 groups of layers with states, 4 each."""
    asked = {"max_model_len": 262144, "kv_cache_dtype": "fp8", "prefix_caching": True, "max_num_seqs": 8}
    drafts = {"draft_layers": 1, "drafting": Drafting("mtp", tokens=2)}
    sizing = sized("nvidia/Qwen3.6-27B-NVFP4", "gb10", "0.23.1", **asked, **drafts)
    assert sizing.cache.concurrency.point == pytest.approx(sizing.cache.blocks / (164 + 3 * 4), abs=0.01)


@pytest.mark.parametrize(("release", "row"), [("0.7.0", 1152), ("0.7.3", 1280), ("0.8.1", 1280), ("0.8.4", 1152)])
def test_rows_of_latent_attention_were_padded_for_a_few_releases(release: str, row: int) -> None:
    sizing = sized("deepseek-v2.5", "h200", release, tensor=8, pipeline=2, max_model_len=8192)
    assert sizing.cache.bytes_per_token == 30 * row


@pytest.mark.parametrize(("release", "weights"), [("0.10.1", 65.97), ("0.10.2", 64.38)])
def test_experts_in_mxfp4_take_marlins_tiles_on_hopper_until_triton_came(release: str, weights: float) -> None:
    assert sized("gpt-oss-120b", "h100", release).memory.weights.point == pytest.approx(weights, rel=0.005)


def test_penalties_of_the_second_runner_grow_with_sequences_and_vocabulary() -> None:
    few, many = (sized("qwen3-8b", "h200", "0.29.0", max_num_seqs=number) for number in (8, 1032))
    grown = many.memory.non_torch.point - few.memory.non_torch.point
    assert grown == pytest.approx(1024 * 151936 * 4.125 / 2**30, rel=0.01)
    before = [sized("qwen3-8b", "h200", "0.26.0", max_num_seqs=number).memory.non_torch for number in (8, 1032)]
    assert before[0] == before[1]


@pytest.mark.parametrize(
    ("gpu", "release", "grows"),
    [("rtx-pro-6000", "0.25.0", False), ("rtx-pro-6000", "0.27.0", True), ("h200", "0.27.0", False)],
)
def test_delta_nets_by_triton_take_working_memory_for_graphs(gpu: str, release: str, grows: bool) -> None:
    few, many = (sized("qwen3.5-27b", gpu, release, max_num_seqs=number).memory.graphs.high for number in (256, 512))
    assert (many - few > 2) is grows
