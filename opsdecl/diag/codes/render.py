"""OD4xx: names, objects, schemas."""

from opsdecl.diag.types import Code, Severity

SAME_OBJECT_TWICE = Code(
    "OD401",
    "Two documents make the same object",
    "Two resources of the environment have the same kind, namespace and name. In the cluster there is one such object, "
    "so the documents would overwrite each other at every apply.\n\n"
    "Give one of them another metadata.name or metadata.objectName, or put it into another namespace.",
    "kind: LLM\nmetadata: {name: chat}\n---\nkind: Model\nmetadata: {name: chat}   # both want Service chat",
)
UNWRITABLE_VALUE = Code(
    "OD402",
    "A value that no reader keeps as it is",
    "Objects travel as JSON through programs that use doubles and UTF-8. Integers beyond 2^53, infinities and broken "
    "characters would arrive changed, and every later plan would show a difference that nobody made.\n\n"
    "Write the value as text in quotes where the field takes text, or use a smaller number.",
    "engine:\n  args: {seed: 9007199254740993}",
)
NAME_INVALID = Code(
    "OD403",
    "Not a name that Kubernetes accepts",
    "The name of a Service begins with a letter, since it becomes part of an address. The API server refuses anything "
    "else, in the middle of an apply.\n\n"
    "Choose another name, or keep metadata.name and set metadata.objectName.",
    "metadata:\n  name: 7b-chat",
)
SCHEMA_VIOLATION = Code(
    "OD411",
    "An object that Kubernetes would refuse",
    "The rendered object does not fit the schema that Kubernetes publishes for this kind and version: an unknown "
    "field, a missing one, a value of another type, or values that break a rule which an operator's definition writes "
    "in CEL. The API server would refuse it in the middle of an apply.\n\n"
    "Correct the field that the finding points at. Most of the time it is a patch or a value that is passed through.",
    "patches:\n  - target: deployment\n    path: spec.template.spec.hostNetwork\n    value: maybe",
)
SCHEMA_UNKNOWN = Code(
    "OD412",
    "No schema to check this kind with",
    "Kubernetes' own schemas do not describe this kind (it comes from a custom resource definition, or from another "
    "version), so the object was rendered without that check.\n\n"
    "Nothing needs to be done. A server-side dry run is the check that remains.",
    "apiVersion: cert-manager.io/v1\nkind: Certificate",
    Severity.NOTE,
)
VERSION_UNKNOWN = Code(
    "OD413",
    "No schemas for this Kubernetes version",
    "Objects are checked against the published schemas of the cluster's version, and there are none for the one that "
    "the environment names, so unknown fields would only be found by the API server.\n\n"
    "Set spec.kubernetes of the Environment to the version of the cluster, as major.minor.",
    'kind: Environment\nspec:\n  kubernetes: "1.99"',
)
PATCH_TARGET_UNKNOWN = Code(
    "OD421",
    "A patch for an object that is not there",
    "`target` names the role of an object that this document is rendered to, and there is no object of this role in "
    "this environment, so the patch would silently do nothing.\n\n"
    "Use one of the roles that `opsdecl graph` shows for the document, or remove the patch.",
    "patches:\n  - {target: deploymnet, path: spec.paused, value: true, reason: maintenance}",
)
PATCH_PATH_UNKNOWN = Code(
    "OD422",
    "A patch for a field that does not exist",
    "The path does not lead to a field that Kubernetes knows for this kind, or to an item that the object does not "
    "have. A field that nobody knows is dropped or refused by the API server.\n\n"
    "Correct the path. Items of a list are named by index, and the index after the last one appends.",
    "patches:\n  - {target: deployment, path: spec.template.spec.hostNetwrok, value: true, reason: tracing}",
)
PATCH_FORBIDDEN = Code(
    "OD423",
    "A patch may not change this",
    "Names, namespaces, selectors and the labels that opsdecl finds its objects by are what ties an object to its "
    "document. Changing one makes another object, or one that nothing finds again.\n\n"
    "Use metadata.name, metadata.objectName, metadata.namespace or metadata.labels of the document.",
    "patches:\n  - {target: service, path: metadata.name, value: other, reason: rename}",
)
NOT_RENDERED_HERE = Code(
    "OD431",
    "This platform does not render this kind",
    "The environment's platform settings ask for an adapter that cannot render this kind of document, so nothing "
    "would be deployed for it.\n\n"
    "Choose a platform setting that renders it, or leave the document out of this environment.",
    "spec:\n  platform: {routing: none}   # and a Route among the documents",
)
FORMAT_NOT_SERVED = Code(
    "OD432",
    "A model that the engine does not serve",
    "The document's runtime has an engine that cannot load such a model, so the server would start and fail, or never "
    "become ready.\n\n"
    "Name a runtime whose engine serves it, or one with the engine custom and an image of your own.",
    "kind: Model\nspec:\n  format: onnx\n  runtime: mlserver",
)
METRIC_NOT_OFFERED = Code(
    "OD433",
    "A scaling metric that nobody offers",
    "The autoscaler would ask the cluster for a metric that is not there. It then keeps the number of replicas as it "
    "is, however many requests wait.\n\n"
    "Install a metrics adapter and say so in the environment, or scale on a metric that is always there.",
    "platform: {metrics: none}\n---\nreplicas: {min: 1, max: 4, target: {metric: waiting-requests, value: 4}}",
)
METRIC_NOT_EXPORTED = Code(
    "OD496",
    "An engine's metric that no autoscaler gets",
    "The autoscaler of Kubernetes asks the metrics adapter, which takes numbers out of Prometheus by its rules. So the "
    "engine must offer the metric, something must have its pods scraped, and the adapter must have a rule. Where one "
    "of these is missing, the number of replicas stays as it is, however many requests wait, and only the "
    "autoscaler's own conditions tell.\n\n"
    "Let a Monitor watch the model. What rules the adapter needs is in the page on platforms; "
    "`monitoring.adapterMetrics` of the Environment says which it has, and then models are held against it.",
    "platform: {metrics: prometheus-adapter}\n---\n"
    "replicas: {min: 1, max: 4, target: {metric: waiting-requests, value: 4}}   # and no Monitor",
)

