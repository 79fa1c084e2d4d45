"""OD2xx: the shape of one document."""

from opsdecl.diag.types import Code, Severity

UNKNOWN_KIND = Code(
    "OD201",
    "Unknown kind",
    "The document's `kind` is none that opsdecl knows, so nothing in it can be checked and nothing comes of it.\n\n"
    "Correct the spelling; kinds are written with capitals, such as `LLM` or `Runtime`. `opsdecl explain` lists them.",
    "kind: LLMs",
)
UNKNOWN_FIELD = Code(
    "OD203",
    "Unknown field",
    "The kind has no such field at this place. It would be ignored, and whoever wrote it would believe that it "
    "works.\n\nCorrect the spelling, or move the field to where it belongs; the hint names the most similar one. "
    "`opsdecl explain LLM.spec` lists the fields of a mapping.",
    "spec:\n  reolicas: {count: 2}",
)
MISSING_FIELD = Code(
    "OD204",
    "Missing field",
    "A field that the document cannot do without is not there, in this file or in any layer that it inherits from.\n\n"
    "Add the field here, or in the base that all environments share.",
    "spec:\n  accelerator: {count: 2}   # which GPU?",
)
WRONG_TYPE = Code(
    "OD205",
    "Wrong type of value",
    'The value is of another type than the field takes. Nothing is converted silently: the text `"3"` is not the '
    "number 3, and `1` is not `true`, because a conversion hides mistakes.\n\n"
    "Write the value as the hint shows, mostly by adding or removing quotes.",
    'engine:\n  maxModelLen: "16384"',
)
NOT_A_CHOICE = Code(
    "OD206",
    "Not one of the choices",
    "The field takes one of a few values, and this is none of them.\n\n"
    "Take one of the values in the hint; `opsdecl explain` on the field lists all with what they mean.",
    "rollout: {strategy: blue-green}",
)
OUT_OF_RANGE = Code(
    "OD207",
    "Value out of range",
    "The number is of the right type but outside what can work, such as a share above 1 or less than one GPU.\n\n"
    "Write a number within the bounds that the message names.",
    "engine: {gpuMemoryUtilization: 1.5}",
)
UNKNOWN_BRANCH = Code(
    "OD208",
    "Unknown type",
    "`type` chooses which other fields a mapping has, and it names no type that exists, so those fields cannot be "
    "checked.\n\n"
    "Take one of the types in the hint.",
    "weights:\n  source: {type: gcs, uri: gs://models/chat}",
)
FIELD_OF_OTHER_BRANCH = Code(
    "OD209",
    "Field of another type",
    "The field exists, but for another `type` than the one chosen here, so it would do nothing. This often remains "
    "when the type is changed.\n\n"
    "Remove the field, or choose the type that has it.",
    "weights:\n  source: {type: hub, claim: weights}",
)
BAD_DURATION = Code(
    "OD210",
    "Not a duration",
    "A length of time says its unit, so that seconds are never taken for milliseconds.\n\n"
    "Write numbers with units, larger units first: `800ms`, `30s`, `5m`, `1h30m`.",
    "drain: {longestGeneration: 60}",
)
BAD_QUANTITY = Code(
    "OD211",
    "Not a size",
    "An amount of memory or storage says its unit, so that GiB are never taken for bytes.\n\n"
    "Write a number and a unit as Kubernetes does: `80Gi` (binary: Ki Mi Gi Ti Pi) or `500M` (decimal: k M G T P).",
    "resources: {memory: 64}",
)
BAD_CPU = Code(
    "OD212",
    "Not an amount of CPU",
    'CPU is counted in cores or in thousandths of a core.\n\nWrite `"8"`, `"0.5"` or `500m`.',
    "resources: {cpu: eight}",
)
BAD_PERCENTAGE = Code(
    "OD213",
    "Not a percentage",
    "A share says its sign, so that 0.999 and 99.9 are never confused.\n\n"
    "Write a number from 0 to 100 and the sign: `99.9%`.",
    "slo: {availability: 0.999}",
)
NO_EFFECT = Code(
    "OD214",
    "Field without effect",
    "The field is valid, but something else in the document, its runtime or its environment makes it do nothing. "
    "Whoever wrote it would believe that it works.\n\n"
    "Change the field that decides, which the message names, or remove this one. Where the value was inherited from a "
    "base, it is only a note.",
    "rollout: {strategy: recreate, maxSurge: 1}",
)
BAD_NAME = Code(
    "OD215",
    "Not a valid name",
    "The name becomes part of names in Kubernetes, which refuses others.\n\n"
    "Use lower-case letters, digits and `-`, starting and ending with a letter or digit.",
    "metadata: {name: Chat_Model}",
)
BAD_IMAGE = Code(
    "OD216",
    "Not an image reference",
    "The text cannot be read as an image, so no node could pull it.\n\n"
    "Write `registry/repository:tag`, with `@sha256:…` where the bytes must not move. The repository is in lower case.",
    "image: vllm/vllm-openai:v0.33.0:latest",
)
BAD_DIGEST = Code(
    "OD217",
    "Not a digest",
    "A digest fixes bytes, so one that is cut short or of another algorithm protects nothing.\n\n"
    "Write `sha256:` and all 64 hexadecimal digits, in lower case.",
    "source: {uri: s3://models/fraud/v7, digest: sha256:4f2a}",
)
BAD_URI = Code(
    "OD218",
    "Not a usable address",
    "The address does not name a place that can be read from here: its scheme is unknown, or a part is missing.\n\n"
    "Write it in the form that the hint shows, such as `s3://bucket/path` or `hf://organisation/name`.",
    "source: {uri: models/fraud/v7}",
)
BAD_LABEL = Code(
    "OD219",
    "Not a valid label",
    "Kubernetes refuses labels and annotations whose key or value does not follow its grammar.\n\n"
    "Use letters, digits, `-`, `_` and `.`, at most 63 of them; a key may have a domain in front: `example.com/tier`.",
    'metadata: {labels: {"the tier": gold}}',
)
BAD_ENV_NAME = Code(
    "OD220",
    "Not a valid environment variable name",
    "Containers refuse variables whose name has other characters, and shells cannot read them.\n\n"
    "Use letters, digits and `_`, not starting with a digit.",
    'env: {2FAST: "1"}',
)
BAD_VERSION = Code(
    "OD221",
    "Not a version",
    "The text cannot be compared as a version. Without quotes, YAML reads `1.30` as the number 1.3.\n\n"
    'Write the version in quotes: `"0.33.0"`, or a requirement such as `">=0.1"`.',
    "version: newest",
)
EXCLUSIVE_FIELDS = Code(
    "OD222",
    "Fields that exclude each other",
    "Two fields say different things about the same matter, and only one of them can hold.\n\n"
    "Remove one. Where the other comes from a base, set it to `null` in this layer.",
    "replicas: {count: 2, min: 1, max: 4}",
)
ONE_OF_FIELDS = Code(
    "OD223",
    "One of several fields is needed",
    "The mapping is there but says nothing that could be carried out: one of several fields has to be given.\n\n"
    "Add one of the fields in the hint, or remove the mapping.",
    "chatTemplate: {}",
)
BOUNDS_REVERSED = Code(
    "OD224",
    "Lower bound above the upper bound",
    "Two values bound each other, and the lower one is above the upper one.\n\nExchange them, or move one.",
    "replicas: {min: 6, max: 2}",
)
PARALLELISM_MISMATCH = Code(
    "OD225",
    "Parallelism does not use the GPUs there are",
    "tensor × pipeline × data is the number of GPUs that the engine uses in a replica. With fewer GPUs it does not "
    "start; with more, paid GPUs idle.\n\n"
    "Make the product equal to `accelerator.count`.",
    "accelerator: {gpu: h100-80gb, count: 4}\nparallelism: {tensor: 2}",
)
PARALLELISM_WITHOUT_GPU = Code(
    "OD226",
    "Parallelism without an accelerator",
    "`parallelism` spreads a model over GPUs, and the document asks for none.\n\n"
    "Add an `accelerator`, or remove `parallelism`.",
    "parallelism: {tensor: 2}",
)
WEIGHTS_CANNOT_COME = Code(
    "OD227",
    "Offline without weights",
    "`offline` forbids the engine to ask the hub, the weights come from the hub, and the cache starts empty with every "
    "pod: no pod would ever become ready.\n\n"
    "Keep the weights on a volume that is filled already, use another source, or remove `offline`.",
    "weights:\n  source: {type: hub}\n  offline: true",
)
CACHE_NOT_SHARED = Code(
    "OD228",
    "Cache volume that only one node can mount",
    "Several replicas share one volume, and its access mode lets only one node mount it or nobody write it: the second "
    "replica would hang while its volume is attached.\n\n"
    "Use `ReadWriteMany` and a storage class that offers it, or a cache of each node or pod (`hostPath`, `emptyDir`).",
    "weights:\n  cache: {type: pvc, size: 60Gi, accessMode: ReadWriteOnce}\nreplicas: {count: 2}",
)
MUTABLE_TAG = Code(
    "OD229",
    "Image tag that moves",
    "Without a tag, or with `latest`, the same document means other bytes tomorrow: a plan shows no change, and pods "
    "that restart run something that nobody reviewed.\n\n"
    "Name a version, or add a digest: `@sha256:…`.",
    "image: vllm/vllm-openai:latest",
)
CARD_INCOMPLETE = Code(
    "OD230",
    "High risk without a complete card",
    "A model of risk class `high` must say what it is for and whom to ask, because others have to answer for its "
    "use.\n\nAdd `intendedUse` and `contacts` to the card.",
    "card: {riskClass: high}",
)
NO_ROOM_TO_SCALE = Code(
    "OD231",
    "Scaling target without room to scale",
    "A scaling target makes sense only between a lower and an upper number of replicas; here both are the same.\n\n"
    "Set `max` above `min`, or remove `target`.",
    "replicas: {count: 2, target: {metric: cpu, value: 80}}",
)
DRAIN_TOO_LONG = Code(
    "OD232",
    "Drain that nothing waits for",
    "A pod that leaves is given the longest generation to finish. Nodes that are drained for upgrades wait an hour at "
    "most on managed clusters, and then cut answers off.\n\n"
    "Set `longestGeneration` to an hour or less.",
    "drain: {longestGeneration: 3h}",
    Severity.WARNING,
)
DUPLICATE_ENTRY = Code(
    "OD233",
    "The same entry twice",
    "The list holds an entry twice. The second does nothing, and often another one was meant.\n\n"
    "Remove it, or correct it.",
    "servedNames: [chat, chat]",
)
RESERVED_VARIABLE = Code(
    "OD234",
    "Environment variable that opsdecl sets",
    "The variable is set from a field of the language. Set by hand as well, one value would silently win over the "
    "other.\n\n"
    "Remove the variable and use the field in the hint.",
    'env: {HF_HUB_OFFLINE: "1"}',
)
FLAG_REPEATS_FIELD = Code(
    "OD235",
    "Engine flag that repeats a field",
    "A field of the language sets this flag. Given as a flag, the checks of memory, GPUs and capacity cannot see it, "
    "and the two may disagree.\n\n"
    "Remove the flag and use the field in the hint.",
    "engine: {args: {max-model-len: 16384}}",
)
IMAGE_AND_FORMAT = Code(
    "OD236",
    "Image and format do not go together",
    "A model of format `custom` brings its own server as an image; every other format is served by a runtime, which "
    "has its own image.\n\n"
    "Use `image` with `format: custom`, and `runtime` with all others.",
    "format: sklearn\nimage: registry.example/fraud:1.2",
)
BAD_PATH = Code(
    "OD237",
    "Not a usable path",
    "The text is not a path of the kind that the field takes: a field of an object, a file of this project, or an "
    "absolute path of a node.\n\n"
    "Write it in the form that the hint shows. Files are named relative to the project's root and never outside it.",
    "chatTemplate: {file: ../chat.jinja}",
)
EMPTY_VALUE = Code(
    "OD238",
    "Empty value",
    "The field is there, but its text or list is empty, so it says nothing.\n\n"
    "Write a value, or remove the field; `null` takes back what a lower layer set.",
    'metadata: {name: chat, owner: ""}',
)

