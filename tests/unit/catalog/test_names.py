"""Names find their model however they are written: repositories, re-uploads, folders, caches."""

import pytest

from opsdecl.catalog.architecture_table import load_architectures
from opsdecl.catalog.architectures import FeedForward
from opsdecl.flows.size import Question, answer

TABLE = load_architectures()
LEFT_OUT = (
    "deepseek-ai/DeepSeek-V4-Pro",
    "nvidia/Llama-3_3-Nemotron-Super-49B-v1_5",
    "stepfun-ai/Step-3.5-Flash",
)
"""Shapes that could not be told; docs/sizing.md lists them."""


@pytest.mark.parametrize(
    ("name", "parameters", "method", "bits"),
    [
        ("/models/Llama-3.1-8B-Instruct", 8.03, "none", 16),
        ("/mnt/models/Llama-3.1-8B-Instruct/weights", 8.03, "none", 16),
        ("models--meta-llama--Llama-3.1-8B-Instruct", 8.03, "none", 16),
        ("/cache/hub/models--Qwen--Qwen3-8B/snapshots/b968826d9c46dd6066d109eabc6255188de91218", 8.19, "none", 16),
        ("somebody-else/Meta-Llama-3.1-8B-Instruct", 8.03, "none", 16),
        ("acme/Qwen3-8B-AWQ", 8.19, "int4", 4),
        ("acme/Qwen2.5-72B-Instruct-GPTQ-Int4", 72.7, "int4", 4),
        ("acme/Qwen2.5-72B-Instruct-GPTQ-Int8", 72.7, "int8", 8),
        ("acme/Llama-3.3-70B-Instruct-FP8-dynamic", 70.6, "fp8", 8),
        ("nvidia/Gemma-4-26B-A4B-NVFP4", 26.0, "nvfp4", 4),
        ("acme/Mistral-7B-Instruct-v0.3-quantized.w4a16", 7.25, "int4", 4),
        ("google/gemma-4-E4B-it-qat-w4a16-ct", 7.8, "int4", 4),
        ("unsloth/Llama-3.2-3B-Instruct-unsloth-bnb-4bit", 3.2, "bnb-nf4", 4),
        ("amd/gpt-oss-120b-w-mxfp4-a-fp8", 116.8, "mxfp4", 4),
        ("acme/Qwen3-8B-abliterated-FP8", 8.19, "fp8-block", 8),
        ("Qwen/Qwen3-30B-A3B-Instruct-2507-FP8", 30.5, "fp8-block", 8),
        ("hf://QWEN/qwen3-8b@b968826d9c46dd6066d109eabc6255188de91218", 8.19, "none", 16),
        ("Qwen/Qwen3-8B:main", 8.19, "none", 16),
        ("llama3.1:8b", 8.03, "none", 16),
        ("amd/Llama-3.1-405B-Instruct-MXFP4-Preview", 405.9, "mxfp4", 4),
    ],
)
def test_a_name_says_model_and_quantisation(name: str, parameters: float, method: str, bits: int) -> None:
    sizing = answer(Question(model=name, gpu="h200"), TABLE).value
    found = TABLE.find(name)
    assert found is not None
    assert (found.quantization.method, found.quantization.bits) == (method, bits)
    assert sizing is not None
    assert sizing.parameters / 1e9 == pytest.approx(parameters, rel=0.03)


def test_a_sibling_with_a_longer_context_is_not_taken_for_the_shorter() -> None:
    plain, longer = TABLE.find("Qwen/Qwen3-30B-A3B"), TABLE.find("Qwen/Qwen3-30B-A3B-Instruct-2507")
    assert plain is not None
    assert longer is not None
    assert (plain.max_position, longer.max_position) == (40960, 262144)


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_is_not_known_says_so_instead_of_guessing(name: str) -> None:
    found = answer(Question(model=name, gpu="h200"), TABLE)
    assert found.value is None
    (said,) = found.diagnostics
    assert said.code.id == "OD701"
    assert "with --config" in said.hint


def test_a_name_that_is_nearly_one_gets_the_nearest_and_the_way_out() -> None:
    (said,) = answer(Question(model="meta-llama/Lama-3.1-8B-Instruct", gpu="h200"), TABLE).diagnostics
    assert said.hint == "did you mean `llama-3.1-8b-instruct`? If not, give its config.json with --config"


def test_a_publisher_that_scales_every_32_numbers_is_known() -> None:
    def of(name: str) -> int:
        found = TABLE.find(name)
        assert found is not None
        return found.quantization.group

    assert (of("cyankiwi/MiniMax-M2.7-AWQ-4bit"), of("QuantTrio/MiniMax-M2.7-AWQ")) == (32, 128)


def test_layers_of_gemma_4_e2b_that_share_a_cache_are_twice_as_wide() -> None:
    found = TABLE.find("google/gemma-4-E2B-it")
    assert found is not None
    widths = [layer.feed.size for layer in found.layers if isinstance(layer.feed, FeedForward)]
    assert (widths[:15], widths[15:]) == ([6144] * 15, [12288] * 20)


def test_mxfp4_of_a_model_without_experts_is_that_of_every_layer() -> None:
    sizing = answer(Question(model="amd/Llama-3.1-405B-Instruct-MXFP4-Preview", gpu="b200"), TABLE).value
    assert sizing is not None
    assert sizing.memory.weights.point == pytest.approx(401.6e9 * (0.5 + 1 / 32) / 2**30 + 7.83, rel=0.01)


def test_a_width_that_is_said_is_believed_before_one_in_a_name() -> None:
    def weights(quantization: str) -> float:
        sizing = answer(Question(model="acme/Qwen3-8B-AWQ", gpu="h200", quantization=quantization), TABLE).value
        assert sizing is not None
        return sizing.memory.weights.point

    assert weights("none") > 1.7 * weights("w8a8") > 1.3 * weights("")
    assert weights("awq_marlin") == weights("")


@pytest.mark.parametrize(("engine", "read"), [("vllm==0.23.0", True), ("vllm==0.24.0", False)])
def test_gguf_is_refused_where_the_release_no_longer_reads_it(engine: str, read: bool) -> None:
    sizing = answer(Question(model="acme/Qwen3-8B-GGUF", gpu="h200", engine=engine), TABLE).value
    assert sizing is not None
    assert ("no longer reads `gguf`" in " ".join(each.message for each in sizing.findings)) is not read
    assert (sizing.verdict == "fits") is read
