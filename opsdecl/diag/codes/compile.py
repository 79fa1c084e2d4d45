"""OD3xx: layers, variables, references, and what an environment makes of its documents."""

from opsdecl.diag.types import Code, Severity

UNKNOWN_ENVIRONMENT = Code(
    "OD301",
    "Unknown environment",
    "The environment that was asked for, or that the Project names as its default, is not a folder below "
    "`environments/` with a document of kind Environment. "
    "Nothing can be compiled, because targets, capacity and platform come from that document.\n\n"
    "Check the spelling, or create `environments/<name>/environment.yaml`.",
    "opsdecl validate --env porduction",
)
UNKNOWN_FOLDER = Code(
    "OD302",
    "Extended folder does not exist",
    "`spec.extends` of an Environment lists folders below `environments/` whose documents it inherits. A folder that "
    "is not there would silently leave out everything that was meant to be shared.\n\n"
    "Correct the name, or create the folder with at least one document.",
    "spec:\n  extends: [bsae]",
)
EXTENDS_CYCLE = Code(
    "OD303",
    "Folders extend each other in a circle",
    "A folder inherits from one that inherits from it again, so there is no lowest layer to begin with. The message "
    "names the whole circle.\n\n"
    "Remove one of the entries of `extends`; what both need belongs into a third folder that both extend.",
    "# environments/dev/environment.yaml\nspec:\n  extends: [prod]   # and prod extends dev",
)
UNKNOWN_REFERENCE = Code(
    "OD304",
    "Unknown reference",
    "A field names another document, and no document of that kind and name exists in this environment. References "
    "are resolved in the environment that is compiled: a document of another environment does not count.\n\n"
    "Correct the name, or add the document to this environment or to a folder that it extends.",
    "kind: LLM\nspec:\n  runtime: vlm   # the Runtime is called vllm",
)
REFERENCE_CYCLE = Code(
    "OD305",
    "Documents refer to each other in a circle",
    "A document refers, through others, to itself. None of them could be built before the others, so none is.\n\n"
    "Remove one of the references that the message lists.",
    "metadata: {name: prepare}\nspec: {after: train}   # and train says after: prepare",
)
DUPLICATE_DOCUMENT = Code(
    "OD306",
    "Document declared twice in one layer",
    "Two documents of the same kind and name lie in the same folder. Which of them wins would depend on the order of "
    "files, so neither is preferred.\n\n"
    "Remove or rename one. To change an inherited document, write the overlay in the folder that extends.",
    "kind: Runtime\nmetadata: {name: vllm}\n---\nkind: Runtime\nmetadata: {name: vllm}",
)
ENVIRONMENT_NAME = Code(
    "OD307",
    "Environment is not named after its folder",
    "The name of an environment is part of every release, label and branch, and people find it by its folder. Two "
    "different names for one environment would lead both astray; slashes of nested folders become dashes.\n\n"
    "Give it the name of its folder, or move the folder.",
    "# environments/prod/environment.yaml\nkind: Environment\nmetadata: {name: production}",
)
OVERLAY_WITHOUT_BASE = Code(
    "OD308",
    "Overlay matches no inherited document",
    "The document is too incomplete to stand alone, so it looks like an overlay, and no folder that this environment "
    "extends has a document of its kind and name to lay it over.\n\n"
    "Correct the name so that it matches, or write the document out in full.",
    "kind: LLM\nmetadata: {name: chta}\nspec:\n  replicas: {count: 4}",
)
DELETES_NOTHING = Code(
    "OD309",
    "Deletes something that does not exist",
    "`$delete: true` drops an inherited document or an item of a keyed list. What it names is not in any lower "
    "layer, so either the name is wrong or the deletion is no longer needed.\n\n"
    "Correct the name, or remove the deletion.",
    "kind: LLM\nmetadata: {name: chta}\n$delete: true",
)
DELETE_MISUSED = Code(
    "OD310",
    "`$delete` cannot be used here",
    "`$delete: true` works on a whole document and on an item of a keyed list. It has no other values, and no "
    "meaning in a plain mapping.\n\n"
    "To take back what a lower layer set, write `null` as the value of the field.",
    "spec:\n  engine:\n    $delete: true   # write engine: null",
)
INVALID_EXPRESSION = Code(
    "OD312",
    "Expression cannot be used",
    "Between `${{` and `}}` stands a small expression: variables, comparisons, `~` to join, arithmetic on numbers, "
    "`x if y else z`, and the filters default, lower, upper, trim, int, string, length. Calls, loops, lists, "
    "statements and access to internals are refused, so that a spec file can never run code.\n\n"
    "Simplify the expression, or put the value into `spec.variables` of the Environment.",
    "spec:\n  model: ${{ range(10) }}",
)
UNKNOWN_VARIABLE = Code(
    "OD313",
    "Unknown variable",
    "The expression uses a name that has no value in this environment. `vars` come from `spec.variables` of the "
    "Environment and of the environments that it extends; `environment.name`, `project.name` and the document's own "
    "`metadata` are always there.\n\n"
    "Correct the name, declare the variable, or give a value with `| default(...)`.",
    "spec:\n  priorityClass: ${{ vars.priorty }}",
)
EXPRESSION_RESULT = Code(
    "OD314",
    "Expression gives no usable value",
    "Expressions stand for scalars: text, whole numbers, fractions, true or false. This one gave something else, "
    "grew beyond 64 KiB, or could not be worked out with the values of this environment.\n\n"
    "Name one scalar (`vars.zones.first`, not `vars.zones`), and combine values only of kinds that fit together.",
    "spec:\n  servedNames: ['${{ vars }}']",
)
UNKNOWN_POOL = Code(
    "OD316",
    "Unknown node pool",
    "`accelerator.pool` names a pool that `spec.capacity.pools` of this environment does not have, so no node would "
    "ever match.\n\n"
    "Correct the name, or declare the pool in the Environment.",
    "accelerator: {gpu: h100-80gb, pool: h10}",
)
UNKNOWN_NAMESPACE = Code(
    "OD317",
    "Unknown namespace",
    "`metadata.namespace` must be one of `spec.namespaces` of the Environment: the release writes only there, and "
    "access rules, quotas and pruning rely on that list.\n\n"
    "Choose one of the list, or add the namespace to the Environment.",
    "metadata: {name: chat, namespace: asist}",
)
NAME_CLAIMED_TWICE = Code(
    "OD321",
    "Two documents claim the same object name",
    "`metadata.objectName` and the first entry of `movedFrom` decide what a document's objects are called. Two "
    "documents of one kind with one object name in one namespace would overwrite each other.\n\n"
    "Give one of them another `objectName`.",
    "kind: LLM\nmetadata: {name: chat-new, movedFrom: [chat]}\n---\nkind: LLM\n"
    "metadata: {name: other, objectName: chat}",
)
MOVED_FROM_EXISTING = Code(
    "OD322",
    "`movedFrom` names a document that still exists",
    "`movedFrom` says that a document used to have another name, so that its objects stay. The old name is still "
    "declared, so both would own the same objects.\n\n"
    "Delete the old document, or remove the entry.",
    "kind: LLM\nmetadata: {name: chat}\n---\nkind: LLM\nmetadata: {name: assistant, movedFrom: [chat]}",
)
GPU_IN_NO_POOL = Code(
    "OD323",
    "No node pool has this GPU",
    "The environment declares its node pools, and none of them has the GPU type that the document asks for. Its pods "
    "would wait for ever.\n\n"
    "Choose a GPU that a pool has, or declare the pool under `spec.capacity.pools`.",
    "accelerator: {gpu: b200, count: 1}   # pools have only h100-80gb",
)
COUNT_EXCEEDS_NODE = Code(
    "OD324",
    "More GPUs than one node has",
    "All GPUs of a pod lie on one node. The pod asks for more than `gpusPerNode` of every pool that it could go to, "
    "so it can never be scheduled.\n\n"
    "Lower `accelerator.count`, or choose a pool with larger nodes.",
    "accelerator: {gpu: h100-80gb, count: 16}   # nodes have 8",
)
QUOTA_EXCEEDED = Code(
    "OD325",
    "Quota too small for the smallest number of replicas",
    "The documents of a namespace need, at their smallest number of replicas, more GPUs, CPU or memory than its "
    "quota allows. Some of them would never start.\n\n"
    "Lower replicas, raise the quota in `spec.capacity.quotas`, or move a document to another namespace.",
    "capacity:\n  quotas: {assist: {gpus: 2}}   # chat alone needs 4",
)
QUOTA_BELOW_MAXIMUM = Code(
    "OD326",
    "Quota too small for the largest number of replicas",
    "At their largest number of replicas the documents of a namespace need more GPUs, CPU or memory than its quota "
    "allows, so autoscaling will stop before `replicas.max`.\n\n"
    "Raise the quota, or lower `replicas.max` to what can be had.",
    "replicas: {min: 1, max: 20, target: {metric: waiting-requests, value: 4}}",
    Severity.WARNING,
)
POOL_HAS_OTHER_GPU = Code(
    "OD327",
    "The pool has another GPU",
    "`accelerator.gpu` and `accelerator.pool` contradict each other: the nodes of the pool carry another GPU "
    "type.\n\n"
    "Correct one of the two; leaving `pool` out lets every pool with the GPU serve.",
    "accelerator: {gpu: l4, pool: h100}",
)
UNPINNED_MODEL = Code(
    "OD328",
    "Model revision is not pinned in a protected environment",
    "Without a revision the hub decides at each start which weights are loaded, and two replicas may answer "
    "differently. A protected environment demands that what was reviewed is what runs.\n\n"
    "Give the commit: `model: {uri: 'hf://org/name', revision: <40 hexadecimal digits>}`, or pin it in the project's "
    "catalogue.",
    "model: {uri: 'hf://acme/chat', revision: main}",
)
UNPINNED_IMAGE = Code(
    "OD329",
    "Image is not pinned in a protected environment",
    "A tag can be given to other bytes after the review, and then what runs is not what was approved. A protected "
    "environment asks for a digest beside the tag.\n\n"
    "Add the digest: `image: vllm/vllm-openai:v0.33.0@sha256:…`.",
    "image: vllm/vllm-openai:v0.33.0",
    Severity.WARNING,
)
UNUSED_VARIABLE = Code(
    "OD330",
    "Variable is not used",
    "No expression in this environment uses the variable. It may be left over, or a document spells it "
    "differently.\n\n"
    "Remove it from `spec.variables`, or use it as `${{ vars.<name> }}`.",
    "variables: {region: eu-west-1}   # nothing says ${{ vars.region }}",
    Severity.NOTE,
)
LOCK_MISSING = Code(
    "OD331",
    "opsdecl.lock is missing",
    "`opsdecl.lock` records the tool version, the digest of the catalogue and the model revisions in use. "
    "Without it another version of the tool may render other objects from the same specs.\n\n"
    "Run `opsdecl validate --update-lock` and commit the file.",
    "opsdecl validate --update-lock",
    Severity.WARNING,
)
LOCK_MISMATCH = Code(
    "OD332",
    "opsdecl.lock does not match",
    "What compiles the project now differs from what the lock records: the tool, the catalogue or a model "
    "revision. Objects may change although no spec did.\n\n"
    "Use the recorded version, or move the lock with `opsdecl validate --update-lock` and review the plan with it.",
    "opsdecl validate --update-lock",
)
UNKNOWN_TARGET = Code(
    "OD333",
    "Unknown target",
    "The target that was asked for is not in `spec.targets` of the environment.\n\n"
    "Choose one of the environment's targets; without a choice the first one is used.",
    "opsdecl plan --env prod --target mian",
)
TARGETS_COLLIDE = Code(
    "OD334",
    "Two targets write to the same place",
    "Two targets of the environment have the same remote, branch and folder. Each would remove what the other "
    "wrote.\n\n"
    "Give them different branches or folders, or remove one.",
    "targets:\n  main: {type: git, remote: ., branch: rendered/dev}\n"
    "  copy: {type: git, remote: ., branch: rendered/dev}",
)
NO_APPROVERS = Code(
    "OD335",
    "Protected environment without approvals",
    "The environment is protected, but `spec.approvals` names nobody who approves a class of change. Protection then "
    "asks for pins only, not for a second pair of eyes.\n\n"
    "Name groups for the classes that matter, at least data-loss, removal and behaviour.",
    "spec:\n  protected: true\n  approvals: {}",
    Severity.NOTE,
)
POOL_TOO_SMALL = Code(
    "OD336",
    "Node pool too small for the smallest number of replicas",
    "All documents that can only go to these nodes need more GPUs, at their smallest number of replicas, than "
    "the pool has after its reserve. Some pods will wait.\n\n"
    "Lower replicas, add nodes, or choose another GPU for a document.",
    "pools:\n  h100: {gpu: h100-80gb, nodes: 1, gpusPerNode: 8, reserve: 0}   # documents need 12",
    Severity.WARNING,
)

