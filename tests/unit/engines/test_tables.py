"""The shipped tables against what is published about those releases; and the questions that they answer."""

import subprocess
import sys
from typing import Any

import pytest
from yaml import CSafeLoader, load

from opsdecl._data import engine_table
from opsdecl.catalog import engines
from opsdecl.catalog.engine_types import FlagFacts, Gone, NotYet, Unknown

NEWEST = "0.33.0"
FLAGS_0_33 = (
    "served-model-name dtype max-model-len gpu-memory-utilization kv-cache-memory-bytes kv-cache-dtype block-size "
    "kv-cache-dtype-skip-layers enable-prefix-caching enable-chunked-prefill max-num-batched-tokens max-num-seqs "
    "max-num-active-seqs max-num-queued-reqs max-num-queued-tokens tensor-parallel-size pipeline-parallel-size "
    "data-parallel-size data-parallel-size-local data-parallel-hybrid-lb data-parallel-external-lb nnodes node-rank "
    "decode-context-parallel-size prefill-context-parallel-size enable-expert-parallel enable-eplb master-addr "
    "master-port distributed-executor-backend quantization quantization-config load-format enforce-eager "
    "compilation-config max-cudagraph-capture-size attention-backend moe-backend performance-mode enable-lora "
    "max-loras max-lora-rank max-cpu-loras lora-modules fully-sharded-loras speculative-config spec-method spec-model "
    "spec-tokens kv-transfer-config kv-offloading-size kv-offloading-backend limit-mm-per-prompt tool-call-parser "
    "reasoning-parser enable-auto-tool-choice api-key ssl-certfile ssl-keyfile disable-access-log-for-endpoints "
    "shutdown-timeout otlp-traces-endpoint enable-sleep-mode optimization-level enable-log-requests hf-overrides"
)
METRICS_0_33 = (
    "num_requests_running num_requests_waiting num_requests_waiting_by_reason kv_cache_usage_perc "
    "time_to_first_token_seconds inter_token_latency_seconds request_time_per_output_token_seconds "
    "e2e_request_latency_seconds request_queue_time_seconds request_prefill_time_seconds request_decode_time_seconds "
    "request_inference_time_seconds prompt_tokens_total generation_tokens_total prompt_tokens_cached_total "
    "prefix_cache_queries_total prefix_cache_hits_total external_prefix_cache_queries_total "
    "external_prefix_cache_hits_total num_preemptions_total request_success_total iteration_tokens_total "
    "request_prompt_tokens request_generation_tokens lora_requests_info cache_config_info engine_sleep_state "
    "admission_rejections_total spec_decode_num_accepted_tokens_per_pos_total estimated_flops_per_gpu_total"
)
SGLANG_FLAGS = (
    "model-path tp-size pp-size dp-size ep-size mem-fraction-static context-length max-running-requests "
    "max-total-tokens chunked-prefill-size kv-cache-dtype quantization served-model-name enable-lora lora-paths "
    "max-lora-rank max-loras-per-batch disable-radix-cache speculative-algorithm enable-metrics"
)
SGLANG_METRICS = (
    "num_running_reqs num_queue_reqs token_usage full_token_usage cache_hit_rate gen_throughput "
    "time_to_first_token_seconds inter_token_latency_seconds e2e_request_latency_seconds generation_tokens_total "
    "prompt_tokens_total max_total_num_tokens kv_used_tokens kv_available_tokens"
)


def facts(version: str, name: str) -> FlagFacts:
    found = engines.flag("vllm", version, name)
    assert isinstance(found, FlagFacts), found
    return found


@pytest.mark.parametrize("name", FLAGS_0_33.split())
def test_flags_of_0_33(name: str) -> None:
    assert name in engines.flags("vllm", NEWEST)


@pytest.mark.parametrize("name", METRICS_0_33.split())
def test_metrics_of_0_33(name: str) -> None:
    assert f"vllm:{name}" in engines.metrics("vllm", NEWEST)


@pytest.mark.parametrize("name", SGLANG_FLAGS.split())
def test_flags_of_sglang(name: str) -> None:
    assert name in engines.flags("sglang", "0.5.23")


@pytest.mark.parametrize("name", SGLANG_METRICS.split())
def test_metrics_of_sglang(name: str) -> None:
    assert f"sglang:{name}" in engines.metrics("sglang", "0.5.23")


