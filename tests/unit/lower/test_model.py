"""What a classic model becomes on plain Kubernetes."""

from typing import Any

import pytest

from opsdecl.render.schema_store import supported_versions
from opsdecl.render.schemas import examine_schemas
from tests.unit.lower.builders import FRAUD, container, lowered, model, objects, pod

SERVERS = {
    "mlserver": "spec: {}",
    "mlserver-mlflow": "spec: {format: mlflow}",
    "triton": "spec: {format: onnx, runtime: triton, accelerator: {gpu: h100-80gb}}",
    "kserve-sklearn": "spec: {format: sklearn, runtime: kserve-sklearn}",
    "tensorflow-serving": "spec: {format: tensorflow, runtime: tensorflow-serving}",
    "torchserve": "spec: {format: pytorch, runtime: torchserve}",
}
CUSTOM = """
metadata: {name: score, namespace: risk}
spec:
  format: custom
  image: registry.test/acme/score:1.2
  command: [python, -m, score]
  args: [--fast]
  env: {MODE: live}
"""


def env(manifests: Any) -> dict[str, Any]:
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in container(manifests)["env"]}


def probe(manifests: Any, name: str) -> Any:
    return container(manifests)[name]["httpGet"]["path"]


@pytest.mark.parametrize("version", supported_versions("1.37"))
@pytest.mark.parametrize("server", SERVERS)
def test_every_object_passes_kubernetes_own_schemas(server: str, version: str) -> None:
    report = examine_schemas(list(model(SERVERS[server]).values()), version, lambda address, path: None)
    assert report.diagnostics == ()
    assert report.objects == 5


def test_a_custom_image_passes_kubernetes_own_schemas() -> None:
    report = examine_schemas(list(objects("Model", CUSTOM).values()), "1.37", lambda address, path: None)
    assert report.diagnostics == ()


def test_mlserver_is_configured_by_its_environment() -> None:
    values = env(model())
    assert values["MLSERVER_MODEL_NAME"] == "fraud"
    assert values["MLSERVER_MODEL_IMPLEMENTATION"] == "mlserver_xgboost.XGBoostModel"
    assert values["MLSERVER_MODEL_URI"] == "/mnt/models"
    assert probe(model(), "readinessProbe") == "/v2/health/ready"
    assert probe(model(), "livenessProbe") == "/v2/health/live"


def test_triton_reads_a_repository_and_takes_the_runtimes_flags() -> None:
    manifests = model(SERVERS["triton"])
    server = container(manifests)
    assert server["command"] == ["tritonserver"]
    assert server["args"] == [
        "--model-repository=/mnt/models",
        "--http-port=8000",
        "--grpc-port=8001",
        "--metrics-port=8002",
        "--log-verbose=1",
    ]
    assert {port["name"]: port["port"] for port in manifests["service"].data["spec"]["ports"]} == {
        "http": 80,
        "grpc": 8001,
        "metrics": 8002,
    }
    assert "/dev/shm" in {mount["mountPath"] for mount in server["volumeMounts"]}
    assert server["resources"]["limits"]["nvidia.com/gpu"] == 1


def test_a_chosen_port_reaches_server_and_service() -> None:
    manifests = model("spec: {port: 9999}")
    assert env(manifests)["MLSERVER_HTTP_PORT"] == "9999"
    assert container(manifests)["ports"][0] == {"name": "http", "containerPort": 9999, "protocol": "TCP"}
    assert manifests["service"].data["spec"]["ports"][0]["targetPort"] == "http"


def test_files_in_a_bucket_are_fetched_with_the_credentials() -> None:
    fetcher = pod(model())["initContainers"][0]
    assert fetcher["args"] == ["s3://models/fraud/v7", "/mnt/models"]
    assert fetcher["envFrom"] == [{"secretRef": {"name": "s3-models"}}]
    assert fetcher["securityContext"]["runAsUser"] == 1000
    mount = next(m for m in container(model())["volumeMounts"] if m["name"] == "model")
    assert mount == {"name": "model", "mountPath": "/mnt/models", "readOnly": True}


def test_google_credentials_are_a_file() -> None:
    fetcher = pod(model("spec: {source: {uri: 'gs://models/fraud'}}"))["initContainers"][0]
    values = {item["name"]: item["value"] for item in fetcher["env"]}
    mounted = next(m["mountPath"] for m in fetcher["volumeMounts"] if m["name"] == "credentials")
    assert values["GOOGLE_APPLICATION_CREDENTIALS"].startswith(f"{mounted}/")


@pytest.mark.parametrize(
    ("uri", "volume"),
    [
        ("pvc://models/fraud/v7", {"persistentVolumeClaim": {"claimName": "models", "readOnly": True}}),
        ("oci://registry.test/m:1", {"image": {"reference": "registry.test/m:1", "pullPolicy": "IfNotPresent"}}),
    ],
)
def test_volumes_and_images_are_mounted_as_they_are(uri: str, volume: dict[str, Any]) -> None:
    manifests = objects(
        "Model", FRAUD.replace(", credentials: {secret: s3-models}", ""), f"spec: {{source: {{uri: '{uri}'}}}}"
    )
    assert "initContainers" not in pod(manifests)
    assert {"name": "model", **volume} in pod(manifests)["volumes"]


def test_another_digest_at_the_same_address_restarts_pods() -> None:
    manifests = model(f"spec: {{source: {{digest: 'sha256:{'a' * 64}'}}}}")
    template = manifests["deployment"].data["spec"]["template"]["metadata"]
    assert template["annotations"] == {"opsdecl.dev/source-digest": f"sha256:{'a' * 64}"}


def test_a_custom_image_is_left_as_it_is() -> None:
    manifests = objects("Model", CUSTOM)
    server = container(manifests)
    assert (server["command"], server["args"]) == (["python", "-m", "score"], ["--fast"])
    assert env(manifests)["MODE"] == "live"
    assert server["readinessProbe"]["tcpSocket"] == {"port": "http"}
    assert "livenessProbe" not in server
    assert "runAsUser" not in pod(manifests)["securityContext"]
    assert "readOnlyRootFilesystem" not in server["securityContext"]


def test_probes_of_the_document_win() -> None:
    manifests = objects("Model", CUSTOM, "spec: {probes: {readiness: /ready, liveness: /live}}")
    assert probe(manifests, "readinessProbe") == "/ready"
    assert probe(manifests, "livenessProbe") == "/live"


def test_no_gpu_means_that_a_new_pod_starts_first() -> None:
    strategy = model()["deployment"].data["spec"]["strategy"]["rollingUpdate"]
    assert strategy == {"maxSurge": 1, "maxUnavailable": 0}


def test_a_fixed_number_of_replicas_is_rendered() -> None:
    deployment = model()["deployment"]
    assert deployment.data["spec"]["replicas"] == 2
    assert deployment.origin(("spec", "replicas")) == ("spec", "replicas", "count")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ("spec: {format: onnx}", "the engine `mlserver` of runtime `mlserver` does not serve the format `onnx`"),
        ("spec: {runtime: vllm}", "the engine `vllm` of runtime `vllm` does not serve the format `xgboost`"),
        ("spec: {runtime: kserve-sklearn}", "does not serve the format `xgboost`"),
    ],
)
def test_a_format_that_the_engine_does_not_serve_is_an_error(changes: str, words: str) -> None:
    result = lowered("Model", FRAUD, changes)
    assert [d.code.id for d in result.diagnostics] == ["OD432"]
    assert words in result.diagnostics[0].message