UNUSED_FOLDER = Code(
    "OD337",
    "No environment uses this folder",
    "Documents lie in a folder that no environment extends, so they have no effect anywhere. Folders within an "
    "environment's folder belong to it; all others must be named in `spec.extends`.\n\n"
    "Add the folder to `extends` of the environments that should have it, or remove it.",
    "environments/shared/runtimes.yaml   # and no Environment says extends: [shared]",
    Severity.WARNING,
)
TOOL_VERSION = Code(
    "OD338",
    "This version of opsdecl may not be used",
    "`spec.requires` of the Project says which versions of the tool may compile it, and this is none of them. Other "
    "versions may render other objects from the same specs.\n\n"
    "Install a version that fits, or change `requires` after reviewing a plan.",
    'kind: Project\nspec:\n  requires: ">=9.0"',
)
PARTITION_NAME = Code(
    "OD339",
    "This cannot name a partition",
    "The environment is cut into partitions by owner or by label. The value names folders, locks and field managers, "
    "so it must be short and plain: at most 63 letters, digits, `-`, `_` and `.`. `none` is the partition of documents "
    "that name no other.\n\n"
    "Write a short name, or partition by a label.",
    "partitionBy: owner   # and metadata: {owner: The Assistant Team}",
)
PARTITION_LABEL = Code(
    "OD340",
    "Nothing says which label names the partition",
    "`partitionBy: label` takes the partition of a document from one of its labels, and `partitionLabel` must say from "
    "which one.\n\n"
    "Set `partitionLabel`, or partition by owner.",
    "partitionBy: label   # and no partitionLabel",
)
UNKNOWN_PARTITION = Code(
    "OD341",
    "Unknown partition",
    "No document of the environment is in a partition of this name, and no target holds one.\n\n"
    "Choose one that exists; `none` holds the documents that name no other.",
    "opsdecl plan --env prod --partition team-asist",
)
WATCHES_NOTHING = Code(
    "OD345",
    "The monitor watches nothing",
    "The labels that choose what is watched are those of no LLM or Model in this environment, so no alert would ever "
    "be raised, which looks like all is well.\n\n"
    "Correct the labels, give a model these labels in its metadata, or name the models.",
    "watch: {labels: {tier: glod}}",
)
SCRAPED_TWICE = Code(
    "OD346",
    "Two monitors have one model scraped",
    "Both would fetch the metrics of its pods, and every sum over them, of requests, of tokens, of cost, would be "
    "twice what it is.\n\n"
    "Set `scrape: {enabled: false}` in one of them. Its alerts and its dashboard see what the other has fetched.",
    "kind: Monitor\nspec:\n  watch: {llms: [chat]}   # as in another Monitor",
)
OBJECTIVE_NOT_MEASURED = Code(
    "OD347",
    "An objective that nothing measures",
    "A percentile can only be told from a histogram, and the engine offers none of this latency. The promise stands, "
    "and no alert says when it is broken.\n\n"
    "Measure it in front of the model, at the gateway or in the caller, or promise what the engine measures.",
    "kind: Model\nspec:\n  runtime: triton\n  slo: {latency: {p99: 50ms}}",
    Severity.WARNING,
)
METRICS_OFF = Code(
    "OD348",
    "The watched engine offers no metrics",
    "A flag of the engine decides whether it measures itself at all, and as it is set nothing could be scraped.\n\n"
    "Change the flag as the hint says.",
    "kind: Runtime\nspec:\n  engine: vllm\n  args: {disable-log-stats: true}",
)
ENGINE_NOT_WATCHED = Code(
    "OD349",
    "Nothing is known of this engine's metrics",
    "Which metrics the engine offers, and where, is not known, so the model is neither scraped nor has it alerts.\n\n"
    "Serve it with an engine whose metrics are known, or watch what stands in front of it.",
    "kind: Model\nspec:\n  format: custom",
    Severity.WARNING,
)

