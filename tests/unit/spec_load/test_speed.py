"""Strict reading costs no more than the plain C loader that everybody uses."""

import time
from collections.abc import Callable

import pytest
import yaml

from opsdecl.spec.parse import parse_file

SPEC = """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata:
  name: chat-{}
  owner: team-assist
  labels: {{tier: gold}}
spec:
  model: llama-3.1-8b-instruct
  runtime: vllm
  accelerator: {{gpu: h100-80gb, count: 1}}
  engine:
    maxModelLen: 16384
    maxNumSeqs: 256
    gpuMemoryUtilization: 0.9
  replicas: {{min: 2, max: 6}}
  rollout: {{strategy: auto}}
  slo: {{ttft: {{p95: 800ms}}, availability: 99.9%}}
  card: {{intendedUse: "chat with people", license: llama3.1}}
"""


def _best(run: Callable[[], object]) -> float:
    times = []
    for _ in range(5):
        begun = time.process_time()
        run()
        times.append(time.process_time() - begun)
    return min(times)


@pytest.mark.slow
def test_reading_takes_at_most_twice_the_time_of_the_c_loader() -> None:
    texts = [SPEC.format(number).encode() for number in range(300)]
    bare = _best(lambda: [yaml.load(text, yaml.CSafeLoader) for text in texts])
    ours = _best(lambda: [parse_file("f.yaml", text) for text in texts])
    assert all(parse_file("f.yaml", text).diagnostics == () for text in texts)
    assert ours < 2 * bare
