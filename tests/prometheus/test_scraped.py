"""A real Prometheus scrapes an exporter with vLLM's metric names, evaluates what was rendered, and raises the alert."""

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from opsdecl.spec.source import MemoryTree
from tests.support.literate import MINIMAL_PROJECT
from tests.support.project import built
from tests.support.promtool import check_config
from tests.support.toolchain import require

START_TIMEOUT_S = 60
SEEN_TIMEOUT_S = 60
DOCUMENTS = """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat, owner: team-a}
spec: {model: phi-4, runtime: vllm, accelerator: {gpu: h100-80gb}, slo: {availability: 99.9%, ttft: {p95: 800ms}}}
---
apiVersion: opsdecl.dev/v1
kind: Monitor
metadata: {name: chat, owner: team-a}
spec:
  watch: {llms: [chat]}
  alerts:
    - {name: RequestsWait, metric: "vllm:num_requests_waiting", above: 50, for: 1s}
    - {name: CacheFull, metric: "vllm:kv_cache_usage_perc", above: 0.95, for: 1s}
"""
PAGE = """\
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{{model_name="chat",engine="0"}} {waiting}
# TYPE vllm:kv_cache_usage_perc gauge
vllm:kv_cache_usage_perc{{model_name="chat",engine="0"}} 0.4
# TYPE vllm:generation_tokens_total counter
vllm:generation_tokens_total{{model_name="chat",engine="0"}} {tokens}
# TYPE http_requests_total counter
http_requests_total{{handler="/v1/chat/completions",method="POST",status="2xx"}} {good}
http_requests_total{{handler="/v1/chat/completions",method="POST",status="5xx"}} {bad}
"""


class Engine(ThreadingHTTPServer):
    """Answers /metrics as vLLM does: each look finds ten more requests, of which one failed."""

    daemon_threads = True
    waiting = 80
    looks = 0

    def page(self) -> bytes:
        self.looks += 1
        counts = {"tokens": 100 * self.looks, "good": 9 * self.looks, "bad": self.looks}
        return PAGE.format(waiting=self.waiting, **counts).encode()


class Handler(BaseHTTPRequestHandler):
    server: Engine

    def do_GET(self) -> None:
        found = self.path == "/metrics"
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.server.page() if found else b"")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def engine() -> Iterator[Engine]:
    with Engine(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@contextmanager
def prometheus(folder: Path, config: dict[str, Any]) -> Iterator[str]:
    """The address of a running Prometheus; it is ended when the block is left."""
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = require("bin/prometheus") / "bin/prometheus"
    options = ["--config.file=prometheus.yaml", "--storage.tsdb.path=data", f"--web.listen-address=127.0.0.1:{port}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, *options], cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    try:
        address = f"http://127.0.0.1:{port}"
        seen(lambda: asked(f"{address}/-/ready") is not None, START_TIMEOUT_S, folder)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def asked(address: str) -> bytes | None:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return bytes(answer.read())
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None


def seen(what: Any, timeout_s: float, folder: Path) -> None:
    end = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < end, (folder / "log").read_text()[-3000:]
        time.sleep(0.2)


def states(address: str) -> dict[str, set[str]]:
    """Of each alert that is not quiet: pending, firing."""
    answer = json.loads(asked(f"{address}/api/v1/alerts") or b'{"data": {"alerts": []}}')
    found: dict[str, set[str]] = {}
    for alert in answer["data"]["alerts"]:
        found.setdefault(alert["labels"]["alertname"], set()).add(alert["state"])
    return found


def files() -> dict[str, str]:
    """The files for a Prometheus that nobody operates."""
    found = built(MemoryTree({**MINIMAL_PROJECT, "environments/dev/case.yaml": DOCUMENTS}), "dev").manifests.manifests
    data: dict[str, str] = next(m for m in found if str(m.address) == "Monitor.chat/main/rules").data["data"]
    return data


def test_prometheus_takes_the_files_as_they_are(tmp_path: Path) -> None:
    """Rules and scraping, named in its configuration as the page about monitoring says."""
    for name, text in files().items():
        (tmp_path / name).write_text(text)
    config = {"rule_files": ["rules.yaml"], "scrape_config_files": ["scrape.yaml"]}
    said = check_config(tmp_path, config)
    assert "prometheus.yaml is valid prometheus config file syntax" in said
    assert "rules found" in said


@pytest.mark.slow
def test_the_alert_fires_in_a_real_prometheus_and_ends_with_its_cause(tmp_path: Path) -> None:
    written = files()
    (tmp_path / "rules.yaml").write_text(written["rules.yaml"])
    scrape = yaml.safe_load(written["scrape.yaml"])["scrape_configs"][0]
    with engine() as served:
        # The pods are this process: what finds them in a cluster is left out, what names their series stays.
        labels = [row for row in scrape["relabel_configs"] if "source_labels" not in row]
        job = {"job_name": "chat", "metrics_path": scrape["metrics_path"], "relabel_configs": labels}
        targets = {"static_configs": [{"targets": [f"127.0.0.1:{served.server_port}"]}]}
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": ["rules.yaml"],
            "scrape_configs": [{**job, **targets}],
        }
        with prometheus(tmp_path, config) as address:
            seen(lambda: states(address).get("RequestsWait") == {"firing"}, SEEN_TIMEOUT_S, tmp_path)
            seen(lambda: "AvailabilityBudgetBurn" in states(address), SEEN_TIMEOUT_S, tmp_path)
            alerts = json.loads(asked(f"{address}/api/v1/alerts") or b"")["data"]["alerts"]
            raised = next(alert for alert in alerts if alert["labels"]["alertname"] == "RequestsWait")
            assert raised["annotations"]["summary"] == "vllm:num_requests_waiting of LLM.chat is 80 (> 50)"
            assert {
                "opsdecl_document": "LLM.chat",
                "opsdecl_environment": "dev",
                "severity": "warning",
            }.items() <= raised["labels"].items()
            assert {"CacheFull", "ModelDown"}.isdisjoint(states(address))
            served.waiting = 10
            seen(lambda: "RequestsWait" not in states(address), SEEN_TIMEOUT_S, tmp_path)