CODES: tuple[Code, ...] = (
    UNKNOWN_ENVIRONMENT,
    UNKNOWN_FOLDER,
    EXTENDS_CYCLE,
    UNKNOWN_REFERENCE,
    REFERENCE_CYCLE,
    DUPLICATE_DOCUMENT,
    ENVIRONMENT_NAME,
    OVERLAY_WITHOUT_BASE,
    DELETES_NOTHING,
    DELETE_MISUSED,
    INVALID_EXPRESSION,
    UNKNOWN_VARIABLE,
    EXPRESSION_RESULT,
    UNKNOWN_POOL,
    UNKNOWN_NAMESPACE,
    NAME_CLAIMED_TWICE,
    MOVED_FROM_EXISTING,
    GPU_IN_NO_POOL,
    COUNT_EXCEEDS_NODE,
    QUOTA_EXCEEDED,
    QUOTA_BELOW_MAXIMUM,
    POOL_HAS_OTHER_GPU,
    UNPINNED_MODEL,
    UNPINNED_IMAGE,
    UNUSED_VARIABLE,
    LOCK_MISSING,
    LOCK_MISMATCH,
    UNKNOWN_TARGET,
    TARGETS_COLLIDE,
    NO_APPROVERS,
    POOL_TOO_SMALL,
    UNUSED_FOLDER,
    TOOL_VERSION,
    PARTITION_NAME,
    PARTITION_LABEL,
    UNKNOWN_PARTITION,
    WATCHES_NOTHING,
    SCRAPED_TWICE,
    OBJECTIVE_NOT_MEASURED,
    METRICS_OFF,
    ENGINE_NOT_WATCHED,
)
