"""OD342, OD343: groups of pods, of replicas over several nodes, among the other documents of an environment."""

from opsdecl.diag.types import Code

NODES_EXCEED_POOL = Code(
    "OD342",
    "A replica over more nodes than a pool has",
    "All nodes of a replica lie in one pool, so that its GPUs are alike and near to each other. No pool with this GPU "
    "has so many nodes, so not even one replica could start.\n\n"
    "Add nodes to the pool, or spread a replica over fewer nodes.",
    "accelerator: {gpu: h100-80gb, count: 8, nodes: 4}   # pool h100 has 2 nodes",
)
GROUP_NAME_TAKEN = Code(
    "OD343",
    "A name that the pods of a group need",
    "The pods of a replica over several nodes find each other through a Service of the name of their set, "
    "`<name>-group`, which the operator makes. Where another document has a Service of that name, the operator leaves "
    "it alone, and the pods never find each other.\n\n"
    "Give the other document another metadata.name or metadata.objectName.",
    "metadata: {name: chat-group}   # beside LLM.chat with accelerator.nodes: 2",
)

CODES: tuple[Code, ...] = (
    NODES_EXCEED_POOL,
    GROUP_NAME_TAKEN,
)
