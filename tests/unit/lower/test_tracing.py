"""What a traced language model is told, and what OpenTelemetry's own libraries make of it."""

import os
import re
import subprocess
import sys
from concurrent import futures
from typing import Any
from urllib.parse import unquote

import pytest

from opsdecl.compile.answers import answers_digest
from tests.support.project import built
from tests.support.split import KSERVE, NATIVE, split_tree
from tests.unit.lower.builders import CHAT, container, document, llm, lowered

COLLECTOR = "tracing: {endpoint: 'http://collector.observability:4317'}"
TRACED = "spec: {tracing: {sample: 0.25}}"


def variables(manifests: Any) -> dict[str, str]:
    return {item["name"]: item["value"] for item in container(manifests)["env"] if item["name"].startswith("OTEL_")}


def attributes(manifests: Any) -> dict[str, str]:
    pairs = (part.split("=", 1) for part in variables(manifests)["OTEL_RESOURCE_ATTRIBUTES"].split(","))
    return {name: unquote(value) for name, value in pairs}


def test_vllm_is_told_where_spans_go_and_what_they_say() -> None:
    made = llm(TRACED, COLLECTOR)
    assert "--otlp-traces-endpoint=http://collector.observability:4317" in container(made)["args"]
    said = variables(made)
    del said["OTEL_RESOURCE_ATTRIBUTES"]
    assert said == {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector.observability:4317",
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc",
        "OTEL_SERVICE_NAME": "chat",
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": "0.25",
    }
    chat = document("LLM", CHAT, TRACED)
    digest = answers_digest("LLM", chat.effective, chat.references)
    told = attributes(made)
    assert told["opsdecl.composition"] == digest, "what evidence and cards of the same model say"
    assert told["service.version"] == digest.removeprefix("sha256:")[:12]
    assert (told["opsdecl.document"], told["opsdecl.environment"], told["opsdecl.project"]) == (
        "LLM.chat",
        "prod",
        "acme",
    )
    assert told["gen_ai.provider.name"] == "vllm"
    assert told["gen_ai.request.model"] == "chat"


def test_sglang_is_told_in_its_own_words() -> None:
    args = container(llm("spec: {runtime: sglang, tracing: {}}", COLLECTOR))["args"]
    assert {"--enable-trace", "--otlp-service-name=chat"} <= set(args)
    assert "--otlp-traces-endpoint=http://collector.observability:4317" in args


def test_over_http_the_path_is_that_of_the_protocol() -> None:
    http = "tracing: {endpoint: 'https://otel.acme.example/', protocol: http/protobuf}"
    assert variables(llm(TRACED, http))["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] == "https://otel.acme.example/v1/traces"
    own = "tracing: {endpoint: 'https://otel.acme.example/in/traces', protocol: http/protobuf}"
    assert "--otlp-traces-endpoint=https://otel.acme.example/in/traces" in container(llm(TRACED, own))["args"]


@pytest.mark.parametrize(
    "change",
    [
        "{metadata: {owner: other, labels: {tier: silver}}, spec: {tracing: {sample: 0.25}}}",
        "spec: {tracing: {sample: 0.25}, replicas: {min: 3}, slo: {availability: 99.9%}, card: {license: mit}}",
    ],
)
def test_nothing_that_leaves_answers_as_they_are_restarts_a_pod(change: str) -> None:
    before, after = llm(TRACED, COLLECTOR)["deployment"], llm(change, COLLECTOR)["deployment"]
    assert after.data["spec"]["template"] == before.data["spec"]["template"]


def test_a_renamed_model_keeps_the_name_that_it_had_first() -> None:
    renamed = "{metadata: {name: talk, movedFrom: [chat]}, spec: {servedNames: [chat], tracing: {}}}"
    assert attributes(llm(renamed, COLLECTOR))["opsdecl.document"] == "LLM.chat"


def test_another_model_is_another_composition() -> None:
    one = attributes(llm(TRACED, COLLECTOR))
    other = attributes(llm("spec: {tracing: {sample: 0.25}, sampling: {temperature: 0}}", COLLECTOR))
    assert one["opsdecl.composition"] != other["opsdecl.composition"]
    assert one["opsdecl.document"] == other["opsdecl.document"]


def test_where_requests_choose_among_names_a_pod_does_not_know_which() -> None:
    assert "gen_ai.request.model" not in attributes(llm("spec: {servedNames: [a, b], tracing: {}}", COLLECTOR))


@pytest.mark.parametrize("platform", [NATIVE, KSERVE])
def test_pods_that_prefill_name_the_same_composition(platform: str) -> None:
    """They have flags of their own, and what answers is the model as a whole."""
    changed = {"  prefill:\n": "  tracing: {}\n  prefill:\n", "  capacity:\n": f"  {COLLECTOR}\n  capacity:\n"}
    made = built(split_tree(platform, **changed), "prod").manifests.manifests
    found = str([m.data for m in made if str(m.address.spec) == "LLM.chat"])
    assert found.count("OTEL_RESOURCE_ATTRIBUTES") == 2
    assert len(set(re.findall(r"opsdecl.composition=(sha256:[0-9a-f]{64})", found))) == 1


def test_without_a_collector_or_without_tracing_nothing_is_said() -> None:
    assert variables(llm(TRACED)) == {}
    assert variables(llm("{}", COLLECTOR)) == {}


def test_the_way_to_the_collector_is_opened_only_where_it_is_asked_for() -> None:
    assert "tracing-egress" not in llm(TRACED, COLLECTOR)
    peer = "egress: {namespace: observability, labels: {app: collector}}"
    kept = "spec: {tracing: {sample: 0.25}, weights: {source: {type: pvc, claim: weights}}}"
    policy = llm(kept, f"tracing: {{endpoint: 'http://collector.observability:4317', {peer}}}")["tracing-egress"].data
    assert policy["metadata"]["name"] == "chat-tracing"
    assert policy["spec"]["policyTypes"] == ["Egress"]
    assert {
        "to": [
            {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "observability"}},
                "podSelector": {"matchLabels": {"app": "collector"}},
            }
        ],
        "ports": [{"protocol": "TCP", "port": 4317}],
    } in policy["spec"]["egress"]


