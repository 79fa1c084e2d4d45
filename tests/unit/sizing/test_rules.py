"""Each rule of sizing refuses what the engine would refuse, under its own code."""

from typing import Any

import pytest

from opsdecl.catalog.architecture_table import load_architectures
from opsdecl.catalog.config_reader import architecture_of_config
from opsdecl.flows.size import Question, answer
from opsdecl.sizing.types import Settings

TABLE = load_architectures()


def codes_of(model: str, gpu: str, quantization: str = "", count: int = 1, **settings: Any) -> list[str]:
    question = Question(
        model=model,
        gpu=gpu,
        gpu_count=count,
        engine="vllm==0.15.1",
        quantization=quantization,
        settings=Settings(**settings),
    )
    found = answer(question, TABLE)
    return [d.code.id for d in (*found.diagnostics, *(found.value.findings if found.value else ()))]


@pytest.mark.parametrize(
    ("code", "model", "gpu", "settings"),
    [
        ("OD753", "gpt-oss-20b", "h100-80gb", {"tensor": 6, "count": 6}),
        ("OD754", "llama-3.1-8b-instruct", "h100-80gb", {"tensor": 3, "count": 3}),
        ("OD759", "llama-3.1-8b-instruct", "h100-80gb", {"tensor": 4, "count": 2}),
        ("OD764", "llama-3.1-8b-instruct", "h100-80gb", {"quantization": "torchao"}),
        ("OD765", "qwen2.5-0.5b", "l4", {"utilization": 0.98, "max_model_len": 1024}),
    ],
)
def test_a_rule_has_its_code(code: str, model: str, gpu: str, settings: dict[str, Any]) -> None:
    assert code in codes_of(model, gpu, **settings)


def test_a_configuration_that_lacks_its_shape_is_refused() -> None:
    found = architecture_of_config({"model_type": "llama"}, {}, "mine")
    assert found.value is None
    assert [d.code.id for d in found.diagnostics] == ["OD750"]
