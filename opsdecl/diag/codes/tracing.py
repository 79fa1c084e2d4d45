"""OD450, OD451: traces of language models."""

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
CODES: tuple[Code, ...] = (CONTENT_NOT_RECORDED, NO_OPENTELEMETRY)
