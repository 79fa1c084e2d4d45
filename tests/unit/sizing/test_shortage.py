"""The first line of a refusal names what decides it: never the weights where something else is too little."""

import re
from typing import Any

import pytest

from opsdecl.catalog.architecture_table import load_architectures
from opsdecl.flows.size import Question, answer
from opsdecl.sizing.types import Settings, Sizing
from opsdecl.view.size import render_sizing

TABLE = load_architectures()


def size_of(model: str, gpu: str, engine: str = "vllm==0.33.0", total: float | None = None, **settings: Any) -> Sizing:
    asked = Question(model=model, gpu=gpu, gpu_total_gib=total, engine=engine, settings=Settings(**settings))
    found = answer(asked, TABLE)
    assert found.value is not None, found.diagnostics
    return found.value


@pytest.mark.parametrize(
    ("decides", "said", "model", "gpu", "engine", "settings"),
    [
        (
            "context",
            r"131,072 tokens need 16\.00 GiB of KV cache, [\d.]+ are left \([\d.]+ at most\); the longest",
            "llama-3.1-8b-instruct",
            "l4",
            "vllm==0.33.0",
            {"max_model_len": 131072},
        ),
        (
            "weights",
            r"the weights need 13\d\.\d GiB, one l4 offers 20\.\d",
            "llama-3.1-70b-instruct",
            "l4",
            "vllm==0.33.0",
            {},
        ),
        (
            "weights",
            r"the weights need 3\d\.\d GiB, each of 4 × l4 offers 20\.\d",
            "llama-3.1-70b-instruct",
            "l4",
            "vllm==0.33.0",
            {"tensor": 4},
        ),
        (
            "memory",
            r"weights of [\d.]+ GiB, activations of [\d.]+ and [\d.]+ besides leave nothing for a cache: one h100-80gb",
            "gpt-oss-120b",
            "h100-80gb",
            "vllm==0.10.1",
            {},
        ),
        (
            "states",
            "states and 8192 sequences may run at once",
            "qwen3-next-80b-a3b",
            "h100-80gb",
            "vllm==0.24.0",
            {"tensor": 4, "max_num_seqs": 8192, "max_model_len": 8192},
        ),
        (
            "rules",
            "10 key and value heads cannot be split over 8 GPUs",
            "phi-4",
            "h100-80gb",
            "vllm==0.33.0",
            {"tensor": 8},
        ),
        (
            "free",
            r"0\.999 of 79\.2 GiB is more than what is free when the engine starts",
            "llama-3.1-8b-instruct",
            "h100-80gb",
            "vllm==0.33.0",
            {"utilization": 0.999},
        ),
    ],
)
def test_what_decides_comes_first(
    decides: str, said: str, model: str, gpu: str, engine: str, settings: dict[str, Any]
) -> None:
    refused = size_of(model, gpu, engine, **settings)
    assert refused.verdict != "fits"
    assert refused.short_of in (decides, "rules")
    assert re.search(said, render_sizing(refused).splitlines()[0])


def test_what_fits_is_short_of_nothing() -> None:
    found = size_of("llama-3.1-8b-instruct", "l40s", max_model_len=32768)
    assert (found.verdict, found.short_of) == ("fits", "")
    assert "tokens of cache" in render_sizing(found).splitlines()[0]


def test_a_doubt_names_both_ends() -> None:
    tight = size_of("gpt-oss-120b", "a100-80gb", "vllm==0.10.1")
    assert tight.verdict == "tight"
    first = render_sizing(tight).splitlines()[0]
    assert f"{tight.memory.cache.low:.2f} to {tight.memory.cache.high:.2f} are left" in first


def test_a_gpu_of_which_only_the_memory_is_known_is_sized_with_wider_bounds() -> None:
    known = size_of("qwen3-14b", "h100-80gb", total=80.0, max_model_len=8192, tensor=2)
    found = answer(
        Question(model="qwen3-14b", gpu="mystery", gpu_total_gib=80, settings=Settings(max_model_len=8192, tensor=2)),
        TABLE,
    ).value
    assert found is not None
    assert found.memory.cache.point == known.memory.cache.point
    assert found.memory.cache.low <= known.memory.cache.low
    assert found.memory.cache.high > known.memory.cache.high
    (said,) = [f for f in found.findings if f.code.id == "OD702"]
    assert said.severity.word == "warning"
    assert "compute capability and price are unknown" in said.message


def test_no_verdict_rests_on_the_guessed_capability() -> None:
    """GPUs before Ampere get the older engine, which needs less: one that is refused on Hopper may fit on them."""
    settings = {"max_model_len": 8192, "tensor": 2}
    alone = [size_of("qwen3-14b", gpu, "vllm==0.8.5", total=18.0, **settings).verdict for gpu in ("t4", "h100-80gb")]
    assert alone == ["tight", "does-not-fit"]
    assert size_of("qwen3-14b", "", "vllm==0.8.5", total=18.0, **settings).verdict == "tight"


def test_an_unknown_gpu_without_its_memory_is_an_error_that_says_how() -> None:
    found = answer(Question(model="qwen3-14b", gpu="mystery"), TABLE)
    assert found.value is None
    assert "--gpu-total-gib" in found.diagnostics[0].hint


def test_the_number_of_sequences_that_is_named_fits_for_certain() -> None:
    asked: dict[str, Any] = {"model": "nvidia/NVIDIA-Nemotron-Nano-9B-v2", "gpu": "l4", "max_model_len": 8192}
    refused = size_of(**asked)
    finding = next(found for found in refused.findings if found.code.id == "OD757")
    named = re.fullmatch(r"set max-num-seqs to (\d+), which fits for certain", finding.hint)
    assert named is not None, finding.hint
    most = int(named[1])
    assert most < refused.cache.blocks
    assert size_of(**asked, max_num_seqs=most).verdict == "fits"
    assert size_of(**asked, max_num_seqs=most + 1).verdict == "tight"
