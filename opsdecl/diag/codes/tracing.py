"""OD450, OD451, OD495: traces of language models."""

from opsdecl.diag.types import Code, Severity

CONTENT_NOT_RECORDED = Code(
    "OD450",
    "Prompts and answers that the engine does not record",
    "`tracing.recordContent` asks for prompts and answers in traces. vLLM and SGLang put numbers and times into their "
    "spans, and no text: the field would do nothing, and whoever relies on the record would have none.\n\n"
    "Remove the field, and record texts where requests are made: the OpenTelemetry instrumentation of a client does "
    "that, and its span is the parent of the engine's.",
    "tracing: {recordContent: true}   # runtime: vllm",
)
NO_OPENTELEMETRY = Code(
    "OD451",
    "An image without OpenTelemetry",
    "The published image of this release of the engine lacks the OpenTelemetry packages: asked to trace, the engine "
    "ends with an error as it starts. vLLM has them from 0.8.4 to 0.9.1, and since 0.17.0.\n\n"
    "Raise the Runtime's version, or name an image of your own that adds `opentelemetry-sdk` and "
    "`opentelemetry-exporter-otlp` to the published one.",
    'kind: Runtime\nspec: {engine: vllm, version: "0.15.1", image: "vllm/vllm-openai:v0.15.1"}   # LLM: tracing: {}',
    Severity.WARNING,
)
KEPT_IN = Code(
    "OD495",
    "A way out that no policy opens",
    "`tracing.egress` of the Environment gives a traced model a NetworkPolicy that names the way out, and such a "
    "policy closes every other. It has the collector, names (DNS), the model's own pods and its judge. A policy takes "
    "addresses and no host names, so what comes from a hub or an object store, KServe's questions to the API server, "
    "and addresses in variables, flags or a configuration are none that opsdecl could open: pods would wait for them "
    "for ever.\n\n"
    "Say in the Environment what models may reach: `networkPolicy: {egress: [{cidr: 0.0.0.0/0, ports: [443]}]}` for "
    "any address by HTTPS, or the addresses of a proxy or mirror, or the namespace of one. Or remove `tracing.egress` "
    "where nothing else keeps pods in.",
    'kind: Environment\nspec: {tracing: {endpoint: "http://otel.obs:4317", egress: {namespace: obs}}}'
    "   # an LLM of the hub",
)
CODES: tuple[Code, ...] = (CONTENT_NOT_RECORDED, NO_OPENTELEMETRY, KEPT_IN)
