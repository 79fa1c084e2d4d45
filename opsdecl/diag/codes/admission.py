"""OD485, OD486: runs that end with the first node that is taken away, or are never let in."""

from opsdecl.diag.types import Code

ENDS_WITH_A_NODE = Code(
    "OD485",
    "Run that ends with the first node that is taken away",
    "The run may go to nodes that can be taken away (`spot`), and nothing is tried again (`retries: 0`). A Job of "
    "Kubernetes does not count a lost node as a failure. A JobSet does: it cannot tell one from the other without "
    "forgiving them for ever, so the first node that goes ends the run.\n\n"
    "Allow retries, run it on nodes that stay, or set platform.training of the Environment to job.",
    "platform: {training: jobset}\n---\nkind: Training\nspec: {spot: true, retries: 0}",
)
NEVER_LET_IN = Code(
    "OD486",
    "Run that its queue never lets in",
    "The environment owns its queues. Kueue starts a run once its queue has room for all of its pods, and knows only "
    "what the queue counts: CPU, memory and the GPUs of its pools. A run that asks for more than the queue ever has, "
    "or for something that is not counted, waits for ever, and nothing says so but its status.\n\n"
    "Ask for less, or raise the quota of the namespace.",
    "capacity:\n  quotas: {risk: {gpus: 8, cpu: '64', memory: 512Gi}}\n---\nkind: Training\nspec:\n  queue: runs\n"
    "  accelerator: {gpu: h100-80gb, count: 8, nodes: 2}",
)

CODES: tuple[Code, ...] = (
    ENDS_WITH_A_NODE,
    NEVER_LET_IN,
)
