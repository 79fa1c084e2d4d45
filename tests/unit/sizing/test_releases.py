"""What a release changed in the arithmetic, as its source has it."""

from typing import Any

import pytest

from opsdecl.catalog.architecture_table import load_architectures
from opsdecl.catalog.architectures import Attention
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


def states_of(model: str, gpu: str, release: str, **settings: Any) -> int:
    """Blocks that one request takes beyond those of its tokens, in each group of layers with states."""
    sizing = sized(model, gpu, release, max_model_len=16384, **settings)
    layers = load_architectures().find(model)
    assert layers is not None
    attention = sum(1 for layer in layers.layers if any(isinstance(mixer, Attention) for mixer in layer.mixers))
    groups = -(-(sum(1 for layer in layers.layers if layer.mixers) - attention) // attention)
    taken = sizing.cache.blocks / sizing.cache.concurrency.point
    return round((taken - -(-16384 // sizing.cache.block_size)) / groups)


@pytest.mark.parametrize(
    ("model", "gpu", "release", "settings", "states"),
    [
        ("qwen3.5-27b", "h100", "0.27.0", {}, 1),
        ("qwen3.5-27b", "h100", "0.28.0", {}, 2),
        ("qwen3.5-27b", "h100", "0.28.0", {"prefix_caching": False}, 1),
        ("qwen3.5-27b", "h100", "0.15.1", {"prefix_caching": True}, 2),
        ("qwen3.5-27b", "h100", "0.33.0", {}, 3),
        ("qwen3.5-27b", "l40s", "0.33.0", {"tensor": 2}, 2),
        ("nemotron-nano-9b-v2", "h100", "0.31.0", {}, 2),
        ("nemotron-nano-9b-v2", "l40s", "0.32.0", {}, 3),
    ],
)
def test_prefixes_of_models_with_states_are_cached_since_028(
    model: str, gpu: str, release: str, settings: dict[str, Any], states: int
) -> None:
    assert states_of(model, gpu, release, **settings) == states


def test_mamba_kept_a_state_in_every_block_where_prefixes_were_cached() -> None:
    asked: dict[str, Any] = {"max_model_len": 131072, "prefix_caching": True}
    before, since = (sized("nemotron-nano-9b-v2", "h100", release, **asked) for release in ("0.27.0", "0.28.0"))
    assert before.cache.block_size % 256 == 0
    blocks = -(-131072 // before.cache.block_size)
    groups = 1 + -(-27 // 4)
    assert before.cache.concurrency.point == pytest.approx(before.cache.blocks / (groups * blocks), rel=0.01)
    assert before.cache.needed_gib > 5 * since.cache.needed_gib


@pytest.mark.parametrize(
    ("release", "chunked"), [("0.10.0", True), ("0.10.1", False), ("0.13.0", False), ("0.14.1", True)]
)
def test_chunks_had_no_groups_while_they_were_slow(release: str, chunked: bool) -> None:
    asked: dict[str, Any] = {"tensor": 8, "max_model_len": 1 << 20}
    needed = sized("llama-4-scout", "h200", release, **asked).cache.needed_gib
    full = sized("llama-4-scout", "h200", "0.13.0", **asked).cache.needed_gib
    assert (needed < full / 3) is chunked


@pytest.mark.parametrize(
    ("gpu", "release", "tokens", "sequences"),
    [
        ("b200", "0.27.0", 8192, 1024),
        ("b200", "0.28.0", 16384, 1024),
        ("gb10", "0.32.0", 8192, 1024),
        ("gb10", "0.33.0", 2048, 256),
        ("a100-80gb", "0.8.4", 2048, 1024),
        ("a100-80gb", "0.8.5", 8192, 1024),
        ("a100-80gb", "0.9.0", 2048, 256),
        ("h100", "0.8.1", 8192, 1024),
    ],
)
def test_defaults_follow_the_gpu(gpu: str, release: str, tokens: int, sequences: int) -> None:
    found = sized("qwen3-8b", gpu, release).effective
    assert (found.max_num_batched_tokens, found.max_num_seqs) == (tokens, sequences)


@pytest.mark.parametrize(
    ("method", "release", "width"),
    [
        ("modelopt", "0.13.0", 2),
        ("modelopt", "0.14.0", 1),
        ("compressed-tensors", "0.14.1", 2),
        ("compressed-tensors", "0.15.1", 1),
        ("compressed-tensors", "0.33.0", 1),
    ],
)
def test_the_checkpoint_decides_the_format_of_the_cache_since_014(method: str, release: str, width: int) -> None:
    stated: dict[str, Any] = {"quant_method": method, "kv_cache_scheme": {"num_bits": 8, "type": "float"}}
    stated |= {"quant_algo": "FP8", "config_groups": {"group_0": {"weights": {"num_bits": 8, "type": "float"}}}}
    config = {**load_architectures().catalog.configs["qwen3-8b"], "quantization_config": stated}
    found = answer(Question(config=config, gpu="h100", engine=f"vllm=={release}")).value
    assert found is not None
    assert found.cache.bytes_per_token == 36 * 8 * 256 * width


@pytest.mark.parametrize(("release", "row"), [("0.11.0", 656), ("0.11.2", 656), ("0.12.0", 1152)])
def test_sparse_attention_began_with_8_bits(release: str, row: int) -> None:
    assert sized("deepseek-v3.2", "h200", release, tensor=8).cache.bytes_per_token == 61 * (row + 132)


@pytest.mark.parametrize(
    ("kind", "row"),
    [("auto", 512), ("fp8", 256), ("nvfp4", 144), ("int8_per_token_head", 264), ("int4_per_token_head", 136)],
)
def test_packed_caches_keep_their_scales(kind: str, row: int) -> None:
    assert sized("qwen3-8b", "h100", "0.33.0", kv_cache_dtype=kind).cache.bytes_per_token == 36 * 8 * row


@pytest.mark.parametrize(
    ("model", "gpu", "release", "settings", "generation"),
    [
        ("qwen3-8b", "h100", "0.8.5", {"kv_cache_dtype": "fp8"}, "v1"),
        ("qwen3-8b", "l40s", "0.10.2", {"kv_cache_dtype": "fp8"}, "v0"),
        ("qwen3-8b", "b200", "0.9.2", {"kv_cache_dtype": "fp8"}, "v0"),
        ("qwen3-8b", "b200", "0.10.0", {"kv_cache_dtype": "fp8"}, "v1"),
        ("deepseek-v2-lite", "l40s", "0.10.2", {"kv_cache_dtype": "fp8"}, "v1"),
        ("qwen3-8b", "l40s", "0.11.0", {"kv_cache_dtype": "fp8"}, "v1"),
        ("qwen3-8b", "h100", "0.9.1", {"dtype": "float32"}, "v0"),
        ("qwen3-8b", "h100", "0.9.2", {"dtype": "float32"}, "v1"),
        ("qwen3-8b", "h100", "0.8.5", {"drafting": Drafting("eagle", tokens=3)}, "v0"),
        ("qwen3-8b", "h100", "0.9.2", {"drafting": Drafting("eagle", tokens=3)}, "v1"),
        ("qwen3-8b", "h100", "0.9.2", {"drafting": Drafting("draft_model", "qwen3-0.6b", 3)}, "v0"),
    ],
)
def test_the_older_engine_runs_what_the_newer_could_not_yet(
    model: str, gpu: str, release: str, settings: dict[str, Any], generation: str
) -> None:
    assert sized(model, gpu, release, **settings).effective.generation == generation


@pytest.mark.parametrize(("gpu", "more"), [("h200", 1.7), ("a100-80gb", 0.7), ("l40s", 0.0)])
def test_v0_gathers_logits_over_connections_of_their_own(gpu: str, more: float) -> None:
    old, new = (sized("llama-3.1-70b-instruct", gpu, release, tensor=8) for release in ("0.7.3", "0.10.0"))
    assert (old.effective.generation, new.effective.generation) == ("v0", "v1")
    assert old.memory.non_torch.point - new.memory.non_torch.point == pytest.approx(more)
