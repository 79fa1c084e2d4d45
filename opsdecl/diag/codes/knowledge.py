"""OD7xx: catalogue, engines, sizing."""

from opsdecl.diag.types import Code, Severity

UNKNOWN_MODEL = Code(
    "OD701",
    "Model is not in the catalogue",
    "`model` as plain text names an entry of the catalogue, which knows where the weights are, how large they are "
    "and under which licence. There is no such entry.\n\n"
    "Correct the name, add an entry to `catalog/models.yaml` of the project, or say where the weights are: `model: "
    "{uri: 'hf://org/name', revision: <commit>, weights: 15Gi}`.",
    "spec:\n  model: lama-3.1-8b-instruct",
)
UNKNOWN_GPU = Code(
    "OD702",
    "GPU is not in the catalogue",
    "`accelerator.gpu` and `capacity.pools.*.gpu` name an entry of the catalogue, which knows memory, bandwidth and "
    "the resource that Kubernetes schedules by.\n\n"
    "Correct the name, or add the GPU to `catalog/gpus.yaml` of the project.",
    "accelerator: {gpu: h100, count: 1}   # h100-80gb",
)
INVALID_CATALOG = Code(
    "OD703",
    "Catalogue file cannot be used",
    "A file in `catalog/` of the project adds entries to the built-in tables or replaces them. It must be a mapping "
    "with `models` or `gpus`, and each entry needs the facts that the tool reckons with, of the right kind.\n\n"
    "Correct the entry that the message names; `asOf` and `source` say when and from where a number is.",
    "models:\n  acme-chat: {uri: 'hf://acme/chat', weightsGiB: fifteen}",
)
LICENSE_DIFFERS = Code(
    "OD704",
    "Licence in the card differs from the catalogue",
    "`card.license` tells readers under which terms the model is used. The catalogue knows another licence for these "
    "weights, so one of the two is wrong.\n\n"
    "Correct the card, or override the catalogue entry with the licence that you have agreed.",
    "card: {license: apache-2.0}   # llama3.1 in the catalogue",
    Severity.WARNING,
)
GATED_WITHOUT_TOKEN = Code(
    "OD705",
    "Gated model without a token",
    "The hub hands out these weights only to accounts that accepted the licence, so a download without a token "
    "fails at start-up.\n\n"
    "Name the secret that holds a token: `weights: {source: {type: hub, token: {secret: hf-token, key: token}}}`, or "
    "take the weights from a claim, an image or a bucket.",
    "spec:\n  model: llama-3.1-8b-instruct",
    Severity.WARNING,
)

CODES: tuple[Code, ...] = (UNKNOWN_MODEL, UNKNOWN_GPU, INVALID_CATALOG, LICENSE_DIFFERS, GATED_WITHOUT_TOKEN)
