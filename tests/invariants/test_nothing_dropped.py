"""Whatever is installed: a field that somebody asks for shows in the objects, or is told to do nothing."""

from collections.abc import Mapping

import pytest
import yaml

from tests.support.asked import Asked, Value, answer, asked, with_field

_LLM = yaml.safe_load("""
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat}
spec:
  model: qwen2.5-7b-instruct
  runtime: next
  weights: {cache: {type: pvc, size: 40Gi, accessMode: ReadWriteMany}}
  accelerator: {gpu: h100-80gb, count: 1, pool: h100}
  resources: {cpu: "8", memory: 64Gi}
  replicas: {count: 2}
""")
_SERVED = """
resources.cpu: "3"
resources.memory: 70Gi
resources.ephemeralStorage: 10Gi
resources.sharedMemory: 3Gi
replicas.count: 3
replicas: {min: 1, max: 3, target: {metric: cpu, value: 60}}
replicas: {min: 0, max: 3, target: {metric: cpu, value: 60}, wake: {query: up}}
replicas: {min: 1, max: 3, target: {metric: cpu, value: 60}, fallback: {replicas: 2}}
rollout.strategy: recreate
rollout: {strategy: rolling, maxSurge: 2, maxUnavailable: 1}
rollout: {strategy: canary, trafficPercent: 10}
rollout.keepStable: true
disruption.maxUnavailable: 2
drain: {longestGeneration: 300s}
scheduling.tolerations: [{key: spare, operator: Exists}]
scheduling.nodeSelector: {disk: fast}
scheduling.priorityClass: high
scheduling.topologySpread: false
serviceAccount: {name: own}
imagePullSecrets: [registry]
access: {from: [{namespace: other}]}
"""
_OF_LLM = asked(f"""{_SERVED}
model: qwen3-8b
weights: {{source: {{type: pvc, claim: weights}}}}
weights: {{source: {{type: s3, uri: "s3://b/p", endpoint: "http://minio:9000"}}}}
weights.offline: true
weights.cache: {{type: hostPath, path: /cache}}
weights.cache.storageClass: fast
servedNames: [a, b]
chatTemplate: {{text: "{{{{ messages }}}}"}}
parsers: {{tool: hermes}}
sampling: {{temperature: 0.1}}
guardrails: {{engine: custom, image: "registry.test/guard:1", input: [masks]}}
accelerator.count: 2
accelerator.resource: example.com/gpu
accelerator.nodes: 2
parallelism.expert: true
engine.maxModelLen: 4096
engine.gpuMemoryUtilization: 0.8
engine.quantization: fp8
engine.prefixCaching: false
engine.args: {{seed: 7}}
engine.env: {{A: b}}
rdma: {{resource: rdma/ib}}
tracing: {{}}
prefill: {{replicas: {{count: 3}}}}
patches: [{{target: deployment, path: spec.paused, value: true, reason: tried}}]
""")
_MODEL = yaml.safe_load("""
apiVersion: opsdecl.dev/v1
kind: Model
metadata: {name: fraud}
spec:
  format: xgboost
  source: {uri: "s3://models/fraud/v7", credentials: {secret: s3-models}}
  runtime: mlserver
  resources: {cpu: "2", memory: 4Gi}
  replicas: {count: 2}
""")
_OF_MODEL = asked(f"""{_SERVED}
source.uri: "s3://models/fraud/v8"
source: {{uri: "pvc://models/fraud"}}
source: {{uri: "oci://registry.test/fraud:1"}}
source.digest: "sha256:{"a" * 64}"
command: [serve]
args: [--fast]
port: 9999
env: {{A: b}}
accelerator: {{gpu: h100-80gb}}
probes.readiness: /ready
probes.liveness: /live
explain: {{explainer: {{image: "registry.test/e:1", readiness: /r, replicas: 2}}}}
transformer: {{image: "registry.test/t:1", readiness: /r, replicas: 2}}
""")
_TRAINING = yaml.safe_load("""
apiVersion: opsdecl.dev/v1
kind: Training
metadata: {name: churn}
spec:
  framework: torch
  image: registry.test/train:1.0
  command: [torchrun, train.py]
  parameters: {rate: 0.1}
  accelerator: {gpu: h100-80gb, count: 1, pool: h100}
  resources: {cpu: "8", memory: 32Gi}
  checkpoints: {every: 30m}
  timeLimit: 3h
  output: {size: 20Gi, accessMode: ReadWriteMany}
""")
_OF_TRAINING = asked("""
framework: jax
command: [python, other.py]
args: [--fast]
env: {A: {secret: s, key: k}}
parameters: {rate: 0.2}
precision: fp32
optimizer: sgd
batch: {perDevice: 2}
activationCheckpointing: true
accelerator.count: 2
accelerator.nodes: 2
accelerator.resource: example.com/gpu
resources.cpu: "3"
resources.memory: 33Gi
resources.sharedMemory: 3Gi
resources.ephemeralStorage: 10Gi
queue: runs
spot: true
timeLimit: 5h
retries: 5
checkpoints.keep: 5
output.size: 30Gi
output.storageClass: fast
output: {claim: models}
run.onChange: cancel
run.removeAfter: 1h
scheduling.tolerations: [{key: spare, operator: Exists}]
scheduling.nodeSelector: {disk: fast}
scheduling.priorityClass: high
scheduling.topologySpread: false
serviceAccount: own
imagePullSecrets: [registry]
""")
_TUNING = yaml.safe_load("""
apiVersion: opsdecl.dev/v1
kind: Tuning
metadata: {name: search}
spec:
  training: churn
  parameters: {rate: {type: double, min: 0.001, max: 0.3}}
  objective: {metric: auc, direction: maximize}
  trials: 4
  output: {size: 20Gi}
""")
_OF_TUNING = asked("""
parameters: {rate: {type: double, min: 0.001, max: 0.3, step: 0.01}}
parameters: {rate: {type: double, min: 0.001, max: 0.3, scale: log}}
algorithm: {type: random}
algorithm: {type: bayesian}
algorithm.seed: 7
objective: {metric: loss, direction: minimize}
objective.goal: 0.9
earlyStopping: {minTrials: 7}
earlyStopping: {minReports: 7}
trials: 9
parallel: 2
failures: 1
timeLimit: 1h
image: registry.test/tuner:1
output.size: 30Gi
output.storageClass: fast
run.onChange: cancel
run.removeAfter: 1h
""")
_ROUTE = yaml.safe_load("""
apiVersion: opsdecl.dev/v1
kind: Route
metadata: {name: chat}
spec:
  gateway: {name: public, listener: https}
  hostnames: [chat.example.com]
  paths: [{path: /v1}]
  backends: [{llm: chat}]
""")
_NEXT = {**_LLM, "metadata": {"name": "later"}}
_OF_ROUTE = asked("""
gateway: {name: public}
gateway.namespace: elsewhere
hostnames: ["*.example.com"]
paths: [{path: /v1, match: exact}]
backends: [{llm: chat, weight: 90}, {llm: later, weight: 10}]
backends: [{llm: chat, weight: 90}, {model: fraud, weight: 10}]
shadow: [{llm: later, percent: 10}]
shadow: [{model: fraud}]
fallbacks: [{llm: later}]
limits: [{team: a, requestsPerMinute: 4}]
limits: [{team: a, tokensPerMinute: 4}]
timeouts: {request: 60s}
timeouts: {backend: 60s}
priority: 10
guardrails: {service: {name: checks, port: 9002}, input: buffered}
""")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("platform", "documents", "fields"),
    [
        pytest.param({"serving": "kserve"}, (_LLM,), _OF_LLM, id="LLM on KServe"),
        pytest.param({"serving": "kserve"}, (_MODEL,), _OF_MODEL, id="Model on KServe"),
        pytest.param({"scaling": "keda", "devices": "dra"}, (_LLM,), _OF_LLM, id="LLM with KEDA and claimed devices"),
        pytest.param({"training": "jobset"}, (_TRAINING,), _OF_TRAINING, id="Training on JobSet"),
        pytest.param({"training": "kubeflow-trainer"}, (_TRAINING,), _OF_TRAINING, id="Training on Kubeflow Trainer"),
        pytest.param({"training": "kuberay"}, (_TRAINING,), _OF_TRAINING, id="Training on KubeRay"),
        pytest.param({"tuning": "katib"}, (_TUNING, _TRAINING), _OF_TUNING, id="Tuning on Katib"),
        pytest.param({"routing": "gateway-api"}, (_ROUTE, _LLM, _NEXT, _MODEL), _OF_ROUTE, id="Route by Gateway API"),
        pytest.param({"routing": "inference-extension"}, (_ROUTE, _LLM, _NEXT, _MODEL), _OF_ROUTE, id="Route by pools"),
    ],
)
def test_a_field_shows_in_objects_or_is_told(
    platform: Mapping[str, str], documents: tuple[Value, ...], fields: list[Asked]
) -> None:
    document, *others = documents
    before = answer(documents, platform)
    silent = [f for f in fields if answer((with_field(document, f), *others), platform) == before]
    assert [str(field) for field in silent] == []
