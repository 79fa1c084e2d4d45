"""What people see: verdicts, rules, remedies, the JSON, and what changes between releases."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from opsdecl.catalog.architecture_table import load_architectures
from opsdecl.cli.main import run
from opsdecl.flows.size import Question, answer
from opsdecl.sizing.engines import parse_version
from opsdecl.sizing.served import settings_of
from opsdecl.sizing.types import Settings, Sizing
from opsdecl.view.size import render_sizing, sizing_json

ROOT = Path(__file__).resolve().parents[3]
TABLE = load_architectures()


def size_of(model: str, gpu: str, engine: str = "vllm==0.15.1", quantization: str = "", **settings: Any) -> Sizing:
    question = Question(model=model, gpu=gpu, engine=engine, quantization=quantization, settings=Settings(**settings))
    found = answer(question, TABLE)
    assert found.value is not None, found.diagnostics
    return found.value


def codes(sizing: Sizing) -> list[str]:
    return [finding.code.id for finding in sizing.findings]


@pytest.mark.parametrize(
    ("model", "good", "hopeless", "settings"),
    [
        ("llama-3.1-8b-instruct", "l40s", "t4", {"max_model_len": 32768}),
        ("llama-3.1-70b-instruct", "h200-141gb", "l4", {"tensor": 2, "max_model_len": 32768}),
        ("qwen3-32b", "h200-141gb", "l40s", {"max_model_len": 32768}),
        ("gpt-oss-120b", "h200-141gb", "l40s", {}),
        ("deepseek-v3", "h200-141gb", "a100-80gb", {"tensor": 8, "max_model_len": 32768}),
        ("qwen3-next-80b-a3b", "h200-141gb", "l40s", {"tensor": 2}),
    ],
)
def test_sensible_and_hopeless_gpus(model: str, good: str, hopeless: str, settings: dict[str, Any]) -> None:
    assert size_of(model, good, **settings).verdict == "fits"
    refused = size_of(model, hopeless, **settings)
    assert refused.verdict == "does-not-fit"
    assert "OD757" in codes(refused) or "OD756" in codes(refused)


def test_a_refusal_needs_the_optimistic_end_not_to_fit() -> None:
    tight = size_of("gpt-oss-120b", "a100-80gb", "vllm==0.10.1")
    needed = tight.cache.needed_gib
    assert tight.memory.cache.low < needed <= tight.memory.cache.high
    assert tight.verdict == "tight"
    assert "OD758" in codes(tight)


def test_the_largest_length_fits_and_one_more_does_not() -> None:
    first = size_of("llama-3.1-8b-instruct", "l4")
    longest = int(first.largest.point)
    assert 0 < longest < 131072
    at = size_of("llama-3.1-8b-instruct", "l4", max_model_len=longest)
    beyond = size_of("llama-3.1-8b-instruct", "l4", max_model_len=longest + 16)
    assert at.cache.needed_gib <= at.memory.cache.point < beyond.cache.needed_gib


def test_remedies_fit_when_they_are_asked_for() -> None:
    refused = size_of("llama-3.1-70b-instruct", "h100-80gb", max_model_len=32768)
    by_change = {remedy.change: remedy for remedy in refused.remedies}
    assert size_of("llama-3.1-70b-instruct", "a100-80gb", tensor=4, max_model_len=32768).verdict == "fits"
    assert by_change["4 × a100-80gb, tensor-parallel 4"].gpus == 4
    fp8 = size_of("llama-3.1-70b-instruct", "h200-141gb", quantization="fp8", max_model_len=32768)
    assert fp8.verdict == "fits"
    assert by_change["one h200-141gb, fp8 weights"].tokens == int(fp8.cache.tokens.point)


def test_remedies_begin_with_what_costs_nothing() -> None:
    refused = size_of("qwen3-8b", "l4", max_model_len=40960)
    assert refused.verdict != "fits"
    assert refused.remedies[0].cost == "free"
    assert refused.remedies[0].change.startswith("max-model-len")


@pytest.mark.parametrize(
    ("model", "settings", "code"),
    [
        ("qwen2.5-7b-instruct", {"tensor": 8}, "OD752"),
        ("llama-3.1-8b-instruct", {"tensor": 6}, "OD752"),
        ("Qwen/Qwen3-235B-A22B-FP8", {"tensor": 8}, "OD755"),
        ("Qwen/Qwen2.5-72B-Instruct-AWQ", {"tensor": 8}, "OD755"),
        ("llama-3.1-8b-instruct", {"max_model_len": 262144}, "OD761"),
        ("llama-3.1-8b-instruct", {"utilization": 0.999}, "OD760"),
    ],
)
def test_rules_are_findings(model: str, settings: dict[str, Any], code: str) -> None:
    assert code in codes(size_of(model, "h100-80gb", **settings))


def test_expert_parallelism_lifts_the_rule_about_blocks() -> None:
    assert "OD755" not in codes(size_of("Qwen/Qwen3-235B-A22B-FP8", "h200", tensor=8, expert=True))


def test_the_rule_about_heads_names_sizes_that_work() -> None:
    finding = next(f for f in size_of("qwen2.5-7b-instruct", "h100", tensor=8).findings if f.code.id == "OD752")
    assert finding.hint == "tensor-parallel sizes that work: 1, 2, 4"


def test_formats_against_capability() -> None:
    assert "OD756" in codes(size_of("gpt-oss-20b", "t4"))
    assert "OD756" in codes(size_of("qwen3-0.6b", "t4", dtype="bfloat16"))
    assert size_of("qwen3-0.6b", "t4").effective.dtype == "float16"


def test_slices_hold_what_they_hold() -> None:
    assert size_of("qwen3-8b", "a100-80gb:3g.40gb", max_model_len=8192).verdict == "fits"
    assert "OD762" in codes(size_of("qwen3-8b", "a100-80gb:3g.40gb", tensor=2))


def test_releases_differ_where_the_engine_differs() -> None:
    old = size_of("llama-3.1-8b-instruct", "h100", "vllm==0.10.0")
    new = size_of("llama-3.1-8b-instruct", "h100", "vllm==0.24.0")
    assert (old.effective.utilization, new.effective.utilization) == (0.9, 0.92)
    assert old.memory.activation.point > new.memory.activation.point
    assert size_of("llama-3.1-8b-instruct", "t4", "vllm==0.8.5").effective.generation == "v0"
    assert size_of("llama-3.1-8b-instruct", "l4", "vllm==0.8.5").effective.generation == "v1"
    flat = size_of("gemma-3-27b-it", "h100", "vllm==0.8.5", max_model_len=32768)
    grouped = size_of("gemma-3-27b-it", "h100", "vllm==0.10.0", max_model_len=32768)
    assert grouped.cache.needed_gib < flat.cache.needed_gib / 2


def test_graphs_leave_the_budget_with_eager_mode() -> None:
    graphs = size_of("qwen3-8b", "l40s", "vllm==0.21.0")
    eager = size_of("qwen3-8b", "l40s", "vllm==0.21.0", enforce_eager=True)
    assert eager.memory.cache.point - graphs.memory.cache.point == pytest.approx(graphs.memory.graphs.point)


@pytest.mark.parametrize(
    ("model", "release", "counted"),
    [
        ("qwen3-8b", "0.21.0", True),
        ("qwen3-8b", "0.22.1", False),
        ("Qwen/Qwen3-8B-AWQ", "0.22.1", True),
        ("Qwen/Qwen3-8B-AWQ", "0.24.0", False),
        ("llama-3.1-8b-instruct", "0.22.1", True),
        ("llama-3.1-8b-instruct", "0.23.0", False),
        ("gpt-oss-20b", "0.28.0", True),
        ("qwen3.5-9b", "0.28.0", True),
        ("phi-4", "0.25.1", False),
        ("qwen3-8b", "0.29.0", True),
        ("gpt-oss-20b", "0.29.0", True),
    ],
)
def test_the_second_model_runner_counts_no_graphs_until_029(model: str, release: str, counted: bool) -> None:
    graphs = size_of(model, "h100", f"vllm=={release}")
    eager = size_of(model, "h100", f"vllm=={release}", enforce_eager=True)
    assert (eager.memory.cache.point > graphs.memory.cache.point) == counted


def test_an_8_bit_cache_holds_twice_as_much() -> None:
    plain, small = (size_of("qwen3-8b", "h100", kv_cache_dtype=kind) for kind in ("auto", "fp8"))
    assert small.cache.bytes_per_token * 2 == plain.cache.bytes_per_token
    assert small.cache.tokens.point == pytest.approx(2 * plain.cache.tokens.point, rel=0.001)


def test_pipelines_share_layers_and_the_fullest_stage_decides() -> None:
    whole = size_of("llama-3.1-70b-instruct", "h100", pipeline=2, max_model_len=8192)
    assert whole.memory.weights.point == pytest.approx(131.4 / 2, rel=0.02)


def test_latent_attention_is_not_divided() -> None:
    one, eight = (size_of("deepseek-v2-lite", "h100", tensor=size, max_model_len=8192) for size in (1, 8))
    assert one.cache.bytes_per_token == eight.cache.bytes_per_token == 27 * 1152


def test_unknown_models_gpus_and_engines_are_said() -> None:
    found = answer(Question(model="lama-3.1-8b-instruct", gpu="h100"), TABLE)
    assert found.value is None
    assert "llama-3.1-8b-instruct" in found.diagnostics[0].hint
    assert answer(Question(model="qwen3-8b", gpu="h1000"), TABLE).value is None
    assert "OD763" in codes(size_of("qwen3-8b", "h100", "vllm==latest"))
    refused = answer(Question(model="qwen3-8b", gpu="h100", engine="sglang==0.5.23"), TABLE)
    assert refused.value is None
    assert refused.diagnostics[0].message == "engine sglang is not sized"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("vllm==0.10.1.1", (0, 10, 1)),
        ("0.8.5.post1", (0, 8, 5)),
        ("v0.33.0", (0, 33, 0)),
        ("vllm==0.11.0rc1", (0, 11, 0)),
    ],
)
def test_versions(text: str, version: tuple[int, int, int]) -> None:
    assert parse_version(text) == version


def test_the_json_is_what_its_schema_says(jsonschema: Any) -> None:
    schema = json.loads((ROOT / "schemas" / "size.schema.json").read_text("utf-8"))
    for sizing in (size_of("qwen3-8b", "l40s"), size_of("llama-3.1-70b-instruct", "l4")):
        jsonschema.validate(sizing_json(sizing), schema)
    broken = sizing_json(size_of("qwen3-8b", "l40s")) | {"verdict": "perhaps"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema)


def test_the_text_says_the_verdict_first() -> None:
    assert render_sizing(size_of("llama-3.1-70b-instruct", "h100-80gb")).startswith("does not fit")


def test_settings_of_a_document_come_from_fields_then_flags() -> None:
    spec = {"engine": {"maxModelLen": 8192, "args": {"max-num-seqs": 64}}, "parallelism": {"tensor": 2}}
    found = settings_of(spec, {"args": {"gpu-memory-utilization": 0.8, "max-num-seqs": 16}})
    assert found == replace(Settings(), tensor=2, max_model_len=8192, max_num_seqs=64, utilization=0.8)


def test_the_command_line_prints_json_for_a_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = dict(TABLE.catalog.configs["qwen3-8b"])
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    argv = ["-C", str(tmp_path), "size", "--config", "config.json", "--gpu", "l40s", "--engine", "vllm==0.15.1"]
    assert run([*argv, "--max-model-len", "8K", "--format", "json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["maxModelLen"]["requested"] == 8192
    assert printed["perGpu"]["weightsGiB"] == pytest.approx(15.27, rel=0.01)
    assert printed["verdict"] == "fits"


def test_the_command_line_refuses_what_it_cannot_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.json").write_text("[1, 2", encoding="utf-8")
    assert run(["-C", str(tmp_path), "size", "--config", "config.json", "--gpu", "l40s"]) == 64
    assert "not JSON" in capsys.readouterr().err
    assert run(["-C", str(tmp_path), "size", "--model", "qwen3-8b"]) == 64


def test_models_with_states_need_a_block_for_each_sequence() -> None:
    many = size_of("Qwen/Qwen3.6-27B-FP8", "l40s", "vllm==0.24.0", max_num_seqs=1024, max_model_len=32768)
    few = size_of("Qwen/Qwen3.6-27B-FP8", "l40s", "vllm==0.24.0", max_num_seqs=16, max_model_len=32768)
    assert (many.verdict, few.verdict) == ("does-not-fit", "fits")
    assert "states and 1024 sequences" in many.findings[-1].message
    assert any(remedy.change.startswith("max-num-seqs") for remedy in many.remedies)


def test_auto_takes_the_longest_that_fits(capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["size", "--model", "llama-3.1-8b-instruct", "--gpu", "l4", "--max-model-len", "auto", "--format", "json"]
    assert run(argv) == 0
    lengths = json.loads(capsys.readouterr().out)["maxModelLen"]
    assert 8192 < lengths["requested"] == lengths["largestThatFits"] < 131072


def test_an_environment_is_a_table_of_its_models(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-C", str(ROOT), "size", "--env", "prod", "--format", "json"]) == 0
    models = json.loads(capsys.readouterr().out)["models"]
    assert "LLM.assistant" in [model["address"] for model in models]
    assert all(model["size"] or model["reason"] for model in models)
    assert run(["-C", str(ROOT), "size", "--env", "prod"]) == 0
    assert "LLM.assistant" in capsys.readouterr().out
