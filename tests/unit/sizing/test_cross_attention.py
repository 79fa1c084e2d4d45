"""Encoder-decoder models: figures worked out by hand from vLLM's source, and the releases that serve them."""

from typing import Any

import pytest

from opsdecl.catalog.architecture_table import load_architectures
from opsdecl.catalog.encoder_families import SERVED
from opsdecl.flows.size import Question, answer
from opsdecl.sizing.types import GIB, Settings, Sizing
from opsdecl.view.size import render_sizing, sizing_json

TABLE = load_architectures()
LLAMA = "meta-llama/Llama-3.2-11B-Vision-Instruct"
WHISPER = "openai/whisper-large-v3"


def sized(model: str, gpu: str, release: str, config: dict[str, Any] | None = None, **settings: Any) -> Sizing:
    question = Question(model=model, config=config, gpu=gpu, engine=f"vllm=={release}", settings=Settings(**settings))
    found = answer(question, TABLE)
    assert found.value is not None, found.diagnostics
    return found.value


def said(model: str, gpu: str, release: str, **settings: Any) -> list[tuple[str, str, str]]:
    question = Question(model=model, gpu=gpu, engine=f"vllm=={release}", settings=Settings(**settings))
    found = answer(question, TABLE)
    every = (*found.diagnostics, *(found.value.findings if found.value else ()))
    return [(each.code.id, each.message, each.hint) for each in every]