@pytest.mark.parametrize(
    ("version", "name", "default"),
    [
        ("0.33.0", "gpu-memory-utilization", 0.92),
        ("0.11.2", "gpu-memory-utilization", 0.9),
        ("0.33.0", "max-loras", 1),
        ("0.33.0", "max-lora-rank", 16),
        ("0.33.0", "dtype", "auto"),
        ("0.33.0", "kv-cache-dtype", "auto"),
        ("0.33.0", "tensor-parallel-size", 1),
        ("0.33.0", "enable-log-requests", False),
        ("0.6.6", "swap-space", 4),
        ("0.6.0", "max-num-seqs", 256),
        ("0.6.0", "block-size", 16),
    ],
)
def test_defaults(version: str, name: str, default: Any) -> None:
    assert facts(version, name).default == default


def test_defaults_that_depend_on_the_device_are_not_made_up() -> None:
    for name in ("max-num-seqs", "max-num-batched-tokens"):
        assert facts(NEWEST, name).default_from == "device"
        assert facts(NEWEST, name).default is None


@pytest.mark.parametrize(
    ("version", "memory_gib", "device", "seqs", "tokens"),
    [
        ("0.33.0", 179.1, "NVIDIA B200", 1024, 16384),
        ("0.33.0", 79.1, "NVIDIA H100 80GB HBM3", 1024, 8192),
        ("0.33.0", 79.3, "NVIDIA A100-SXM4-80GB", 256, 2048),
        ("0.33.0", 44.4, "NVIDIA L40S", 256, 2048),
        ("0.33.0", 119.7, "NVIDIA GB10", 256, 2048),
        ("0.20.0", 179.1, "NVIDIA B200", 1024, 8192),
        ("0.8.5", 79.3, "NVIDIA A100-SXM4-80GB", 1024, 8192),
        ("0.6.0", 79.1, "NVIDIA H100 80GB HBM3", None, None),
    ],
)
def test_defaults_by_device(version: str, memory_gib: float, device: str, seqs: int | None, tokens: int | None) -> None:
    assert engines.device_default("vllm", version, "max-num-seqs", memory_gib, device) == seqs
    assert engines.device_default("vllm", version, "max-num-batched-tokens", memory_gib, device) == tokens


def test_choices_of_0_33() -> None:
    assert facts(NEWEST, "max-lora-rank").choices == (1, 8, 16, 32, 64, 128, 256, 320, 512)
    assert set(facts(NEWEST, "kv-offloading-backend").choices) == {"native", "lmcache"}
    assert not {"bitsandbytes", "gguf"} & set(facts(NEWEST, "quantization").choices)
    assert {"bitsandbytes", "gguf"} <= set(facts("0.10.2", "quantization").choices)
    assert "hermes" in facts(NEWEST, "tool-call-parser").choices
    assert "deepseek_r1" in facts(NEWEST, "reasoning-parser").choices
    assert facts(NEWEST, "max-model-len").type == "size"


@pytest.mark.parametrize(
    ("name", "replacement"),
    [
        ("swap-space", ""),
        ("disable-log-requests", "enable-log-requests"),
        ("num-scheduler-steps", ""),
        ("use-v2-block-manager", ""),
        ("rope-scaling", "hf-overrides"),
        ("enable-reasoning", ""),
        ("guided-decoding-backend", "structured-outputs-config"),
        ("device", ""),
    ],
)
def test_flags_that_0_33_refuses(name: str, replacement: str) -> None:
    found = engines.flag("vllm", NEWEST, name)
    assert isinstance(found, Gone)
    assert found.replaced_by is not None
    assert found.replaced_by.flag == replacement


def test_metrics_that_were_renamed() -> None:
    old, new = "vllm:gpu_cache_usage_perc", "vllm:kv_cache_usage_perc"
    assert old not in engines.metrics("vllm", NEWEST)
    assert old in engines.metrics("vllm", "0.9.0")
    assert new not in engines.metrics("vllm", "0.9.0")
    replaced = engines.metric_replacement("vllm", "vllm:time_per_output_token_seconds")
    assert replaced is not None
    assert replaced.flag == "vllm:inter_token_latency_seconds"
    assert "vllm:time_per_output_token_seconds" not in engines.metrics("vllm", NEWEST)


