"""Models on four engines with Monitors, and what these are rendered to."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from opsdecl.render.types import Manifest
from opsdecl.spec.source import MemoryTree
from tests.support.literate import MINIMAL_PROJECT
from tests.support.project import built

PROJECT = {
    **MINIMAL_PROJECT,
    "environments/dev/environment.yaml": MINIMAL_PROJECT["environments/dev/environment.yaml"]
    + "  platform: {monitoring: prometheus-operator}\n",
    "environments/base/runtimes.yaml": """\
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: recent}
spec: {engine: vllm, version: "0.33.0", image: vllm/vllm-openai:v0.33.0}
---
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: sglang}
spec: {engine: sglang, version: 0.5.23, image: lmsysorg/sglang:v0.5.23, args: {enable-metrics: true}}
---
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: mlserver}
spec: {engine: mlserver, version: 1.7.1, image: seldonio/mlserver:1.7.1}
---
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: triton}
spec: {engine: triton, version: "25.09", image: nvidia/tritonserver:25.09-py3}
""",
    "environments/dev/models.yaml": """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat, owner: team-a}
spec:
  model: phi-4
  runtime: recent
  accelerator: {gpu: h100-80gb}
  slo:
    availability: 99.9%
    ttft: {p95: 800ms}
    interTokenLatency: {p90: 50ms}
    latency: {p99: 20s}
---
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: code, owner: team-a}
spec: {model: phi-4, runtime: sglang, accelerator: {gpu: h100-80gb}, slo: {availability: 99.9%, ttft: {p95: 800ms}}}
---
apiVersion: opsdecl.dev/v1
kind: Model
metadata: {name: fraud, owner: team-b}
spec:
  format: xgboost
  runtime: mlserver
  source: {uri: s3://models/fraud/1}
  slo: {availability: 99%, latency: {p99: 50ms}}
---
apiVersion: opsdecl.dev/v1
kind: Model
metadata: {name: eta, owner: team-b}
spec: {format: onnx, runtime: triton, source: {uri: s3://models/eta/1}, slo: {availability: 99%}}
""",
    "environments/dev/monitors.yaml": """\
apiVersion: opsdecl.dev/v1
kind: Monitor
metadata: {name: chat, owner: team-a}
spec:
  watch: {llms: [chat]}
  alerts:
    - {name: RequestsWait, metric: "vllm:num_requests_waiting", above: 50, for: 10m}
    - name: CacheIdle
      metric: "vllm:kv_cache_usage_perc"
      statistic: highest
      over: 30m
      below: 0.05
    - name: Preempts
      metric: "vllm:num_preemptions_total"
      statistic: rate
      over: 10m
      above: 1
    - name: Aborts
      metric: "vllm:request_success_total"
      labels: {finished_reason: abort}
      statistic: increase
      over: 1h
      above: 100
    - name: Queues
      metric: "vllm:request_queue_time_seconds"
      statistic: p95
      over: 10m
      above: 5
    - {name: Dear, about: cost, metric: "opsdecl:cost_per_hour", above: 10}
    - name: DataDrifts
      about: data-drift
      metric: feature_drift
      exporter: nightly drift job
      labels: {model: chat}
      statistic: average
      over: 1h
      above: 0.2
    - name: PredictionsDrift
      about: prediction-drift
      metric: prediction_psi
      exporter: nightly drift job
      above: 0.25
    - name: AnswersGetWorse
      about: answer-quality
      metric: answer_score
      exporter: evaluation of sampled answers
      statistic: lowest
      over: 2h
      below: 0.8
---
apiVersion: opsdecl.dev/v1
kind: Monitor
metadata: {name: code, owner: team-a}
spec: {watch: {llms: [code]}}
---
apiVersion: opsdecl.dev/v1
kind: Monitor
metadata: {name: classic, owner: team-b}
spec: {watch: {models: [fraud, eta]}}
""",
}


@cache
def objects() -> Mapping[str, Manifest]:
    """Of all Monitors, by address."""
    found = built(MemoryTree(PROJECT), "dev").manifests.manifests
    return {str(m.address): m for m in found if m.address.spec.kind == "Monitor"}


def groups(monitor: str) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = objects()[f"Monitor.{monitor}/main/rules"].data["spec"]["groups"]
    return found


def dashboard_queries() -> Iterator[tuple[str, str]]:
    """Title of the panel, and expression."""
    for address, manifest in objects().items():
        for text in manifest.data["data"].values() if address.endswith("dashboard") else ():
            for panel in json.loads(text)["panels"]:
                yield from ((panel["title"], target["expr"]) for target in panel.get("targets", ()))