def test_blocks_of_whisper_are_those_of_two_groups() -> None:
    """32 layers × 16 tokens × 20 heads × 64 numbers × 2 × 2 bytes; 448 tokens and 1,500 of the encoder."""
    found = sized(WHISPER, "h100-80gb", "0.11.0")
    block = 32 * 16 * 20 * 64 * 2 * 2
    assert found.cache.blocks == int(found.memory.cache.point * GIB // block)
    assert found.cache.concurrency.point == pytest.approx(found.cache.blocks / (28 + 94))
    assert found.cache.tokens.point == found.cache.blocks // 2 * 16
    assert found.cache.needed_gib == pytest.approx((28 + 94) * block / GIB)


def test_since_0_13_the_check_reckons_with_a_batch_of_encoder_tokens() -> None:
    before, after = (sized(WHISPER, "h100-80gb", release) for release in ("0.12.0", "0.13.0"))
    assert before.cache.encoder is not None
    assert after.cache.encoder is not None
    assert (before.cache.encoder.counted, after.cache.encoder.counted, after.cache.encoder.tokens) == (1500, 8192, 1500)
    assert after.cache.concurrency.point == pytest.approx(after.cache.blocks / (28 + 512))
    smaller = sized(WHISPER, "h100-80gb", "0.33.0", max_num_batched_tokens=2048)
    assert smaller.cache.concurrency.point == pytest.approx(smaller.cache.blocks / (28 + 128))


def test_v0_gives_every_layer_of_num_hidden_layers_a_cache() -> None:
    """Turbo has 4 layers in its decoder and 32 in its encoder, which is what `num_hidden_layers` says."""
    first, second = (sized("whisper-large-v3-turbo", "h100-80gb", release) for release in ("0.10.1", "0.10.2"))
    assert (first.effective.generation, second.effective.generation) == ("v0", "v1")
    assert (first.cache.bytes_per_token, second.cache.bytes_per_token) == (32 * 5120, 4 * 5120)


def test_llama_vision_keeps_four_tiles_in_blocks_of_all_layers() -> None:
    """1,601 tokens for each of four tiles, 8 heads of 128 numbers in 40 layers; printed figures leave the tiles out."""
    found = sized(LLAMA, "h100-80gb", "0.8.5", max_model_len=8192, max_num_seqs=16)
    token = 40 * 2 * 8 * 128 * 2
    assert found.cache.encoder is not None
    assert (found.cache.encoder.tokens, found.cache.bytes_per_token) == (6404, token)
    assert found.cache.needed_gib == pytest.approx((512 + 401) * 16 * token / GIB)
    assert found.cache.concurrency.point == pytest.approx(found.cache.blocks * 16 / 8192)
    assert found.verdict == "fits"


def test_without_images_nothing_is_kept_and_nothing_encoded() -> None:
    plain = sized(LLAMA, "h100-80gb", "0.8.5", max_model_len=8192, images=False)
    assert plain.cache.encoder is not None
    assert (plain.cache.encoder.tokens, plain.cache.encoder.gib) == (0, 0)
    assert plain.memory.activation.point < 3


def test_v0_encodes_an_image_for_every_sequence_and_fewer_sequences_help() -> None:
    """vllm-project/vllm#9445: out of memory as it comes, started with 32 sequences and no graphs."""
    as_it_comes = sized(LLAMA, "a100-80gb", "0.6.3", max_model_len=1024)
    assert (as_it_comes.verdict, as_it_comes.short_of) == ("does-not-fit", "memory")
    assert as_it_comes.remedies[0].change == "max-num-seqs 64"
    assert sized(LLAMA, "a100-80gb", "0.6.3", max_model_len=1024, max_num_seqs=64).verdict == "fits"
    assert sized(LLAMA, "a100-80gb", "0.6.3", max_model_len=1024, max_num_seqs=32, enforce_eager=True).verdict == "fits"


def test_a_request_that_v0_never_admits_is_no_promise() -> None:
    """The start asks for 64 blocks of 2.5 MiB, the largest image for 401 more: 64 fit for certain, all fit nowhere."""
    found = sized(LLAMA, "h100-80gb", "0.8.5", max_model_len=1024, max_num_seqs=1, utilization=0.27)
    start = 64 * 16 * found.cache.bytes_per_token / GIB
    assert start < found.memory.cache.low < found.memory.cache.high < found.cache.needed_gib
    assert found.verdict == "tight"


def test_tensor_parallelism_leaves_whispers_vocabulary_whole() -> None:
    """The embedding is no parallel one in `whisper.py`; convolutions, norms and positions are copied as well."""
    alone, split = (sized(WHISPER, "a10g", "0.17.0", tensor=n).memory.weights.point for n in (1, 4))
    embedding = 51866 * 1280 * 2 / GIB
    assert split - alone / 4 == pytest.approx(0.75 * embedding, abs=0.02)


@pytest.mark.parametrize(
    ("model", "release", "served"),
    [
        (LLAMA, "0.6.0", False),
        (LLAMA, "0.6.2", True),
        (LLAMA, "0.10.2", True),
        (LLAMA, "0.11.0", False),
        (LLAMA, "0.33.0", False),
        (WHISPER, "0.6.6", False),
        (WHISPER, "0.7.0", True),
        (WHISPER, "0.33.0", True),
        ("facebook/bart-large-cnn", "0.10.2", True),
        ("facebook/bart-large-cnn", "0.11.0", False),
        ("mbart-large-50", "0.10.0", False),
        ("mbart-large-50", "0.10.1", True),
    ],
)
def test_releases_that_serve_a_family(model: str, release: str, served: bool) -> None:
    assert ("OD766" not in [code for code, _, _ in said(model, "h100-80gb", release)]) is served


def test_a_release_that_does_not_serve_says_which_do() -> None:
    (found,) = said(LLAMA, "h100-80gb", "0.33.0")
    assert found == (
        "OD766",
        "`vllm==0.33.0` does not serve `mllama`, an encoder-decoder model: 0.6.2 to 0.10.2 do",
        "take vllm==0.10.2",
    )
    (plugin,) = said("bart-base", "l4", "0.33.0")
    assert plugin[2] == "take vllm==0.10.2; newer releases take it with the plugin vllm-project/bart-plugin"
    assert sized(LLAMA, "h100-80gb", "0.33.0").short_of == "rules"


def test_a_release_that_serves_it_is_a_remedy_where_it_fits_there() -> None:
    """Under 0.10.2 as it comes, 256 images at once would not fit: with fewer sequences they do."""
    found = sized(LLAMA, "h100-80gb", "0.33.0", max_model_len=8192)
    assert [each.change for each in found.remedies] == ["vllm==0.10.2, max-num-seqs 64"]
    again = sized(LLAMA, "h100-80gb", "0.10.2", max_model_len=8192, max_num_seqs=64)
    assert (again.verdict, int(again.cache.tokens.point)) == ("fits", found.remedies[0].tokens)
    assert [each.change for each in sized(WHISPER, "h100-80gb", "0.6.6").remedies] == ["vllm==0.7.0"]
    (small,) = sized(LLAMA, "l40s", "0.33.0").remedies
    assert small.change == "vllm==0.10.2, max-num-seqs 16, max-model-len 32768"


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("google/flan-t5-xl", "t5"),
        ("google-t5/t5-base", "t5"),
        ("google/mt5-large", "mt5"),
        ("facebook/nllb-200-distilled-600M", "m2m_100"),
        ("Helsinki-NLP/opus-mt-en-de", "marian"),
        ("facebook/seamless-m4t-v2-large", "seamless_m4t_v2"),
        ("microsoft/Florence-2-large", "florence2"),
    ],
)
def test_names_of_families_that_are_not_sized_say_why(name: str, family: str) -> None:
    (found,) = said(name, "h100-80gb", "0.33.0")
    assert found[0] == "OD766"
    assert f"`{family}` is an encoder-decoder model" in found[1]


