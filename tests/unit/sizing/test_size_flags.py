"""Options of `size` that the release of the engine would refuse are refused, as in documents."""

import json
from pathlib import Path
from typing import Any

import pytest

from opsdecl.catalog.architecture_table import load_architectures
from opsdecl.cli.exits import Exit
from opsdecl.cli.main import run
from opsdecl.diag import Diagnostic, has_errors
from opsdecl.flows.size import Question, answer
from opsdecl.sizing.engines import engine_and_version
from opsdecl.sizing.types import Settings, Sizing

TABLE = load_architectures()


def found(engine: str, quantization: str = "", **settings: Any) -> tuple[Sizing | None, tuple[Diagnostic, ...]]:
    asked = Question(
        "qwen3-8b", gpu="h100-80gb", engine=engine, quantization=quantization, settings=Settings(**settings)
    )
    answered = answer(asked, TABLE)
    return answered.value, answered.value.findings if answered.value else answered.diagnostics


@pytest.mark.parametrize(
    ("engine", "settings", "code", "message", "hint"),
    [
        ("0.33.0", {"dtype": "float99"}, "OD716", "has no `float99` for `--dtype`", "did you mean `float`"),
        ("0.33.0", {"kv_cache_dtype": "foo"}, "OD716", "has no `foo` for `--kv-cache-dtype`", "use one of: auto"),
        ("0.15.1", {"kv_cache_dtype": "nvfp4"}, "OD716", "has no `nvfp4` for `--kv-cache-dtype`", "use one of: auto"),
        ("0.15.1", {"block_size": 7}, "OD716", "has no `7` for `--block-size`", "1, 8, 16, 32, 64, 128, 256"),
        ("0.33.0", {"block_size": 7}, "OD716", "`--block-size` of 7", "a multiple of 16"),
        ("0.33.0", {"quantization": "foo4"}, "OD716", "has no `foo4` for `--quantization`", "use one of: auto_awq"),
        ("0.7.3", {"expert": True}, "OD713", "vLLM 0.7.3 cannot do `--expert-parallel`", "raise --engine to 0.8.0"),
    ],
)
def test_what_the_release_refuses_has_no_answer(
    engine: str, settings: dict[str, Any], code: str, message: str, hint: str
) -> None:
    sizing, findings = found(f"vllm=={engine}", **settings)
    assert sizing is None
    (finding,) = findings
    assert finding.code.id == code
    assert message in finding.message
    assert hint in finding.hint
    assert finding.at is None


@pytest.mark.parametrize(
    ("engine", "settings"),
    [
        ("0.33.0", {"dtype": "bfloat16"}),
        ("0.33.0", {"kv_cache_dtype": "fp8_e5m2"}),
        ("0.33.0", {"block_size": 48}),
        ("0.15.1", {"block_size": 256}),
        ("0.8.5", {"expert": True, "tensor": 2}),
        ("0.33.0", {"quantization": "auto_awq"}),
    ],
)
def test_what_the_release_takes_is_answered(engine: str, settings: dict[str, Any]) -> None:
    sizing, findings = found(f"vllm=={engine}", **settings)
    assert sizing is not None
    assert not has_errors(findings)


@pytest.mark.parametrize("width", ["w4a16", "nvfp4", "bnb"])
def test_a_width_is_an_answer_where_no_loader_has_its_name(width: str) -> None:
    sizing, findings = found("vllm==0.7.3", width)
    assert sizing is not None
    assert "OD716" not in [finding.code.id for finding in findings]


def test_a_release_that_was_not_read_is_compared_with_the_nearest() -> None:
    sizing, findings = found("vllm==9.9.9", kv_cache_dtype="new_in_9")
    assert sizing is not None
    shown = {finding.code.id: finding for finding in findings}
    assert "vLLM 9.9.9 is newer than every release whose flags are known" in shown["OD710"].message
    assert shown["OD716"].severity.word == "warning"
    assert "OD763" in shown


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("vllm==0.15.1", ("vllm", "0.15.1")),
        ("v0.15.1", ("vllm", "v0.15.1")),
        ("SGLang = 0.5.23", ("sglang", "0.5.23")),
        ("tgi", ("tgi", "")),
    ],
)
def test_an_engine_is_a_name_and_a_version(text: str, parts: tuple[str, str]) -> None:
    assert engine_and_version(text) == parts


def test_a_draft_model_is_an_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["-C", str(tmp_path), "size", "--model", "llama-3.1-70b-instruct", "--gpu", "h200", "-tp", "2"]
    drafted = {"model": "meta-llama/Llama-3.2-1B-Instruct", "num_speculative_tokens": 3}
    printed = []
    for more in ([], ["--speculative-config", json.dumps(drafted)]):
        assert run([*argv, *more, "--format", "json"]) == 0
        printed.append(json.loads(capsys.readouterr().out))
    assert printed[1]["perGpu"]["weightsGiB"] - printed[0]["perGpu"]["weightsGiB"] == pytest.approx(1.15, rel=0.05)
    assert run([*argv, "--speculative-config", '{"model": "acme/unknown"}']) == Exit.FAILED
    assert "the shape of its draft model `acme/unknown` is not known" in capsys.readouterr().err
    assert run([*argv, "--speculative-config", "{"]) == Exit.USAGE
