"""OD1xx: files (101-109), YAML text (110-129), documents of a project (130-149), credentials (150)."""

from opsdecl.diag.types import Code

UNREADABLE = Code(
    "OD101",
    "File cannot be read",
    "A file below `environments/` exists but could not be read. Everything it declares would be missing from the "
    "result, so nothing is concluded without it.\n\n"
    "Give yourself permission to read the file, or take it out of the project.",
    "chmod a+r environments/prod/chat.yaml",
)
LINK = Code(
    "OD102",
    "Links are not followed",
    "A symbolic link may lead out of the project, and git stores only its text, so that a work tree and a commit "
    "would not mean the same. Links below `environments/` are therefore refused, even those that stay inside.\n\n"
    "Put the file where the link is, or share documents between environments with `extends`.",
    "spec:\n  extends: [base]",
)
NOT_A_FILE = Code(
    "OD103",
    "Not a plain file",
    "Pipes, sockets and devices below `environments/` are never opened: reading one may wait for ever.\n\n"
    "Take it out of the project.",
)
FILE_NAME = Code(
    "OD104",
    "File name is not printable text",
    "The name of the file is not UTF-8, or holds control characters. Such a name cannot be shown or written into a "
    "plan safely.\n\nRename the file.",
)
FILE_TOO_LARGE = Code(
    "OD105",
    "File is too large",
    "A spec file is written and read by people; one of several megabytes is generated, or is not a spec. The bound "
    "keeps time and memory small on files that nobody has reviewed yet.\n\n"
    "Split the file, or move what is not a spec out of `environments/`.",
)
PROJECT_TOO_LARGE = Code(
    "OD106",
    "Project is too large",
    "The files below `environments/` are more, or larger in sum, than one project can sensibly hold.\n\n"
    "Split the project, or move what is not a spec out of `environments/`.",
)
NOT_UTF8 = Code(
    "OD107",
    "File is not UTF-8 text",
    "Spec files are UTF-8. Text in UTF-16 or Latin-1 would be read differently by every tool.\n\n"
    "Save the file as UTF-8.",
    "iconv -f utf-16 -t utf-8 chat.yaml > chat.utf8.yaml",
)
CONTROL_CHARACTER = Code(
    "OD108",
    "Control character in the text",
    "Control characters and Unicode's own line separators are invisible, can hide text from a reviewer, and are "
    "refused or read differently by YAML readers.\n\n"
    'Remove the character; where a value needs it, write it as an escape between double quotes, such as `"\\u2028"`.',
)
SYNTAX = Code(
    "OD110",
    "Not valid YAML",
    "The text cannot be read as YAML from this place on. The rest of this document is unknown; other documents and "
    "files are still checked.\n\n"
    "Repair the text at the place shown. Often a character that means something to YAML needs quotes.",
    'title: "chat: the assistant"',
)
TAB = Code(
    "OD111",
    "Tab in the indentation",
    "YAML takes only spaces for indentation: how wide a tab is depends on who looks.\n\n"
    "Replace the tab by spaces; most editors do this for `.yaml` files when asked once.",
)
UNCLOSED = Code(
    "OD112",
    "Quote or bracket is not closed",
    "A quote, bracket or brace begins at the place shown and the matching one was not found where it was needed.\n\n"
    "Close it, or put the value in quotes where the character is meant as text.",
    "accelerator: {gpu: h100-80gb, count: 1}",
)
INDENTATION = Code(
    "OD113",
    "Indentation does not fit",
    "The line begins in a column that belongs to no level above it, so YAML cannot tell what it is part of.\n\n"
    "Align it with the other entries of the mapping or list that it belongs to.",
    "spec:\n  runtime: vllm\n  replicas: {count: 2}",
)
NOT_A_PAIR = Code(
    "OD114",
    "Expected `key: value`",
    "Inside a mapping each line is a key, a colon, a space and a value. Here the colon or the space after it is "
    "missing, or there is one colon too many.\n\n"
    "Write `key: value`; put a value that holds a colon and a space in quotes.",
    'description: "chat: the assistant"',
)
EXPRESSION_QUOTES = Code(
    "OD115",
    "Expression needs quotes here",
    "Between brackets and braces YAML reads the braces of `${{ … }}` as its own, and a colon or `#` inside an "
    "expression may end the value.\n\n"
    "Put the whole value in double quotes; it keeps its type where the expression is all of it.",
    'resources: {cpu: "${{ vars.cpu }}"}',
)
DUPLICATE_KEY = Code(
    "OD116",
    "Key is there twice",
    "A mapping holds the same key twice. YAML readers silently keep one of them, and not all the same one.\n\n"
    "Keep one. Two lists or mappings under one key must be joined by hand.",
)
AMBIGUOUS = Code(
    "OD117",
    "Value means different things to different YAML readers",
    "YAML 1.1 (kubectl, Helm, most Python tools) and YAML 1.2 read this text differently: as another number, as a "
    "boolean or a date, or as text. A spec must mean the same to everybody who reads it.\n\n"
    "Put it in quotes where text is meant; write the number or boolean in its plain form where that is meant.",
    'revision: "0644"\nreplicas: 1000\nenabled: true',
)
NUMBER_RANGE = Code(
    "OD118",
    "Number cannot be kept exactly",
    "Infinite numbers, not-a-number and integers of more than 64 bits have no place in JSON, and so none in a "
    "Kubernetes object.\n\nPut it in quotes where text is meant (a revision, an account), or write another number.",
    'account: "123456789012345678901"',
)
KEY_NOT_TEXT = Code(
    "OD119",
    "Key is not text",
    "Keys of a spec are text. Numbers, booleans, null, lists and mappings are legal YAML keys, but have no "
    "counterpart in JSON.\n\n"
    "Put the key in quotes. A value such as `{{ x }}` is read as a mapping in a mapping: expressions of opsdecl are "
    "written `${{ x }}`.",
    'labels: {"2024": legacy}',
)
TAG = Code(
    "OD120",
    "Tags are not used here",
    "A tag such as `!Secret` or `!!python/object` asks the reader to build something other than plain data. Only "
    "YAML's own `!!str`, `!!int`, `!!float`, `!!bool`, `!!null`, `!!map` and `!!seq` are read, and only on values "
    "that are of that type.\n\nRemove the tag and write the value as plain data.",
)
ALIAS = Code(
    "OD121",
    "Alias has nothing to stand for",
    "`*name` stands for the value marked `&name` earlier in the same document. There is none, or the alias is inside "
    "the very value that it stands for.\n\n"
    "Mark the value with `&name` before it is used, or write the value out.",
    "first: &tolerations [{key: nvidia.com/gpu}]\nsecond: *tolerations",
)
MERGE = Code(
    "OD122",
    "`<<` takes mappings only",
    "`<<: *name` copies the entries of another mapping into this one. What stands here is not a mapping or a list "
    "of mappings.\n\nLet the alias name a mapping, or remove the line.",
    "base: &base {cpu: 1}\nlarge: {<<: *base, memory: 4Gi}",
)
TOO_DEEP = Code(
    "OD123",
    "Nested too deeply",
    "No field of any kind lies this deep. The bound keeps time and memory small on files that nobody has reviewed "
    "yet.\n\nFlatten the value, or keep it as text.",
)
TOO_MUCH = Code(
    "OD124",
    "File holds too many values",
    "Counted with every alias written out, the file holds more values than a project can sensibly use. A few lines of "
    "aliases of aliases can stand for billions.\n\nSplit the file, or use fewer aliases.",
)
SCALAR_TOO_LONG = Code(
    "OD125",
    "Value is too long",
    "A single value of this size does not fit into a Kubernetes object.\n\n"
    "Keep it in a file of its own and name the file, or shorten it.",
)
TOO_MANY_DOCUMENTS = Code(
    "OD126",
    "File holds too many documents",
    "One file holds more documents, or more broken documents, than anyone can review. The rest of it was not read."
    "\n\nSplit the file.",
)
NOT_A_DOCUMENT = Code(
    "OD130",
    "Document is not a mapping",
    "Each document below `environments/` is a mapping with `apiVersion`, `kind` and `metadata`.\n\n"
    "Write it as one, or move a file that is not a spec out of `environments/`.",
    "apiVersion: opsdecl.dev/v1\nkind: Runtime\nmetadata: {name: vllm}\nspec: {engine: vllm}",
)
API_VERSION = Code(
    "OD131",
    "Unknown `apiVersion`",
    "`apiVersion` says which version of the language a document is written in.\n\n"
    "Write `apiVersion: opsdecl.dev/v1`; a document of a newer version needs a newer opsdecl.",
    "apiVersion: opsdecl.dev/v1",
)
KUBERNETES_OBJECT = Code(
    "OD132",
    "Plain Kubernetes object among the specs",
    "`environments/` holds opsdecl's documents; Kubernetes objects are made from them. An object written by hand "
    "would be neither planned nor applied.\n\n"
    "Declare what it does with a kind of opsdecl, use `patches` for a field that the kinds do not model, or keep the "
    "object in another folder and apply it by other means.",
)
KIND = Code(
    "OD133",
    "Kind is missing or not a name",
    "`kind` says what a document declares: LLM, Model, Runtime, Environment, Policy and so on.\n\nAdd it, as text.",
    "kind: LLM",
)
NAME = Code(
    "OD134",
    "Name is missing or not allowed",
    "`metadata.name` identifies a document in plans and history and names its Kubernetes objects: lower-case letters, "
    "digits and dashes, at most 63, beginning and ending with a letter or digit. It is the identity, so it cannot be "
    "computed.\n\nGive the document such a name.",
    "metadata: {name: chat-large}",
)
DECLARED_TWICE = Code(
    "OD135",
    "Declared twice in one folder",
    "Two documents of one folder have the same kind and name. Only folders are layered over each other; within one "
    "there is no order that would say which wins.\n\n"
    "Join them, rename one, or move one to the folder whose values it should change.",
)
NO_PROJECT = Code(
    "OD136",
    "Project is missing",
    "A document of kind Project gives the project its permanent id. Every release, label and record carries it.\n\n"
    "Write `environments/project.yaml`, or let `opsdecl init` do it.",
    "apiVersion: opsdecl.dev/v1\nkind: Project\nmetadata: {name: acme-ml}\nspec: {defaultEnvironment: dev}",
)
PROJECT_TWICE = Code(
    "OD137",
    "More than one Project",
    "A project has one permanent id, so there is exactly one document of kind Project, in `environments/project.yaml`."
    "\n\nRemove the others, or make them projects of their own.",
)
OUTSIDE_FOLDER = Code(
    "OD138",
    "Document is in the wrong folder",
    "Only the Project lies directly in `environments/`. All other documents belong to a folder, an environment or a "
    "shared layer such as `base`; anything else would be part of no environment and without effect.\n\n"
    "Move the file into the folder that it belongs to.",
    "git mv environments/chat.yaml environments/base/chat.yaml",
)
LOCK = Code(
    "OD139",
    "`opsdecl.lock` cannot be read",
    "`opsdecl.lock` is written by opsdecl. It was changed by hand or by a merge and can no longer be read.\n\n"
    "Take either side of the merge and let opsdecl write it again.",
)
CREDENTIAL = Code(
    "OD150",
    "Literal credential in a spec",
    "The text looks like a password, token or private key. Whoever can read the repository, its history or a plan "
    "could use it. It is not printed here, and later checks see `(sensitive)` in its place.\n\n"
    "Revoke it, put a new one into a Secret, and refer to that.",
    "token: {secret: hf-token, key: token}",
)

CODES: tuple[Code, ...] = (
    UNREADABLE,
    LINK,
    NOT_A_FILE,
    FILE_NAME,
    FILE_TOO_LARGE,
    PROJECT_TOO_LARGE,
    NOT_UTF8,
    CONTROL_CHARACTER,
    SYNTAX,
    TAB,
    UNCLOSED,
    INDENTATION,
    NOT_A_PAIR,
    EXPRESSION_QUOTES,
    DUPLICATE_KEY,
    AMBIGUOUS,
    NUMBER_RANGE,
    KEY_NOT_TEXT,
    TAG,
    ALIAS,
    MERGE,
    TOO_DEEP,
    TOO_MUCH,
    SCALAR_TOO_LONG,
    TOO_MANY_DOCUMENTS,
    NOT_A_DOCUMENT,
    API_VERSION,
    KUBERNETES_OBJECT,
    KIND,
    NAME,
    DECLARED_TWICE,
    NO_PROJECT,
    PROJECT_TWICE,
    OUTSIDE_FOLDER,
    LOCK,
    CREDENTIAL,
)
