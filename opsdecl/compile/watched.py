"""What a Monitor knows of the models that it watches: their objectives, their engine, and the names of its metrics."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from opsdecl.catalog import engines
from opsdecl.compile.roles import PREFILL
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import SpecPath
from opsdecl.spec.kinds.serving import Slo
from opsdecl.spec.types import Json

WATCHED_KINDS = frozenset(("LLM", "Model"))


class Requests(Struct, frozen=True):
    """Counters of answered requests: all of them, and those that the server failed. Each is a metric with matchers."""

    all: tuple[tuple[str, str], ...]
    failed: tuple[tuple[str, str], ...]


class Signals(Struct, frozen=True):
    """The metrics of one engine in one release, by what they tell; empty where it has none. Latencies are histograms in
    seconds; each series is `metric` and matchers."""

    port: str
    requests: Requests
    ttft: tuple[str, str] = ("", "")
    inter_token_latency: tuple[str, str] = ("", "")
    latency: tuple[str, str] = ("", "")
    running: str = ""
    waiting: str = ""
    cache: str = ""
    prompt_tokens: str = ""
    generation_tokens: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Of all its metrics."""
        series = (*self.requests.all, *self.requests.failed, self.ttft, self.inter_token_latency, self.latency)
        plain = (self.running, self.waiting, self.cache, self.prompt_tokens, self.generation_tokens)
        return tuple(sorted({name for name in (*(metric for metric, _ in series), *plain) if name}))

    def latency_of(self, objective: str) -> tuple[str, str]:
        """Of `ttft`, `interTokenLatency` or `latency`, as objectives are written."""
        found = {"ttft": self.ttft, "interTokenLatency": self.inter_token_latency, "latency": self.latency}
        return found[objective]


def is_watched(monitor: CompiledDocument, document: CompiledDocument) -> bool:
    """Whether a Monitor that refers to a document watches it: by name, or by labels. A judge it only asks."""
    watch, address = monitor.effective["spec"]["watch"], document.address
    named = watch.get({"LLM": "llms", "Model": "models"}.get(address.kind, ""), ())
    labels, own = watch.get("labels", {}), document.effective["metadata"].get("labels", {})
    chosen = bool(labels) and all(own.get(name) == value for name, value in labels.items())
    return address.kind in WATCHED_KINDS and (address.name in named or chosen)


def watched_facts(document: CompiledDocument) -> Mapping[str, Json]:
    """The part of a model that decides what its Monitor is rendered to. Beside the objectives no name is that of a
    field of the model, so that a plan does not call it a change of the model."""
    metadata, spec = document.effective["metadata"], document.effective["spec"]
    engine, version = engine_of(document)
    signals = signals_of(engine, version)
    # The names rather than the version, which most often changes none of them.
    metrics = list(signals.names) if signals is not None else []
    split = {"split": True} if spec.get(PREFILL) else {}
    served = {"namespace": metadata["namespace"], "engine": engine, "metrics": metrics, **split}
    if spec.get("guardrails"):
        served["guarded"] = True
    if (spec.get("explain") or {}).get("explainer"):
        served["explained"] = True
    if spec.get("transformer"):
        served["transformed"] = True
    return {"served": served, **({"slo": spec["slo"]} if "slo" in spec else {})}


def engine_of(document: CompiledDocument) -> tuple[str, str]:
    """Name and version of the engine; a custom image has no version."""
    runtime: Mapping[str, Any] = document.effective.get("runtime", {})
    return str(runtime.get("engine", "custom")), str(runtime.get("version", ""))


def signals_of(engine: str, version: str) -> Signals | None:
    """None for engines of which no metrics are known."""
    make = {"vllm": _vllm, "sglang": _sglang, "triton": _triton, "mlserver": _mlserver}.get(engine)
    return make(frozenset(engines.known_metrics(engine, version))) if make else None


