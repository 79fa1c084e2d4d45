"""Whatever is asked of sizing has an answer: every model, GPU and release, and arguments from one end to the other."""

import math
import random
from typing import Any

import pytest
from msgspec.structs import asdict

from opsdecl.catalog.architecture_table import load_architectures
from opsdecl.diag import Severity, has_errors
from opsdecl.flows.size import Question, answer
from opsdecl.sizing.drafting import Drafting
from opsdecl.sizing.engines import NEWEST
from opsdecl.sizing.types import Range, Settings, Sizing

TABLE = load_architectures()
ENGINES = tuple(f"vllm==0.{minor}.{patch}" for minor in range(6, NEWEST[1] + 1) for patch in (0, 1, 2, 5))
MODELS = tuple(sorted(TABLE.catalog.configs))
GPUS = tuple(sorted(TABLE.catalog.gpus))
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "tensor": (1, 1, 1, 2, 3, 4, 8, 16, 64),
    "pipeline": (1, 1, 1, 2, 5, 200),
    "data": (1, 1, 8),
    "expert": (False, True),
    "max_model_len": (None, None, 1, 16, 1000, 8192, 10_000_000),
    "utilization": (None, None, 0.01, 0.5, 0.99, 1.0),
    "dtype": ("auto", "auto", "float16", "bfloat16", "float32"),
    "kv_cache_dtype": ("auto", "auto", "fp8", "fp8_e5m2", "bfloat16"),
    "max_num_seqs": (None, None, 1, 64, 100_000),
    "max_num_batched_tokens": (None, None, 1, 2048, 1_000_000),
    "block_size": (None, None, 16, 64, 128),
    "enforce_eager": (False, True),
    "prefix_caching": (None, False, True),
    "images": (True, False),
    "max_loras": (0, 0, 8),
    "draft_layers": (0, 0, 1, 3),
}
QUANTIZATIONS = ("", "", "", "fp8", "awq", "gptq", "nvfp4", "mxfp4", "bitsandbytes", "gguf", "compressed-tensors")
ENDS = ("", "", "-FP8", "-FP8-dynamic", "-AWQ", "-GPTQ-Int4", "-NVFP4", "-quantized.w4a16", "-bnb-4bit", "-GGUF")


REFUSED = {"OD713", "OD716"}
"""What is no question to the release that was asked: flags and choices that it does not have."""


def asked(chance: random.Random, model: str, gpu: str) -> Question:
    values = {name: chance.choice(choices) for name, choices in ARGUMENTS.items()}
    drafting = Drafting("mtp", tokens=chance.choice((0, 1, 8))) if values["draft_layers"] else None
    return Question(
        model=model + chance.choice(ENDS),
        gpu=gpu,
        gpu_count=chance.choice((None, None, 1, 8)),
        engine=chance.choice(ENGINES),
        quantization=chance.choice(QUANTIZATIONS),
        settings=Settings(**values, drafting=drafting),
        longest=chance.random() < 0.1,
    )


def ranges(sizing: Sizing) -> dict[str, Range]:
    memory = asdict(sizing.memory)
    cache = {"tokens": sizing.cache.tokens, "concurrency": sizing.cache.concurrency, "largest": sizing.largest}
    return {**memory, **cache}


def check(question: Question) -> None:
    found = answer(question, TABLE)
    if found.value is None:
        errors = {each.code.id for each in found.diagnostics if each.severity is Severity.ERROR}
        assert errors <= REFUSED, (question, found.diagnostics)
        return
    sizing = found.value
    for name, each in ranges(sizing).items():
        assert all(math.isfinite(value) for value in (each.low, each.point, each.high)), (name, each, question)
        assert each.low <= each.point <= each.high, (name, each, question)
        assert name == "cache" or each.low >= 0, (name, each, question)
    assert sizing.memory.weights.point > 0, question
    assert sizing.cache.blocks >= 0, question
    assert sizing.cache.needed_gib >= 0, question
    assert sizing.parameters > 0, question
    if sizing.verdict == "fits":
        assert sizing.memory.cache.low > 0, question
        assert not has_errors(sizing.findings), question
    if sizing.verdict == "does-not-fit":
        assert sizing.findings, question


@pytest.mark.slow
@pytest.mark.parametrize("number", range(4))
def test_every_model_has_an_answer_on_some_gpu_of_some_release(number: int) -> None:
    chance = random.Random(number)
    for model in MODELS[number::4]:
        check(asked(chance, model, chance.choice(GPUS)))


@pytest.mark.slow
@pytest.mark.parametrize("gpu", GPUS)
def test_every_gpu_has_an_answer_for_many_models(gpu: str) -> None:
    chance = random.Random(gpu)
    for model in chance.sample(MODELS, 60):
        check(asked(chance, model, gpu))


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES[::4])
def test_every_release_has_an_answer_for_every_model_with_its_defaults(engine: str) -> None:
    for number, model in enumerate(MODELS):
        check(Question(model=model, gpu=GPUS[number % len(GPUS)], engine=engine))
