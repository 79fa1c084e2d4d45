"""OD37x: runs on operators, searches for parameters, queues."""

from opsdecl.diag.types import Code

NO_RUNTIME = Code(
    "OD370",
    "Framework without a training runtime",
    "With `platform.training: kubeflow-trainer` the pods of a training are made from a ClusterTrainingRuntime of the "
    "cluster. Kubeflow Trainer ships one for torch, jax and xgboost; for other frameworks nobody has said which to "
    "take.\n\n"
    "Name a runtime of the cluster for the framework in `platform.trainingRuntimes`, or train with `job`.",
    "kind: Training\nspec: {framework: sklearn}   # and platform.training is kubeflow-trainer",
)
NOT_ON_RAY = Code(
    "OD371",
    "Training that Ray cannot run",
    "With `platform.training: kuberay` the program starts once, on the head of a cluster of Ray, and takes its work to "
    "the other nodes through Ray's trainers. There is none for JAX on GPUs, so all nodes but the first would be paid "
    "for and idle.\n\n"
    "Train on one node, or on a platform whose pods all start the program.",
    "kind: Training\nspec: {framework: jax, accelerator: {gpu: h100-80gb, count: 8, nodes: 2}}",
)
SEARCH_ELSEWHERE = Code(
    "OD372",
    "Search in another namespace than its training",
    "The trials of a search run the program of a training, with its data and its Secrets, and pods find both only in "
    "their own namespace.\n\n"
    "Move one of them into the namespace of the other.",
    "kind: Tuning\nmetadata: {name: search, namespace: assist}\nspec: {training: churn}   # which lies in risk",
)
NOT_SEARCHED_HERE = Code(
    "OD373",
    "Search that this platform cannot do",
    "The platform that runs searches has no way to do what the document asks for: an algorithm that it does not have, "
    "values that it cannot carry, a program over several nodes, or nothing that chooses values.\n\n"
    "Change the field, or choose the other platform in `platform.tuning`.",
    "kind: Tuning\nspec: {algorithm: {type: bayesian}}   # and platform.tuning is job",
)
OVER_GPU_HOURS = Code(
    "OD374",
    "Search that may take more GPU-hours than it may",
    "All trials together, each on its GPUs until its time limit, take more GPU-hours than the search was given. Most "
    "searches take less, since trials end before their limit; but nothing stops this one.\n\n"
    "Lower the number of trials or their time limit, or give the search more.",
    "kind: Tuning\nspec: {trials: 24, gpuHours: 40, timeLimit: 1h}   # on 8 GPUs",
)
NOT_A_PARAMETER = Code(
    "OD375",
    "Search for a parameter that the training does not have",
    "A search varies the `parameters` of a training. The training has none of this name, so its program would not look "
    "at the values, and all trials would do the same.\n\n"
    "Correct the name, or give the training the parameter with its usual value.",
    "kind: Tuning\nspec:\n  parameters: {learnig_rate: {type: double, min: 0.01, max: 0.1}}",
)
UNSEARCHABLE_SPACE = Code(
    "OD376",
    "Values that cannot be searched",
    "The values of a parameter leave nothing to search, or the algorithm cannot go through them: bounds that hold no "
    "value, a logarithmic scale that reaches 0 or has steps, a grid without a distance between its values, or more "
    "trials than a grid has combinations.\n\n"
    "Correct the bounds, the scale, the step or the number of trials.",
    "parameters:\n  rate: {type: double, min: 0, max: 0.1, scale: log}",
)
QUOTA_NOT_COUNTED = Code(
    "OD377",
    "Quota that Kueue cannot count",
    "The environment owns its queues, and each quota becomes one. Kueue lets a run in only where it counts all that "
    "the run asks for, so a quota needs CPU and memory; and it counts GPUs pool by pool: a GPU is of one make.\n\n"
    "Complete the quota: `cpu`, `memory`, and `pools` where several pools have GPUs.",
    "capacity:\n  quotas: {risk: {gpus: 16}}   # and two pools have GPUs",
)
UNKNOWN_QUEUE = Code(
    "OD378",
    "Queue that nobody makes",
    "The environment owns its queues, and makes one for each quota. Work that names another queue waits for "
    "ever: Kueue keeps it suspended until a queue of that name is there.\n\n"
    "Name the queue of the namespace, which is `runs` where its quota names no other.",
    "kind: Training\nspec: {queue: nightly}   # and the quota of its namespace says nothing of `queue`",
)
NOT_REPORTED = Code(
    "OD379",
    "Search for a number that nobody reports",
    "A search goes by a number that each trial reports. The recipe of the training is known, and so is what it "
    "reports; this number is not among it, so all trials would count as failed.\n\n"
    "Name one that it reports, or have the training report it.",
    "kind: Tuning\nspec:\n  training: churn   # table: {metrics: [log_loss]}\n"
    "  objective: {metric: roc_auc, direction: maximize}",
)

CODES: tuple[Code, ...] = (
    NO_RUNTIME,
    NOT_ON_RAY,
    SEARCH_ELSEWHERE,
    NOT_SEARCHED_HERE,
    OVER_GPU_HOURS,
    NOT_A_PARAMETER,
    UNSEARCHABLE_SPACE,
    QUOTA_NOT_COUNTED,
    UNKNOWN_QUEUE,
    NOT_REPORTED,
)
