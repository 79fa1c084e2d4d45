"""Configurations become architectures whose totals are the published ones."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdecl.catalog.architecture_table import ArchitectureTable, load_architectures
from opsdecl.catalog.architectures import Attention, CompressedAttention, LatentAttention, StateSpace
from opsdecl.catalog.config_quantization import quantization_of_config
from opsdecl.catalog.config_reader import architecture_of_config
from opsdecl.sizing.parameters import parameter_count

TABLE = load_architectures()
PUBLISHED = [facts for facts in TABLE.catalog.models.values() if facts.parameters]
LLAMA = {
    "model_type": "llama",
    "hidden_size": 4096,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 14336,
    "vocab_size": 128256,
}


@pytest.fixture
def table() -> ArchitectureTable:
    return TABLE


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: row.name)
def test_totals_are_the_published_ones(row: Any) -> None:
    architecture = TABLE.find(row.name)
    assert architecture is not None
    plain = architecture.vision is None and architecture.experts is None and architecture.state_space is None
    assert parameter_count(architecture) == pytest.approx(row.parameters, rel=0.0015 if plain else 0.01)


@pytest.mark.parametrize("row", TABLE.catalog.models.values(), ids=lambda row: row.name)
def test_every_entry_is_of_a_known_family_and_says_where_it_is_from(row: Any) -> None:
    architecture = TABLE.find(row.name)
    assert architecture is not None
    assert architecture.known
    assert row.source
    assert row.as_of
    assert row.uri


@pytest.mark.parametrize(
    ("name", "entry", "method"),
    [
        ("meta-llama/Llama-3.1-8B-Instruct", "llama-3.1-8b-instruct", "none"),
        ("Qwen/Qwen3-14B-AWQ", "qwen3-14b-awq", "int4"),
        ("RedHatAI/Llama-3.3-70B-Instruct-FP8-dynamic", "llama-3.3-70b-instruct-fp8-dynamic", "fp8"),
        ("Qwen/Qwen3-30B-A3B-Instruct-2507-FP8", "qwen3-30b-a3b-instruct-2507-fp8", "fp8-block"),
        ("unsloth/Meta-Llama-3.1-8B-Instruct-bnb-4bit", "meta-llama-3.1-8b-instruct-bnb-4bit", "bnb-nf4"),
        ("Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4", "qwen2.5-7b-instruct-gptq-int4", "int4"),
        ("nvidia/Llama-3.3-70B-Instruct-NVFP4", "llama-3.3-70b-instruct-nvfp4", "nvfp4"),
    ],
)
def test_repositories_are_found_with_their_quantisation(
    name: str, entry: str, method: str, table: ArchitectureTable
) -> None:
    found = table.find(name)
    assert found is not None
    assert (found.name, found.quantization.method) == (entry, method)


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("NVIDIA A100-SXM4-80GB", "a100-80gb"),
        ("H100", "h100-80gb"),
        ("Tesla T4", "t4"),
        ("NVIDIA GeForce RTX 4090", "rtx-4090"),
        ("NVIDIA H100 80GB HBM3", "h100-80gb"),
        ("a100-80gb:3g.40gb", "a100-80gb:3g.40gb"),
    ],
)
def test_gpus_are_found_by_the_names_that_drivers_use(name: str, entry: str, table: ArchitectureTable) -> None:
    found = table.gpu(name)
    assert found is not None
    assert found.name == entry


def test_an_unknown_slice_or_model_is_not_guessed(table: ArchitectureTable) -> None:
    assert table.gpu("a100-80gb:9g.90gb") is None
    assert table.find("acme/secret-model") is None


def test_kinds_of_layers() -> None:
    def kinds(name: str) -> dict[str, int]:
        architecture = TABLE.find(name)
        assert architecture is not None
        found: dict[str, int] = {}
        for layer in architecture.layers:
            for mixer in layer.mixers:
                word = (
                    "latent" if isinstance(mixer, LatentAttention) else "state" if isinstance(mixer, StateSpace) else ""
                )
                if isinstance(mixer, Attention):
                    word = "window" if mixer.window else "chunk" if mixer.chunk else "full"
                found[word] = found.get(word, 0) + 1
        return found

    assert kinds("gpt-oss-120b") == {"window": 18, "full": 18}
    assert kinds("gemma-3-27b-it") == {"window": 52, "full": 10}
    assert kinds("llama-4-scout") == {"chunk": 36, "full": 12}
    assert kinds("qwen3-next-80b-a3b") == {"state": 36, "full": 12}
    assert kinds("kimi-linear-48b-a3b") == {"state": 20, "latent": 7}
    assert kinds("nemotron-nano-9b-v2") == {"state": 27, "full": 4}
    assert kinds("exaone-4.0-32b") == {"window": 48, "full": 16}


ASKED = (
    "llama llama4_text qwen2 qwen2_moe qwen3 qwen3_moe qwen3_next qwen3_5_text qwen3_5_moe_text mistral mistral4 "
    "mixtral gemma2 gemma3_text gemma4_text phi phi3 gpt_oss deepseek_v2 deepseek_v3 deepseek_v32 kimi_k2 kimi_linear "
    "glm4 glm4_moe glm_moe_dsa granite granitemoehybrid nemotron_h qwen2_vl qwen2_5_vl qwen3_vl_text qwen3_vl_moe_text"
)


@pytest.mark.parametrize("family", ASKED.split())
def test_each_family_that_is_asked_for_has_an_entry(family: str) -> None:
    found = [TABLE.find(name) for name in TABLE.catalog.models]
    assert family in {architecture.family for architecture in found if architecture}


@pytest.mark.parametrize(
    ("wrapper", "part", "family"),
    [
        ("llava", "text_config", "llama"),
        ("mistral3", "text_config", "mistral"),
        ("pixtral", "text_config", "mistral"),
        ("kimi_vl", "text_config", "deepseek_v3"),
        ("kimi_k25", "text_config", "kimi_k2"),
        ("internvl_chat", "llm_config", "qwen3"),
        ("deepseek_vl_v2", "language_config", "deepseek_v2"),
        ("qwen3_omni_moe", "thinker_config", "qwen3_omni_moe_text"),
    ],
)
def test_wrappers_for_images_are_read_by_their_language_model(wrapper: str, part: str, family: str) -> None:
    inner: dict[str, Any] = {**LLAMA, "model_type": family, "kv_lora_rank": None}
    stated = {"text_config": inner} if part == "thinker_config" else inner
    found = architecture_of_config({"model_type": wrapper, part: stated}, TABLE.defaults)
    assert found.value is not None
    assert (found.value.family, found.value.known, found.diagnostics) == (family, True, ())
    assert (found.value.hidden, found.value.vocabulary, len(found.value.layers)) == (4096, 128256, 32)


def test_an_unknown_family_is_said_and_reckoned_like_llama() -> None:
    found = architecture_of_config({**LLAMA, "model_type": "acme"}, TABLE.defaults)
    assert [d.code.id for d in found.diagnostics] == ["OD751"]
    assert found.value is not None
    assert not found.value.known
    assert parameter_count(found.value) == pytest.approx(8.03e9, rel=0.001)


def test_a_configuration_without_layers_is_refused_by_name() -> None:
    found = architecture_of_config({"model_type": "acme", "hidden_size": 4096}, TABLE.defaults)
    assert found.value is None
    assert "num_hidden_layers" in found.diagnostics[0].message


@pytest.mark.parametrize(
    ("stated", "method", "group"),
    [
        ({"quant_method": "gptq", "bits": 4, "group_size": 32, "sym": True}, "int4", 32),
        ({"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": True}, "int4", 128),
        ({"quant_method": "fp8", "weight_block_size": [128, 128]}, "fp8-block", 128),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "nvfp4", 16),
        (
            {
                "quant_method": "compressed-tensors",
                "config_groups": {"group_0": {"weights": {"num_bits": 8, "type": "int"}}},
            },
            "int8",
            0,
        ),
        ({"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "NVFP4", "group_size": 16}}, "nvfp4", 16),
        ({"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "fp4"}}}, "mxfp4", 32),
        ({"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "fp8_e4m3"}}}, "fp8", 0),
        ({"quant_method": "quark", "layer_quant_config": {}}, "unknown", 0),
        ({"quant_method": "unheard-of"}, "unknown", 0),
    ],
)
def test_quantisations_of_checkpoints(stated: dict[str, Any], method: str, group: int) -> None:
    found = quantization_of_config({"quantization_config": stated})
    assert (found.method, found.group) == (method, group)


def test_only_classes_that_are_left_out_in_general_count() -> None:
    stated = {
        "quant_method": "fp8",
        "modules_to_not_convert": ["lm_head", "model.layers.0.mlp.gate", "model.layers.0.linear_attn.in_proj_ba"]
        + [f"model.layers.{i}.self_attn.q_proj" for i in range(30)],
    }
    assert quantization_of_config({"quantization_config": stated}).excluded == ("attention",)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 70), st.floats(allow_nan=True), st.text(max_size=5), st.just([])
)


@settings(max_examples=80, deadline=None)
@given(
    st.dictionaries(st.sampled_from([*LLAMA, "layer_types", "rope_scaling", "sliding_window", "num_experts"]), VALUES)
)
def test_drawn_configurations_crash_nothing(config: dict[str, Any]) -> None:
    found = architecture_of_config(config, TABLE.defaults)
    assert found.value is not None or found.diagnostics


@pytest.mark.parametrize(
    ("name", "method"),
    [
        (
            "/data/hub/models--Qwen--Qwen3-8B/snapshots/b968826d9c46dd6066d109eabc6255188de91218",
            "none",
        ),
        ("meta-llama--Llama-3.1-8B-Instruct", "none"),
        ("gaunernst/gemma-3-27b-it-int4-awq", "int4"),
        ("QuantTrio/GLM-4.5-Air-AWQ-FP16Mix", "int4"),
        ("google/gemma-3-27b-it-qat-q4_0-gguf", "gguf"),
        ("moonshotai/Kimi-K2-Thinking", "int4"),
        ("nvidia/Gemma-4-31B-IT-NVFP4", "nvfp4"),
    ],
)
def test_names_from_logs_find_their_shape(name: str, method: str) -> None:
    found = TABLE.find(name)
    assert found is not None
    assert found.quantization.method == method


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("NVIDIA H100 80GB HBM3", "h100-80gb"),
        ("NVIDIA A100-SXM4-40GB", "a100-40gb"),
        ("NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition", "rtx-pro-6000"),
        ("NVIDIA GeForce RTX 5080", "rtx-5080"),
        ("Tesla T4", "t4"),
        ("NVIDIA H800", "h100-80gb"),
    ],
)
def test_names_of_drivers_find_their_gpu(name: str, entry: str) -> None:
    found = TABLE.gpu(name)
    assert found is not None
    assert found.name == entry


@pytest.mark.parametrize(
    ("stated", "ratios"),
    [
        ({"compress_ratios": [0, 0, 4, 128, 0]}, [0, 0, 4, 128]),
        (
            {"layer_types": ["sliding_attention", "compressed_sparse_attention", "heavily_compressed_attention"] * 2},
            [0, 4, 128, 0],
        ),
        ({}, [128, 128, 128, 4]),
    ],
)
def test_compressed_attention_is_stated_by_numbers_or_by_names(stated: dict[str, Any], ratios: list[int]) -> None:
    config = {"model_type": "deepseek_v4", "num_hidden_layers": 4, "expert_dtype": "fp4", **stated}
    found = architecture_of_config(
        {**config, "quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]}},
        load_architectures().defaults,
    ).value
    assert found is not None
    mixers = [mixer for layer in found.layers for mixer in layer.mixers if isinstance(mixer, CompressedAttention)]
    assert [mixer.ratio for mixer in mixers] == ratios
    assert (found.quantization.method, found.quantization.experts) == ("fp8-block", "mxfp4")
