"""Speculative decoding: what it loads is counted in weights and cache."""

from typing import Any

import pytest

from opsdecl.catalog.architecture_table import load_architectures
from opsdecl.sizing.assess import request_of
from opsdecl.sizing.budget import size
from opsdecl.sizing.drafting import Drafting, drafting_of
from opsdecl.sizing.served import served_of
from opsdecl.sizing.types import Sizing

TABLE = load_architectures()


def sized(model: str, gpu: str = "h200", **flags: Any) -> Sizing | str:
    spec = {"model": model, "accelerator": {"gpu": gpu, "count": 8}, "parallelism": {"tensor": 8}}
    effective = {"spec": {**spec, "engine": {"args": {name.replace("_", "-"): value for name, value in flags.items()}}}}
    served = served_of({**effective, "runtime": {"engine": "vllm", "version": "0.15.1"}})
    assert not isinstance(served, str)
    request = request_of(served, TABLE)
    return request if isinstance(request, str) else size(request)


@pytest.mark.parametrize(
    ("flags", "drafting"),
    [
        ({}, None),
        ({"speculative-config": {"method": "ngram", "num_speculative_tokens": 4}}, None),
        ({"speculative-config": '{"method": "ngram"}'}, None),
        ({"speculative-config": "{"}, None),
        ({"speculative-model": "[ngram]"}, None),
        ({"speculative-config": {"method": "deepseek_mtp"}}, Drafting("deepseek_mtp", tokens=1)),
        ({"speculative-config": {"method": "mtp", "num_speculative_tokens": 3}}, Drafting("mtp", tokens=3)),
        ({"speculative-config": {"method": "eagle", "num_speculative_tokens": "3"}}, Drafting("eagle")),
        ({"speculative-config": {"method": "eagle3", "model": "acme/eagle"}}, Drafting("eagle3")),
        ({"speculative-config": {"model": "yuhuili/EAGLE-LLaMA3-Instruct-8B"}}, Drafting("eagle")),
        ({"speculative-config": '{"model": "acme/small"}'}, Drafting("draft_model", "acme/small")),
        ({"speculative-model": "acme/small"}, Drafting("draft_model", "acme/small")),
    ],
)
def test_flags_say_what_is_loaded_besides(flags: dict[str, Any], drafting: Drafting | None) -> None:
    assert drafting_of(flags) == drafting


def test_a_draft_model_takes_its_weights_and_a_cache_of_its_own() -> None:
    plain = sized("llama-3.3-70b-instruct")
    drafted = sized("llama-3.3-70b-instruct", speculative_config={"model": "meta-llama/Llama-3.2-1B-Instruct"})
    assert isinstance(plain, Sizing)
    assert isinstance(drafted, Sizing)
    assert drafted.memory.weights.point - plain.memory.weights.point == pytest.approx(2.302 / 8, rel=0.1)
    assert drafted.cache.bytes_per_token - plain.cache.bytes_per_token == 16 * 2 * 64 * 2


def test_a_layer_for_drafting_is_one_more_layer() -> None:
    plain, drafted = sized("deepseek-v3"), sized("deepseek-v3", speculative_config={"method": "deepseek_mtp"})
    assert isinstance(plain, Sizing)
    assert isinstance(drafted, Sizing)
    assert 1.0 < drafted.memory.weights.point - plain.memory.weights.point < 2.0
    assert drafted.cache.bytes_per_token > plain.cache.bytes_per_token


def test_a_draft_model_of_unknown_shape_is_not_guessed() -> None:
    found = sized("llama-3.3-70b-instruct", speculative_config={"model": "acme/unheard-of"})
    assert found == "the shape of its draft model `acme/unheard-of` is not known"


def test_a_model_on_sglang_is_not_sized_and_says_so() -> None:
    spec = {"model": "qwen3-8b", "accelerator": {"gpu": "l40s", "count": 1}}
    assert (
        served_of({"spec": spec, "runtime": {"engine": "sglang", "version": "0.5.23"}}) == "engine sglang is not sized"
    )