CODES: tuple[Code, ...] = (
    UNKNOWN_KIND,
    UNKNOWN_FIELD,
    MISSING_FIELD,
    WRONG_TYPE,
    NOT_A_CHOICE,
    OUT_OF_RANGE,
    UNKNOWN_BRANCH,
    FIELD_OF_OTHER_BRANCH,
    BAD_DURATION,
    BAD_QUANTITY,
    BAD_CPU,
    BAD_PERCENTAGE,
    NO_EFFECT,
    BAD_NAME,
    BAD_IMAGE,
    BAD_DIGEST,
    BAD_URI,
    BAD_LABEL,
    BAD_ENV_NAME,
    BAD_VERSION,
    EXCLUSIVE_FIELDS,
    ONE_OF_FIELDS,
    BOUNDS_REVERSED,
    PARALLELISM_MISMATCH,
    PARALLELISM_WITHOUT_GPU,
    WEIGHTS_CANNOT_COME,
    CACHE_NOT_SHARED,
    MUTABLE_TAG,
    CARD_INCOMPLETE,
    NO_ROOM_TO_SCALE,
    DRAIN_TOO_LONG,
    DUPLICATE_ENTRY,
    RESERVED_VARIABLE,
    FLAG_REPEATS_FIELD,
    IMAGE_AND_FORMAT,
    BAD_PATH,
    EMPTY_VALUE,
)