def _first(known: frozenset[str], *names: str) -> str:
    """The name that this release uses."""
    return next((name for name in names if name in known), "")


def _vllm(known: frozenset[str]) -> Signals:
    asked = 'handler=~"/v1/.*"'
    count = "http_requests_total"
    per_token = _first(known, "vllm:inter_token_latency_seconds", "vllm:time_per_output_token_seconds")
    return Signals(
        port="http",
        requests=Requests(((count, asked),), ((count, f'{asked},status="5xx"'),)),
        ttft=(_first(known, "vllm:time_to_first_token_seconds"), ""),
        inter_token_latency=(per_token, ""),
        latency=(_first(known, "vllm:e2e_request_latency_seconds"), ""),
        running=_first(known, "vllm:num_requests_running"),
        waiting=_first(known, "vllm:num_requests_waiting"),
        cache=_first(known, "vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc"),
        prompt_tokens=_first(known, "vllm:prompt_tokens_total"),
        generation_tokens=_first(known, "vllm:generation_tokens_total"),
    )


def _sglang(known: frozenset[str]) -> Signals:
    answered = "sglang:http_responses_total"
    asked = 'endpoint=~"/v1/.*|/generate"'
    return Signals(
        port="http",
        requests=Requests(((answered, asked),), ((answered, f'{asked},status_code=~"5.."'),)),
        ttft=(_first(known, "sglang:time_to_first_token_seconds"), ""),
        inter_token_latency=(_first(known, "sglang:inter_token_latency_seconds"), ""),
        latency=(_first(known, "sglang:e2e_request_latency_seconds"), ""),
        running=_first(known, "sglang:num_running_reqs"),
        waiting=_first(known, "sglang:num_queue_reqs"),
        cache=_first(known, "sglang:token_usage"),
        prompt_tokens=_first(known, "sglang:prompt_tokens_total"),
        generation_tokens=_first(known, "sglang:generation_tokens_total"),
    )


def _triton(known: frozenset[str]) -> Signals:
    """Of latency Triton counts a sum only, of which no percentile can be told."""
    failed = ("nv_inference_request_failure", "")
    return Signals(port="metrics", requests=Requests((("nv_inference_request_success", ""), failed), (failed,)))


def _mlserver(known: frozenset[str]) -> Signals:
    count, asked = "rest_server_requests_total", 'path=~".*/infer"'
    return Signals(
        port="metrics",
        requests=Requests(((count, asked),), ((count, f'{asked},status_code=~"5.."'),)),
        latency=("rest_server_request_duration_seconds", asked),
    )


def offers(document: CompiledDocument, metric: str) -> bool:
    """Whether the model's engine or server has the metric, or a series of a histogram or summary of that name."""
    return base_metric(metric, *engine_of(document)) is not None


def base_metric(metric: str, engine: str, version: str) -> str | None:
    """The metric as it is known: `x` of `x_count` and `x_sum` where `x` is a histogram or summary; None if unknown."""
    known = engines.known_metrics(engine, version)
    if metric in known:
        return metric
    for suffix in ("_bucket", "_count", "_sum"):
        base = metric.removesuffix(suffix)
        if base != metric and base in known and known[base].type in ("histogram", "summary"):
            return base
    return None


def objectives_in(fallback: Slo | None, document: CompiledDocument, root: str) -> tuple[tuple[Slo, SpecPath], ...]:
    """The promises about a model with their paths in the Monitor's effective tree: the model's own, and of the
    Monitor's those of which it says nothing."""
    own: Slo | None = document.model.spec.slo
    found: list[tuple[Slo, SpecPath]] = [(own, (root, "slo"))] if own is not None else []
    if fallback is not None:
        said = own.model_fields_set if own is not None else frozenset()
        rest = {name: value for name, value in fallback if name not in said and value is not None}
        if rest:
            found.append((Slo.model_construct(**rest), ("spec", "objectives", "slo")))
    return tuple(found)