TEMPLATE_MISSING = Code(
    "OD434",
    "A chat template that is not there",
    "The document names a file for its chat template, and the project has no such file, so prompts would be put "
    "together with another template than was meant.\n\n"
    "Correct the path, which starts at the root of the project, or add the file.",
    "chatTemplate: {file: environments/base/chat.jnija}",
)
OBJECT_TOO_LARGE = Code(
    "OD440",
    "An object that is too large",
    "Kubernetes takes at most 1 MiB of data in a ConfigMap, and its store little more in any object. A larger one "
    "would be refused when it is applied.\n\n"
    "Divide the document, for example one Monitor for each team.",
    "kind: Monitor\nspec:\n  watch: {labels: {tier: any}}   # hundreds of models",
)
SCRAPED_BY_NOBODY = Code(
    "OD441",
    "Nobody has the watched model scraped",
    "The monitor says that another one fetches the metrics of its models, and of this model none does. Its alerts "
    "would stay silent, and its dashboard empty.\n\n"
    "Remove `scrape: {enabled: false}`, or let another Monitor watch the model.",
    "kind: Monitor\nspec:\n  watch: {llms: [chat]}\n  scrape: {enabled: false}",
)

NODES_NOT_JOINED = Code(
    "OD435",
    "A replica over several nodes, and nothing that joins them",
    "Plain Kubernetes starts, replaces and counts pods one by one. A model over several nodes works only while all its "
    "pods are there, so something must start, restart and update them as one: an operator that the environment does "
    "not name.\n\n"
    "Install LeaderWorkerSet in the cluster and set platform.multiNode of the Environment to leader-worker-set, or let "
    "a replica fit on one node.",
    "platform: {multiNode: none}\n---\naccelerator: {gpu: h100-80gb, count: 8, nodes: 2}",
)
ENGINE_ON_ONE_NODE = Code(
    "OD436",
    "An engine that cannot be spread over nodes here",
    "Each pod of a replica must be told its number, the others' number and where the first one is, in the words of its "
    "engine. Of this engine opsdecl does not know them, so every pod would start a server of its own.\n\n"
    "Use a runtime with the engine vllm or sglang, or let a replica fit on one node.",
    "runtime: own   # engine: custom\naccelerator: {gpu: h100-80gb, count: 8, nodes: 2}",
)
ROLLOUT_OF_NOTHING = Code(
    "OD437",
    "Bounds of a rollout that LeaderWorkerSet refuses",
    "LeaderWorkerSet rounds a percentage of `maxUnavailable` down and one of `maxSurge` up, and refuses bounds that "
    "both come to 0: nothing could be exchanged. A Deployment would let one pod go.\n\n"
    "Write a number of replicas, or leave the choice to opsdecl (`strategy: auto`).",
    "replicas: {count: 2}\nrollout: {strategy: rolling, maxSurge: 0, maxUnavailable: 25%}   # a quarter of 2 is 0",
)

CODES: tuple[Code, ...] = (
    SAME_OBJECT_TWICE,
    UNWRITABLE_VALUE,
    NAME_INVALID,
    SCHEMA_VIOLATION,
    SCHEMA_UNKNOWN,
    VERSION_UNKNOWN,
    PATCH_TARGET_UNKNOWN,
    PATCH_PATH_UNKNOWN,
    PATCH_FORBIDDEN,
    NOT_RENDERED_HERE,
    FORMAT_NOT_SERVED,
    METRIC_NOT_OFFERED,
    METRIC_NOT_EXPORTED,
    TEMPLATE_MISSING,
    OBJECT_TOO_LARGE,
    SCRAPED_BY_NOBODY,
    NODES_NOT_JOINED,
    ENGINE_ON_ONE_NODE,
    ROLLOUT_OF_NOTHING,
)
