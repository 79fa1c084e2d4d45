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
    "Names of Services and labels are DNS labels: lower-case letters, digits and dashes, beginning with a letter, at "
    "most 63 characters. The API server refuses anything else when it is applied.\n\n"
    "Choose such a name, or keep metadata.name and set metadata.objectName.",
    "metadata:\n  objectName: Chat_v2",
)
SCHEMA_VIOLATION = Code(
    "OD411",
    "An object that Kubernetes would refuse",
    "The rendered object does not fit the schema that Kubernetes publishes for this kind and version: an unknown "
    "field, a missing one, or a value of another type. The API server would refuse it in the middle of an apply.\n\n"
    "Correct the field that the finding points at. Most of the time it is a patch or a value that is passed through.",
    "patches:\n  - target: deployment\n    path: spec.template.spec.hostNetwork\n    value: maybe",
)
SCHEMA_UNKNOWN = Code(
    "OD412",
    "No schema to check this kind with",
    "Kubernetes' own schemas do not describe this kind (it comes from a custom resource definition, or from another "
    "version), so the object was rendered without that check.\n\n"
    "Nothing needs to be done. A server-side dry run is the check that remains.",
    "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService",
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
    "Choose a platform setting that renders it (native always does), or leave the document out of this environment.",
    "spec:\n  platform: {serving: kserve}",
)
FORMAT_NOT_SERVED = Code(
    "OD432",
    "A format that the engine does not serve",
    "The model's runtime has an engine that cannot load files of this format, so the server would start and fail, or "
    "never become ready.\n\n"
    "Name a runtime whose engine serves the format, or use format custom with an image of your own.",
    "kind: Model\nspec:\n  format: onnx\n  runtime: mlserver",
)
FLAG_SET_TWICE = Code(
    "OD433",
    "A flag that a field sets as well",
    "A flag of engine.args has a typed field of its own, and both are set. The engine would take one of them, and a "
    "reader of the other would be wrong about what runs.\n\n"
    "Keep the typed field, which is checked and shows up in plans, and remove the flag.",
    "engine:\n  maxModelLen: 8192\n  args: {max-model-len: 4096}",
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
    FLAG_SET_TWICE,
)
