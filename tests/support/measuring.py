"""Measures of Monitors before their real receivers: a Pushgateway, and a judge that answers as engines do."""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from opsdecl._data import job_script
from tests.support.literate import MINIMAL_PROJECT
from tests.support.toolchain import require, tools_folder

START_TIMEOUT_S = 60


@contextmanager
def pushgateway(folder: Path) -> Iterator[str]:
    """The address of a Pushgateway of its own. `make tools` cannot get one everywhere: the test is skipped then."""
    program = tools_folder() / "bin/pushgateway"
    if not os.access(program, os.X_OK):
        pytest.skip(f"no pushgateway in {program.parent}: run `make tools` where the distribution has its package")
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    with (folder / "pushgateway.log").open("wb") as log:
        running = subprocess.Popen([program, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
        try:
            yield _ready(f"http://127.0.0.1:{port}")
        finally:
            running.terminate()
            running.wait(30)


def _ready(url: str) -> str:
    end = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            urllib.request.urlopen(f"{url}/-/ready", timeout=5).close()
            return url
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < end, "the Pushgateway does not start"
            time.sleep(0.1)


def page(url: str) -> str:
    """What Prometheus would scrape."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
        return str(answer.read().decode())


def series(url: str, name: str) -> Mapping[str, float]:
    """Labels as they are written, and the value, of each series of one metric."""
    rows = [line.rpartition(" ") for line in page(url).splitlines() if line.startswith(f"{name}{{")]
    return {labels.removeprefix(name): float(value) for labels, _, value in rows}


class Bench:
    """The programs in a folder, which stands for the root of a pod."""

    def __init__(self, folder: Path) -> None:
        self.python = require("checks/bin/python") / "checks/bin/python"
        self.folder = folder
        for name in ("measure_push", "measure_drift", "measure_answers"):
            (folder / f"{name}.py").write_text(job_script(name))

    def run(self, program: str, told: Mapping[str, Any], **env: str) -> tuple[int, str]:
        """Exit code, and what was said."""
        done = subprocess.run(
            [self.python, self.folder / f"{program}.py"],
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "MEASURE": json.dumps(told), "MEASURE_ROOT": str(self.folder), **env},
        )
        return done.returncode, done.stdout + done.stderr


Reply = Callable[[dict[str, Any]], str]


class Judge(ThreadingHTTPServer):
    """Answers chat completions by a function of the request."""

    daemon_threads = True
    asked: list[dict[str, Any]]

    def __init__(self, reply: Reply) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reply, self.asked = reply, []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Judge

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        text = self.server.reply(body)
        answer = json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}).encode()
        self.send_response(200 if self.path == "/v1/chat/completions" else 404)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def judging(reply: Reply) -> Iterator[Judge]:
    with Judge(reply) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


ENVIRONMENT = """\
apiVersion: opsdecl.dev/v1
kind: Environment
metadata: {name: dev, owner: platform}
spec:
  extends: [base]
  namespaces: [assist, other]
  platform: {monitoring: prometheus-operator}
  monitoring: {pushgateway: "http://pushgateway.monitoring:9091"}
  capacity: {pools: {h100: {gpu: h100-80gb, nodes: 4, gpusPerNode: 8}}}
"""
DOCUMENTS = """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat, namespace: assist, owner: team-a}
spec: {model: phi-4, runtime: vllm, accelerator: {gpu: h100-80gb}, slo: {availability: 99.9%}}
---
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: judge, namespace: assist, owner: team-a}
spec: {model: phi-4, runtime: vllm, accelerator: {gpu: h100-80gb}}
---
apiVersion: opsdecl.dev/v1
kind: Model
metadata: {name: fraud, namespace: assist, owner: team-b}
spec: {format: xgboost, runtime: mlserver, source: {uri: s3://models/fraud/1}}
---
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: mlserver}
spec: {engine: mlserver, version: 1.7.1, image: seldonio/mlserver:1.7.1}
---
apiVersion: opsdecl.dev/v1
kind: Dataset
metadata: {name: claims, namespace: assist, owner: team-b}
spec:
  source: {type: s3, uri: s3://data/claims}
  format: parquet
  storage: {size: 10Gi}
  splits: {train: {path: "train/*.parquet"}, test: {path: "test/*.parquet"}}
---
apiVersion: opsdecl.dev/v1
kind: Monitor
metadata: {name: fraud, namespace: assist, owner: team-b}
spec:
  watch: {models: [fraud]}
  measures:
    - name: inputs
      about: data-drift
      schedule: "17 * * * *"
      image: ghcr.io/acme/measures:1.0.0
      reference: {dataset: claims, split: train}
      current: {log: {type: s3, uri: "s3://logs/fraud", credentials: {secret: logs}}, time: at, last: 1d}
      columns: [amount]
    - name: scores
      about: prediction-drift
      schedule: "27 3 * * *"
      image: ghcr.io/acme/measures:1.0.0
      reference: {dataset: claims, split: train}
      current: {dataset: claims, split: test}
      columns: [score]
      method: ks
      validFor: 3d
  alerts:
    - {name: InputsDrift, measure: inputs, above: 0.2, for: 10m}
    - {name: ScoresDrift, measure: scores, above: 0.1, statistic: average, over: 1d, for: 10m}
---
apiVersion: opsdecl.dev/v1
kind: Monitor
metadata: {name: chat, namespace: assist, owner: team-a}
spec:
  watch: {llms: [chat]}
  measures:
    - name: answers
      about: answer-quality
      schedule: "7 * * * *"
      image: python:3.13-slim
      current: {log: {type: pvc, claim: logs, path: chat}}
      judge: {llm: judge, instruction: "An answer is short and right."}
  alerts:
    - {name: AnswersGetWorse, measure: answers, below: 0.8, for: 10m}
"""


def measured_project() -> dict[str, str]:
    """A classic model whose inputs and scores are compared, and a language model whose answers are judged."""
    return {
        **MINIMAL_PROJECT,
        "environments/dev/environment.yaml": ENVIRONMENT,
        "environments/dev/case.yaml": DOCUMENTS,
    }
