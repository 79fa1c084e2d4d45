"""OD77x, OD78x: room on nodes, rollouts, cost, replicas over several nodes."""

from opsdecl.diag.types import Code, Severity

ROLLOUT_CANNOT_FINISH = Code(
    "OD770",
    "A rollout that can never finish",
    "The rollout starts a new pod before it stops an old one, and neither the nodes of the pool nor the quota of the "
    "namespace leave room for one pod more, even when every document runs at its smallest number of replicas. The new "
    "pod would wait for GPUs that the old one holds, for ever.\n\n"
    "Let an old pod stop first (`maxSurge: 0`, `maxUnavailable: 1`), leave the choice to opsdecl (`strategy: auto`), "
    "or make room in the pool or quota.",
    "rollout: {strategy: rolling, maxSurge: 1, maxUnavailable: 0}   # and every GPU of the pool is in use",
)
ROLLOUTS_STOP = Code(
    "OD771",
    "The rollouts of this change stop",
    "All rollouts of the change were simulated together on the nodes of the environment's pools, and some of them "
    "stop: pods wait for GPUs that are never free together on one node. Each may finish alone; together they take the "
    "room that another one needs.\n\n"
    "Do what the hint says: it was simulated too. It is none of several equal ways, but the one that costs the least.",
    "opsdecl plan --env prod --base main   # six models on one changed Runtime, two free GPUs on two nodes",
)
ROLLOUTS_MAY_STOP = Code(
    "OD772",
    "The rollouts of this change may stop",
    "All rollouts of the change were simulated together, in several orders of events. Some orders finish and some "
    "stop, because GPUs become free on different nodes. Which one happens depends on how long pods load.\n\n"
    "Do what the hint says, or watch the rollout: a pod that waits longer than the plan says will not start by itself.",
    "opsdecl plan --env prod --base main",
    Severity.WARNING,
)
NODES_CANNOT_HOLD = Code(
    "OD773",
    "The nodes cannot hold the smallest number of replicas",
    "All GPUs of a replica lie on one node. There is no way to put the replicas of these documents on the nodes that "
    "they may go to, even at their smallest number and with the pool's reserve in use. This is proven, not estimated: "
    "GPUs are too few, or what is left on each node is too small.\n\n"
    "Lower replicas, add nodes, or choose another pool for a document.",
    "pools:\n  a: {gpu: l4, nodes: 2, gpusPerNode: 4}   # replicas of 3, 3 and 2 GPUs",
)
NODES_MAY_NOT_HOLD = Code(
    "OD774",
    "The nodes may not hold all replicas",
    "At their largest number the replicas of these documents do not fit on the nodes, so autoscaling will stop before "
    "`replicas.max`; or so many different sizes share the nodes that no way to place them was found, and none was "
    "ruled out either. The message says which.\n\n"
    "Add nodes, or lower `replicas.max` to what can be had.",
    "replicas: {min: 1, max: 20, target: {metric: cpu, value: 60}}   # the pool has 8 GPUs",
    Severity.WARNING,
)
QUOTA_WITHOUT_REQUEST = Code(
    "OD775",
    "A quota counts what the document does not say",
    "The namespace has a quota of CPU or memory. Kubernetes refuses pods there that do not say how much of it they "
    "reserve, and the plan cannot count what is not said.\n\n"
    "Write `resources.cpu` or `resources.memory` in the document, or in its Runtime for all models on it.",
    "quotas: {assist: {cpu: 64}}   # and LLM.chat has no resources.cpu",
    Severity.WARNING,
)
FLOOR_ABOVE_BUDGET = Code(
    "OD776",
    "The smallest cost is above the budget",
    "What the environment costs in a month at the smallest number of replicas is more than `spec.budget.monthly`. No "
    "load and no autoscaler changes that.\n\n"
    "Lower replicas, choose cheaper GPUs, or raise the budget in the same change, so that somebody agrees to it.",
    "budget: {monthly: 5000}   # one h100-80gb costs 5,022 USD in a month",
)
EXPECTED_ABOVE_BUDGET = Code(
    "OD777",
    "The expected cost is above the budget",
    "The smallest number of replicas stays within `spec.budget.monthly`, and the expected cost does not. It is the "
    "mean over all loads from none to what the most replicas carry, see docs/rollouts.md.\n\n"
    "Lower `replicas.max`, or raise the budget.",
    "replicas: {min: 1, max: 8, target: {metric: cpu, value: 60}}",
    Severity.WARNING,
)
CEILING_ABOVE_BUDGET = Code(
    "OD778",
    "The largest cost is above the budget",
    "At the largest number of replicas a month would cost more than `spec.budget.monthly`. The expected cost stays "
    "within it.\n\n"
    "Nothing need be done where the load is seldom so high.",
    "replicas: {min: 1, max: 8, target: {metric: cpu, value: 60}}",
    Severity.NOTE,
)
PRICE_UNKNOWN = Code(
    "OD779",
    "The budget cannot be held against everything",
    "The environment has a budget, and for some GPUs there is no price in its currency: the pool declares none, and "
    "the prices of the catalogue are in USD. What they cost is left out of the sums, it does not count as nothing.\n\n"
    "Write `pricePerHour` of the pool, in the currency of the budget.",
    "budget: {monthly: 20000, currency: EUR}   # and pool h100 has no pricePerHour",
    Severity.WARNING,
)
CHEAPER_SHAPE = Code(
    "OD780",
    "A cheaper shape would do",
    "The model would fit, with the same settings, on other GPUs of the environment's pools or on fewer of the same, by "
    "the same arithmetic and with its pessimistic end. It would have another number of tokens in its cache, and "
    "another speed.\n\n"
    "Nothing need be done. Measure before you move: sizing knows memory, not speed.",
    "accelerator: {gpu: h100-80gb, count: 4}   # fits on 2",
    Severity.NOTE,
)
LAYERS_OVER_NETWORK = Code(
    "OD781",
    "Layers are shared over a slow network",
    "With tensor parallelism all GPUs exchange what they computed several times in each layer of each token. Within a "
    "node that goes over NVLink or PCIe. Here the GPUs of one group lie on several nodes, and the pods have no network "
    "devices of their own, so it goes over TCP: answers come at a fraction of the speed.\n\n"
    "Share layers within a node and put stages of the model on the nodes (`tensor` = GPUs of a node, `pipeline` = "
    "nodes), which exchange little; or give the pods RDMA devices with `rdma`.",
    "accelerator: {gpu: h100-80gb, count: 8, nodes: 2}\nparallelism: {tensor: 16}",
    Severity.WARNING,
)
COPIES_OVER_NODES = Code(
    "OD782",
    "Copies of the model on several nodes of one replica",
    "`parallelism.data` runs copies of the model that share nothing but the queue of requests. On several nodes they "
    "need nothing of each other, and would be started, stopped and lost together all the same.\n\n"
    "Run more replicas on fewer nodes each: the Service spreads requests over them.",
    "accelerator: {gpu: h100-80gb, count: 8, nodes: 2}\nparallelism: {tensor: 8, data: 2}",
)
NODES_OF_ANY_POOL = Code(
    "OD783",
    "A replica whose nodes may lie in different pools",
    "Several pools have the GPU, and the document names none, so the scheduler may put the pods of one replica into "
    "different pools: other networks, perhaps another zone. All that is said of room and rollouts takes them to be in "
    "one pool.\n\n"
    "Name the pool.",
    "accelerator: {gpu: h100-80gb, count: 8, nodes: 2}   # pools h100-a and h100-b",
    Severity.WARNING,
)
CODES: tuple[Code, ...] = (
    ROLLOUT_CANNOT_FINISH,
    ROLLOUTS_STOP,
    ROLLOUTS_MAY_STOP,
    NODES_CANNOT_HOLD,
    NODES_MAY_NOT_HOLD,
    QUOTA_WITHOUT_REQUEST,
    FLOOR_ABOVE_BUDGET,
    EXPECTED_ABOVE_BUDGET,
    CEILING_ABOVE_BUDGET,
    PRICE_UNKNOWN,
    CHEAPER_SHAPE,
    LAYERS_OVER_NETWORK,
    COPIES_OVER_NODES,
    NODES_OF_ANY_POOL,
)
