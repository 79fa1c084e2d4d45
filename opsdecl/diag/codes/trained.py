"""OD364 and following: models that a training of the same environment makes."""

from opsdecl.diag.types import Code, Severity

TRAINED_ELSEWHERE = Code(
    "OD364",
    "Training in another namespace",
    "A pod mounts volumes of its own namespace only, and what a training makes lies on its volume. So it can be served "
    "only in the namespace in which it is trained.\n\n"
    "Move one of them into the namespace of the other.",
    "kind: Model\nmetadata: {name: churn, namespace: assist}\nspec: {source: {training: churn}}   # trained in risk",
)
OUTPUT_NOT_SHARED = Code(
    "OD365",
    "Volume of a training that pods cannot share",
    "The volume is mounted by one node at a time. Several replicas, a new pod beside an old one, or the next run "
    "beside the pods that serve the last one would wait for it for ever.\n\n"
    "Make the volume one that several nodes can mount. One replica that is exchanged by `strategy: recreate` can do "
    "without, where all of it runs on one node.",
    "kind: Training\nspec:\n  output: {size: 20Gi, accessMode: ReadWriteOnce}   # and two replicas serve it",
)
MAKES_SOMETHING_ELSE = Code(
    "OD366",
    "Training that makes something else",
    "What comes out of the training is not what is served here: files of another framework than the server reads, an "
    "adapter where whole weights are needed, or whole weights where an adapter is.\n\n"
    "Name the training that makes it, or serve what this one makes: `lora` and `qlora` make an Adapter, `full` makes "
    "weights.",
    "kind: Model\nspec: {format: sklearn, source: {training: churn}}   # whose framework is xgboost",
)
SAID_OTHERWISE = Code(
    "OD367",
    "Said otherwise of a training than it does",
    "The document says of the model that it starts from, of the rank or of the modules something else than the "
    "training does. Memory is reckoned and the engine is started by what is said, so it must be the same.\n\n"
    "Write what the training says.",
    "kind: Adapter\nspec: {source: {type: training, training: tune}, rank: 8}   # which trains rank 16",
)
STOPS_TO_WAIT = Code(
    "OD368",
    "Pod stops before the run is done",
    "When another run takes the place of this one, the rollout takes an old pod away before a new one is ready, and "
    "the new one waits until the run is done. Meanwhile fewer replicas answer, or none.\n\n"
    "Keep GPUs free for a new pod beside the old ones: `reserve` of the pool, or `rollout` with a surge where there is "
    "room.",
    "spec:\n  source: {training: churn}\n  accelerator: {gpu: l4, count: 1}   # of a pool without a reserve",
    Severity.WARNING,
)

CODES: tuple[Code, ...] = (TRAINED_ELSEWHERE, OUTPUT_NOT_SHARED, MAKES_SOMETHING_ELSE, SAID_OTHERWISE, STOPS_TO_WAIT)