REPLACED = load(engine_table("replacements.yaml") or b"", CSafeLoader)


@pytest.mark.parametrize("name", sorted(REPLACED["vllm"]["flags"]))
def test_every_replacement_is_true_of_the_tables(name: str) -> None:
    """The old flag is gone, and the new one was there when it went."""
    row, found = REPLACED["vllm"]["flags"][name], engines.flag("vllm", NEWEST, name)
    assert isinstance(found, Gone)
    assert row.get("hint") or row.get("flag")
    assert row["source"].startswith("vllm 0.")
    if "flag" in row:
        assert row["flag"] in engines.flags("vllm", found.removed_in)


@pytest.mark.parametrize("name", sorted(REPLACED["vllm"]["metrics"]))
def test_every_renamed_metric_is_true_of_the_tables(name: str) -> None:
    assert name not in engines.metrics("vllm", NEWEST)
    assert REPLACED["vllm"]["metrics"][name]["metric"] in engines.metrics("vllm", NEWEST)


@pytest.mark.parametrize("engine", sorted(engines.ENGINES))
def test_every_release_says_where_it_is_from(engine: str) -> None:
    for release in engines.sources(engine):
        assert len(release.sha256) == 64
        assert release.archive.startswith(f"{engine}-{release.version}")
        assert release.released > "2024"
        assert len(engines.flags(engine, release.version)) > 100
        assert len(engines.metrics(engine, release.version)) > 20


def test_every_minor_release_from_0_6_to_0_33_was_read() -> None:
    assert {release.version.split(".")[1] for release in engines.sources("vllm")} == {str(n) for n in range(6, 34)}


@pytest.mark.parametrize(
    ("version", "fit", "used"),
    [
        ("0.33.0", "known", "0.33.0"),
        ("v0.33.0", "known", "0.33.0"),
        ("0.33", "known", "0.33.0"),
        ("0.33.0+cu129", "known", "0.33.0"),
        ("0.10.1.1", "between", "0.10.0"),
        ("0.14.0", "between", "0.14.1"),
        ("0.33.2", "between", "0.33.0"),
        ("0.34.0", "newer", "0.33.0"),
        ("0.5.4", "older", "0.6.0"),
    ],
)
def test_how_a_version_stands_to_what_was_read(version: str, fit: str, used: str) -> None:
    found = engines.standing("vllm", version)
    assert (found.fit, found.used) == (fit, used)


def test_between_two_releases_whatever_either_takes_is_taken() -> None:
    assert isinstance(engines.flag("vllm", "0.17.5", "swap-space"), FlagFacts)
    assert set(facts("0.10.1", "quantization").choices) >= {"aqlm", "mxfp4"}
    assert facts("0.8.3", "enable-chunked-prefill").type == "any"
    assert isinstance(engines.flag("vllm", "0.18.1", "swap-space"), Gone)


def test_what_comes_later_and_what_nobody_knows() -> None:
    later = engines.flag("vllm", "0.9.2", "performance-mode")
    assert later == NotYet("performance-mode", "0.17.1")
    assert engines.flag("vllm", NEWEST, "max-lora-rnak") == Unknown("max-lora-rnak", "max-lora-rank")
    assert engines.flag("vllm", NEWEST, "tp") == Unknown("tp", "tensor-parallel-size")


def test_names_as_people_write_them() -> None:
    for name in ("--max_num_seqs", "max-num-seqs", "max_num_seqs"):
        assert facts(NEWEST, name).name == "max-num-seqs"
    assert facts(NEWEST, "device-memory-utilization").name == "gpu-memory-utilization"
    found = engines.flag("sglang", "0.5.23", "tensor-parallel-size")
    assert isinstance(found, FlagFacts)
    assert found.name == "tp-size"


def test_an_engine_without_a_table() -> None:
    assert not engines.has_table("triton")
    with pytest.raises(KeyError):
        engines.flags("triton", "25.09")


def test_a_table_is_read_in_less_than_ten_milliseconds() -> None:
    code = (
        "import time; from opsdecl.catalog import engines; t = time.perf_counter();"
        "engines.flag('vllm', '0.33.0', 'seed'); print(time.perf_counter() - t)"
    )
    runs = (subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(3))
    assert min(float(run.stdout) for run in runs) < 0.01