@pytest.mark.parametrize(
    ("version", "image", "lacks"),
    [
        ("0.8.3", "vllm/vllm-openai:v0.8.3", True),
        ("0.8.4", "vllm/vllm-openai:v0.8.4", False),
        ("0.9.1", "vllm/vllm-openai:v0.9.1", False),
        ("0.9.2", "vllm/vllm-openai:v0.9.2", True),
        ("0.16.0", "mirror.acme.example/vllm/vllm-openai:v0.16.0", True),
        ("0.16.0", "ghcr.io/acme/vllm-traced:0.16.0", False),
        ("0.17.0", "vllm/vllm-openai:v0.17.0", False),
    ],
)
def test_an_image_without_opentelemetry_is_told(version: str, image: str, lacks: bool) -> None:
    runtimes = f'vllm: {{version: "{version}", image: "{image}"}}'
    found = [d.code.id for d in lowered("LLM", CHAT, TRACED, COLLECTOR, runtimes).diagnostics]
    assert found == (["OD451"] if lacks else [])


PROGRAM = """
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
import os
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint=os.environ["ENDPOINT"])))
for _ in range(200):
    provider.get_tracer("vllm.llm_engine").start_span("llm_request").end()
provider.shutdown()
"""
"""How vLLM sets its tracer up: a provider and a sampler from the environment, the endpoint from its flag."""


@pytest.mark.slow
def test_a_collector_gets_spans_with_the_composition_and_at_the_asked_rate() -> None:
    """Through the real SDK and the real protocol."""
    import grpc  # type: ignore[import-untyped]
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

    received: list[Any] = []

    class Receiver(trace_service_pb2_grpc.TraceServiceServicer):
        def Export(self, request: Any, context: Any) -> Any:  # noqa: N802
            received.append(request)
            return trace_service_pb2.ExportTraceServiceResponse()

    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(Receiver(), server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        made = llm(TRACED, f"tracing: {{endpoint: 'http://127.0.0.1:{port}'}}")
        flag = next(arg for arg in container(made)["args"] if arg.startswith("--otlp-traces-endpoint="))
        env = {**os.environ, **variables(made), "ENDPOINT": flag.partition("=")[2]}
        subprocess.run([sys.executable, "-c", PROGRAM], env=env, check=True, timeout=120)
    finally:
        server.stop(0)
    resources = [spans.resource for request in received for spans in request.resource_spans]
    told = {item.key: item.value.string_value for item in resources[0].attributes}
    expected = attributes(made)
    assert expected.items() <= told.items()
    assert told["service.name"] == "chat"
    assert 20 <= len(resources) <= 90, "a quarter of 200, by chance"
