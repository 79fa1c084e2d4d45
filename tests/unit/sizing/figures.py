"""Figures that real servers printed, beside what sizing reckons: the table of `docs/sizing.md`.

Run as a module to write the table anew: `python -m tests.unit.sizing.figures`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opsdecl.catalog.architecture_table import ArchitectureTable, load_architectures
from opsdecl.flows.size import Question, answer
from opsdecl.sizing.budget import effective_settings as resolve
from opsdecl.sizing.budget import largest_that_fits, needed, printed_concurrency, printed_tokens, tightest
from opsdecl.sizing.engines import rules_for
from opsdecl.sizing.types import GIB, Request, Settings, Sizing

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "sizing.md"
START, END = "<!-- figures -->", "<!-- /figures -->"
FACTS = "published log"


@dataclass(frozen=True)
class Figure:
    """One start: what was asked, and what was printed. Figures that were not printed are absent."""

    model: str
    gpu: str
    engine: str
    printed: Mapping[str, float]
    settings: Mapping[str, Any] = field(default_factory=dict)
    total: float | None = None
    source: str = FACTS


@dataclass(frozen=True)
class PoolFigure:
    """What a start printed about the pool, given the memory that it had for the cache."""

    model: str
    gpu: str
    engine: str
    available: float
    length: int
    printed: Mapping[str, float]
    settings: Mapping[str, Any] = field(default_factory=dict)
    source: str = FACTS


FIGURES = (
    Figure(
        "deepseek-ai/DeepSeek-R1-Distill-Qwen-14B",
        "rtx-4090",
        "0.7.2",
        {"activation": 0.19, "non-torch": 0.25, "cache": 8.69},
        {"tensor": 2, "utilization": 0.98, "max_model_len": 131072},
        23.55,
        "vllm-project/vllm#13061",
    ),
    Figure(
        "llama-3.1-8b-instruct",
        "l40s",
        "0.8.4",
        {"weights": 14.9889, "tokens": 158656, "concurrency": 4.84},
        {"max_model_len": 32768},
    ),
    Figure("llama-3-8b", "h100", "0.6.5", {"weights": 14.9595, "activation": 1.26}, {}, 79.22),
    Figure(
        "llama-3.1-8b-instruct",
        "a100-80gb",
        "0.6.4",
        {"weights": 14.9888, "non-torch": 0.12, "activation": 1.19, "cache": 54.93},
        {"max_model_len": 8192},
        79.14,
    ),
    Figure(
        "llama-3.1-8b-instruct",
        "rtx-3090",
        "0.6.3",
        {"activation": 2.07, "cache": 3.81},
        {"max_model_len": 20000},
        23.58,
        "vllm-project/vllm#10517",
    ),
    Figure(
        "llama-3.1-8b-instruct",
        "rtx-3090",
        "0.6.3",
        {"activation": 2.99, "cache": 2.89},
        {"max_model_len": 29000},
        23.58,
        "vllm-project/vllm#10517",
    ),
    Figure(
        "qwen2.5-1.5b-instruct",
        "t4",
        "0.7.3",
        {"weights": 2.8875, "activation": 2.02, "cache": 2.36},
        {"utilization": 0.5},
        14.56,
    ),
    Figure("llama-3.1-8b-instruct", "h100", "0.10.0", {"activation": 4.76}),
    Figure("llama-3.1-70b-instruct", "h100", "0.10.0", {"activation": 4.84}, {"tensor": 2}),
    Figure("qwen3-14b", "h100", "0.10.0", {"weights": 27.518, "activation": 5.60}),
    Figure("llama-3.2-3b-instruct", "l4", "0.10.0", {"weights": 6.016}, {"max_model_len": 8192}),
    Figure("phi-4-mini-instruct", "l4", "0.10.0", {"weights": 7.1694}, {"max_model_len": 8192}),
    Figure("granite-4.0-micro", "l4", "0.11.0", {"weights": 6.338}, {"max_model_len": 8192}),
    Figure("microsoft/phi-4-GPTQ", "l4", "0.10.0", {"weights": 8.5107}, {"max_model_len": 8192}),
    Figure("Qwen/Qwen3-14B-AWQ", "l4", "0.10.0", {"weights": 9.44}, {"max_model_len": 8192}),
    Figure("RedHatAI/Llama-3.3-70B-Instruct-FP8-dynamic", "h200", "0.10.0", {"weights": 67.72}),
    Figure(
        "neuralmagic/Meta-Llama-3.1-70B-Instruct-quantized.w8a8",
        "h100",
        "0.8.0",
        {"weights": 67.7229},
        {"max_model_len": 2048, "utilization": 0.98},
    ),
    Figure("unsloth/Meta-Llama-3.1-8B-Instruct-bnb-4bit", "l4", "0.10.0", {"weights": 5.3541}, {"max_model_len": 8192}),
    Figure("qwen3-30b-a3b", "l4", "0.8.5", {"weights": 14.2474}, {"tensor": 4}, None, "vllm-project/vllm#17469"),
    Figure("gpt-oss-120b", "h100", "0.10.2", {"weights": 64.38, "activation": 7.38}),
    Figure("gpt-oss-120b", "a100-80gb", "0.10.1", {"weights": 65.97}),
    Figure(
        "gpt-oss-20b",
        "a100-80gb",
        "0.19.0",
        {"weights": 13.72, "cache": 36.56},
        {"max_model_len": 131072, "utilization": 0.65},
    ),
    Figure("deepseek-v3", "h200", "0.7.3", {"weights": 83.88}, {"tensor": 8, "max_model_len": 32768}),
    Figure("qwen3-next-80b-a3b", "h200", "0.11.0", {"weights": 74.28, "activation": 5.58}, {"tensor": 2}),
    Figure("nemotron-nano-9b-v2", "l40s", "0.11.0", {"weights": 16.58}),
    Figure("mistral-small-3.2-24b-instruct", "h100", "0.18.0", {"weights": 44.76, "activation": 2.12}),
    Figure(
        "gemma-4-26b-a4b-it",
        "a100-80gb",
        "0.19.0",
        {"weights": 48.5, "cache": 21.5},
        {"max_model_len": 131072, "enforce_eager": True},
    ),
    Figure(
        "qwen3.5-27b",
        "h200",
        "0.19.0",
        {"tokens": 290864, "concurrency": 33.04},
        {"max_model_len": 32768, "max_num_seqs": 16, "max_num_batched_tokens": 16384},
        139.8,
        "vllm-project/vllm#40691",
    ),
    Figure("qwen2.5-vl-32b", "a100-80gb", "0.7.3", {"weights": 62.43, "activation": 6.90}, {"max_model_len": 32768}),
    Figure(
        "Qwen/Qwen3-235B-A22B-Instruct-2507-FP8",
        "rtx-pro-6000",
        "0.27.0",
        {"weights": 55.19, "cache": 27.85, "tokens": 621392, "concurrency": 18.96},
        {"tensor": 4, "utilization": 0.9, "max_model_len": 32768, "max_num_seqs": 32},
        95.01,
    ),
    Figure(
        "llama-3.1-8b-instruct",
        "a10g",
        "0.7.2",
        {"weights": 14.99, "activation": 0.22, "cache": 4.60, "tokens": 37696},
        {},
        22.07,
    ),
    Figure(
        "qwen2.5-7b-instruct", "v100-32gb", "0.8.5", {"weights": 14.25, "activation": 4.35, "cache": 9.88}, {}, 31.74
    ),
    Figure("qwen3-14b", "l40s", "0.11.0", {"weights": 27.52, "cache": 11.06, "tokens": 72496, "concurrency": 1.77}),
    Figure("qwen3.5-9b", "rtx-5090", "0.19.0", {"weights": 17.66}, {"max_model_len": 4096}),
    Figure(
        "deepseek-ai/DeepSeek-Coder-V2-Lite-Instruct",
        "a100-40gb",
        "0.7.1",
        {"weights": 3.97},
        {"tensor": 8, "max_num_seqs": 2, "max_model_len": 4096},
        39.39,
    ),
)

POOLS = (
    PoolFigure(
        "qwen3-next-80b-a3b",
        "h200",
        "0.11.0",
        7162 * 12 * 544 * 1024 / GIB,
        262144,
        {"blocks": 7162, "block": 544},
        {"tensor": 2},
    ),
    PoolFigure(
        "deepseek-v4-flash",
        "gh200-96gb",
        "0.22.0",
        5.44,
        30000,
        {"needed": 6.66, "longest": 13528},
        {"tensor": 2, "kv_cache_dtype": "fp8", "block_size": 256, "max_num_batched_tokens": 16384},
        "vllm-project/vllm#44376, to which the packing was fitted",
    ),
    PoolFigure(
        "kimi-linear-48b-a3b",
        "rtx-3090",
        "0.11.1",
        2.30,
        120000,
        {"tokens": 75840, "concurrency": 2.48},
        {"tensor": 2},
        "vllm-project/vllm#28228",
    ),
    PoolFigure(
        "qwen3.5-35b-a3b",
        "rtx-5090",
        "0.24.0",
        5.98,
        131072,
        {"tokens": 567978, "concurrency": 4.33},
        {"kv_cache_dtype": "fp8", "prefix_caching": True, "max_num_batched_tokens": 8192},
        "noonghunna/club-3090#612",
    ),
    PoolFigure(
        "mistral-small-4-119b",
        "h100-nvl-94gb",
        "0.20.0",
        17.39,
        1048576,
        {"needed": 22.5, "longest": 810208},
        {"tensor": 2},
        "kaito-project/kaito#2132",
    ),
    PoolFigure(
        "qwen3-235b-a22b", "h100", "0.9.2", 8.11, 40960, {"tokens": 178880}, {"tensor": 4}, "vllm-project/vllm#21348"
    ),
    PoolFigure(
        "llama-3.1-8b-instruct",
        "rtx-3090",
        "0.6.3",
        2.89,
        29000,
        {"tokens": 23648, "blocks": 1478},
        {},
        "vllm-project/vllm#10517",
    ),
    PoolFigure(
        "whisper-large-v3",
        "rtx-4080",
        "0.15.1",
        10.14,
        448,
        {"tokens": 33216, "concurrency": 26.62},
        {},
        "published log (id 4172099314)",
    ),
    PoolFigure(
        "whisper-large-v3",
        "a10g",
        "0.17.0",
        16.47,
        448,
        {"tokens": 215920, "concurrency": 173.01},
        {"tensor": 4},
        "published log (id 53663890374)",
    ),
    PoolFigure(
        "whisper-large-v3",
        "l4",
        "0.21.0",
        16.9,
        448,
        {"tokens": 19881, "concurrency": 44.38},
        {},
        "published log (id 66581250172), whose release is not told",
    ),
)

TOLERANCE = {"weights": 0.016, "activation": 0.1, "cache": 0.09, "tokens": 0.02, "concurrency": 0.02, "non-torch": 1.0}
POOL_TOLERANCE = 0.013
TOLERANCE_GIB = 0.1
"""What is below a tenth of a GiB is right anyway."""


def question_of(figure: Figure) -> Question:
    settings = Settings(**figure.settings)
    return Question(
        model=figure.model,
        gpu=figure.gpu,
        gpu_total_gib=figure.total,
        engine=f"vllm=={figure.engine}",
        settings=settings,
    )


def reckoned(sizing: Sizing) -> Mapping[str, float]:
    return {
        "weights": sizing.memory.weights.point,
        "activation": sizing.memory.activation.point,
        "non-torch": sizing.memory.non_torch.point,
        "cache": sizing.memory.cache.point,
        "tokens": sizing.cache.tokens.point,
        "concurrency": sizing.cache.concurrency.point,
    }


def sized(figure: Figure, table: ArchitectureTable) -> Sizing:
    found = answer(question_of(figure), table).value
    assert found is not None, figure.model
    return found


def pool_values(figure: PoolFigure, table: ArchitectureTable) -> Mapping[str, float]:
    """What the engine prints when it has `available` GiB for the cache."""
    architecture = table.find(figure.model)
    gpu = answer(Question(model=figure.model, gpu=figure.gpu, engine=f"vllm=={figure.engine}"), table).value
    assert architecture is not None
    assert gpu is not None
    from opsdecl.sizing.assess import gpu_of

    found = gpu_of(table.gpu(figure.gpu))
    assert found is not None
    settings = Settings(max_model_len=figure.length, **figure.settings)
    request = Request(architecture, found, settings.tensor, figure.engine, settings)
    rules = rules_for(request)
    effective = resolve(request, rules)
    pool = tightest(request, rules, effective).pool
    available = figure.available * GIB
    blocks = pool.blocks(available)
    concurrency = printed_concurrency(pool, rules, blocks, figure.length)
    return {
        "blocks": blocks,
        "block": pool.block,
        "tokens": printed_tokens(pool, rules, blocks, blocks / pool.blocks_for(figure.length), figure.length),
        "concurrency": concurrency,
        "needed": needed(pool, rules, figure.length) / GIB,
        "longest": largest_that_fits(pool, rules, available, figure.length),
    }


def rows(table: ArchitectureTable) -> Iterator[str]:
    yield "| start | figure | printed | reckoned | error | source |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for figure in FIGURES:
        values = reckoned(sized(figure, table))
        for name, printed in figure.printed.items():
            yield _row(
                f"{figure.model}, {figure.gpu}{_parallel(figure.settings)}, {figure.engine}",
                name,
                printed,
                values[name],
                figure.source,
            )
    for pool in POOLS:
        values = pool_values(pool, table)
        for name, printed in pool.printed.items():
            start = f"{pool.model}, {pool.available:.2f} GiB{_parallel(pool.settings)}, {pool.engine}"
            yield _row(start, name, printed, values[name], pool.source)


def _parallel(settings: Mapping[str, Any]) -> str:
    return f" × {settings['tensor']}" if "tensor" in settings else ""


def _row(start: str, name: str, printed: float, value: float, source: str) -> str:
    shown = "{:,.0f}" if printed >= 1000 else "{:.2f}"
    cells = (start, name, shown.format(printed), shown.format(value), f"{value / printed - 1:+.1%}", source)
    return f"| {' | '.join(cells)} |"


def with_table(text: str, table: ArchitectureTable) -> str:
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    return "\n".join([f"{before}{START}", *rows(table), f"{END}{after}"])


if __name__ == "__main__":
    DOCUMENT.write_text(with_table(DOCUMENT.read_text("utf-8"), load_architectures()), "utf-8")