def test_a_configuration_of_a_family_that_was_never_served_says_so() -> None:
    found = answer(Question(config={"model_type": "t5", "d_model": 512}, gpu="l4"), TABLE)
    (diagnostic,) = found.diagnostics
    assert diagnostic.message == (
        "`t5` is an encoder-decoder model, which no release of vLLM serves (0.6 to 0.33 were read)"
    )


@pytest.mark.parametrize(
    ("release", "settings", "text"),
    [
        ("0.33.0", {"pipeline": 2}, "vLLM cannot spread `whisper` over 2 pipeline stages"),
        ("0.33.0", {"max_num_batched_tokens": 1024}, "a batch of 1,024 tokens does not hold one input of `whisper`"),
    ],
)
def test_what_the_engine_refuses_beside_an_encoder(release: str, settings: dict[str, Any], text: str) -> None:
    found = said(WHISPER, "h100-80gb", release, **settings)
    assert [code for code, message, _ in found if message.startswith(text)] == ["OD767"]


@pytest.mark.parametrize(
    ("model", "gpu", "sequences"), [("llama-3.2-90b-vision-instruct", "l40s", 2), (LLAMA, "h100-80gb", 48)]
)
def test_no_remedy_proposes_what_is_refused(model: str, gpu: str, sequences: int) -> None:
    found = sized(model, gpu, "0.10.2", max_model_len=131072, max_num_seqs=sequences)
    changes = [each.change for each in found.remedies]
    assert changes
    assert not [change for change in changes if "pipeline" in change or "kv-cache-dtype" in change]


def test_where_fewer_sequences_suffice_no_shorter_context_is_proposed_beside_them() -> None:
    found = sized(LLAMA, "h100-80gb", "0.10.2", max_model_len=131072, max_num_seqs=48)
    changes = [each.change for each in found.remedies]
    assert "max-num-seqs 32" in changes
    assert not [change for change in changes if change.startswith("max-num-seqs 32, max-model-len")]


def test_the_text_and_the_json_say_what_the_encoder_takes() -> None:
    found = sized(WHISPER, "l4", "0.33.0")
    assert "1,500 tokens of the encoder, counted as 2,048, 163,840 bytes per token: 0.31 GiB of that" in render_sizing(
        found
    )
    encoder = sizing_json(found)["kv"]["encoder"]
    assert encoder == {"tokens": 1500, "counted": 2048, "bytesPerToken": 163840, "countedGiB": 0.312}
    assert "encoder" not in sizing_json(sized("qwen3-8b", "l40s", "0.33.0"))["kv"]


def test_every_family_that_is_served_has_an_entry_of_the_catalogue() -> None:
    shapes = (TABLE.find(name) for name in TABLE.catalog.configs)
    assert {shape.family for shape in shapes if shape is not None and shape.encoder is not None} == set(SERVED)


def test_a_hostile_configuration_takes_no_more_than_layers_that_can_be() -> None:
    config = {"model_type": "whisper", "d_model": 8, "encoder_layers": 10**9, "decoder_layers": 1, "vocab_size": 10}
    config |= {"encoder_attention_heads": 0, "decoder_attention_heads": 2, "max_source_positions": 10**9}
    assert sized("", "l4", "0.33.0", config).verdict in ("fits", "tight", "does-not-fit")
