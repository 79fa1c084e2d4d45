"""OD726–OD729: KV caches that go from one pod of a model to another."""

from opsdecl.diag.types import Code, Severity

CACHES_DIFFER = Code(
    "OD726",
    "A KV cache that the other role cannot take over",
    "A decode pod takes over what a prefill pod has in its memory, so both must lay it out alike: the same release, "
    "model, formats, attention and block size, no pipeline, no copies within a replica, and tensor sizes of which one "
    "divides the other. The engines compare this when they meet, and requests fail where it differs.\n\n"
    "Say it once for the model, outside of `prefill`, or use sizes that go together.",
    "parallelism: {tensor: 2}\nprefill:\n  accelerator: {gpu: h100-80gb, count: 3}\n  parallelism: {tensor: 3}",
)
CACHES_OVER_TCP = Code(
    "OD727",
    "KV caches that go over the pods' own network",
    "Every prompt's KV cache goes from a prefill pod to a decode pod: hundreds of megabytes for a long one. Without "
    "network devices of their own, pods send it by TCP through the network of the cluster, which can take longer than "
    "working the prompt out would.\n\n"
    "Give the pods network devices with `rdma`. Where both roles are meant to share nodes and NVLink, say in "
    "`engine.env` how UCX goes (`UCX_TLS`).",
    "kind: LLM\nspec:\n  prefill: {replicas: {count: 2}}   # and no rdma",
    Severity.WARNING,
)
GENERATIONS_DIFFER = Code(
    "OD728",
    "Roles on GPUs of two generations",
    "The engine chooses how attention is computed by the generation of the GPU, and with it how the KV cache lies in "
    "memory. On two generations it may choose two ways, and then no prefill pod can hand anything over.\n\n"
    "Choose one way for both with the flag `attention-backend` in `engine.args`, or use GPUs of one generation.",
    "accelerator: {gpu: b200-192gb}\nprefill: {accelerator: {gpu: h100-80gb}}",
    Severity.WARNING,
)
PREFILL_UNUSED = Code(
    "OD729",
    "Prefill pods that no Route reaches",
    "Only requests that come through a Route are given a prefill pod. Callers of the model's Service reach the pods "
    "that decode, which then work the prompt out themselves, and the prefill pods do nothing.\n\n"
    "Write a Route with this model among its backends.",
    "kind: LLM\nmetadata: {name: chat}\nspec:\n  prefill: {replicas: {count: 2}}   # and no Route to chat",
    Severity.WARNING,
)

CODES: tuple[Code, ...] = (
    CACHES_DIFFER,
    CACHES_OVER_TCP,
    GENERATIONS_DIFFER,
    PREFILL_UNUSED,
)
