"""OD74x: entries of the catalogue, and adding a model to it."""

from opsdecl.diag.types import Code, Severity

UNKNOWN_ENTRY = Code(
    "OD740",
    "No such entry in the catalogue",
    "`opsdecl catalog show` takes the name of a model, a GPU, a node or an engine. Models are found by their "
    "repository as well, GPUs by the names that drivers and clouds use.\n\n"
    "Correct the name; `opsdecl catalog list --filter TEXT` finds entries by a part of their names.",
    "opsdecl catalog show lama-3.1-8b",
)
SOURCE_UNUSABLE = Code(
    "OD741",
    "Nothing there describes a model",
    "`opsdecl catalog add` reads a repository of the hub (`hf://org/name`, with `@revision` behind it where it is not "
    "the newest), a folder with a `config.json`, or a `config.json` alone. The configuration must be one JSON object "
    "with a `model_type`.\n\n"
    "Name what is published with the weights. For a folder or a file say with `--uri` where pods find the weights.",
    "opsdecl catalog add hf://llama",
)
REPOSITORY_NOT_FOUND = Code(
    "OD742",
    "Repository is not on the hub",
    "The hub has no repository of that name, or hides it: without access a private repository looks like none.\n\n"
    "Correct the name. For a private repository name the variable that holds a token, with `--token-env`.",
    "opsdecl catalog add hf://acme/chta",
)
REVISION_NOT_FOUND = Code(
    "OD743",
    "Repository has no such revision",
    "What stands behind `@` is a branch, a tag or a commit. The repository has none of that name.\n\n"
    "Correct the revision, or leave it out: the newest commit is taken then, and written down.",
    "opsdecl catalog add hf://acme/chat@v9",
)
REPOSITORY_CLOSED = Code(
    "OD744",
    "Hub does not hand out the files",
    "The repository is gated or private: its files go to accounts that accepted the licence. The hub answered 401 or "
    "403, so the token is missing, wrong, or belongs to an account without access.\n\n"
    "Accept the licence on the repository's page, then name the variable that holds the token, with `--token-env "
    "NAME`; without it the hub library's own `HF_TOKEN` is used.",
    "opsdecl catalog add hf://meta-llama/Llama-3.1-8B-Instruct",
)
HUB_UNREACHABLE = Code(
    "OD745",
    "Hub cannot be reached",
    "No answer came from the hub, or one that is none: no network, a wrong `HF_ENDPOINT`, a proxy, or a fault over "
    "there. Nothing was written.\n\n"
    "Try again, or download `config.json` and the weights elsewhere and add the folder.",
    "HF_ENDPOINT=https://hub.acme.example opsdecl catalog add hf://acme/chat",
)
NO_SAFETENSORS = Code(
    "OD746",
    "Repository has no safetensors files",
    "The weights are pickled (`.bin`, `.pt`) or in another format. Loading a pickle runs whatever its author put in, "
    "and its sizes cannot be read without loading it, so none is added.\n\n"
    "Use a repository with safetensors, or convert the weights and publish them in one of your own.",
    "opsdecl catalog add hf://acme/old-chat   # pytorch_model.bin",
)
WEIGHTS_UNREADABLE = Code(
    "OD747",
    "Header of a weight file is broken",
    "A safetensors file begins with the size of its header and the header: names, shapes and places of all tensors. "
    "This one is cut off, no JSON, larger than any header can be, or says what cannot be.\n\n"
    "Do not use these weights. Fetch or publish the file again, and compare its digest with the publisher's.",
    "opsdecl catalog add ./weights --uri s3://acme/chat",
)
TOTAL_DIFFERS = Code(
    "OD748",
    "Weights are not as large as the configuration says",
    "The sizes in the headers and those that follow from the configuration's layers and widths differ by more than a "
    "few per cent. Either the files hold something else besides (layers for drafting, adapters), or the family is "
    "reckoned wrongly, and then every figure of `opsdecl size` is off as well.\n\n"
    "Look at the two numbers. The entry holds the size of the files.",
    "opsdecl catalog add hf://acme/chat",
    Severity.WARNING,
)
ENTRY_TAKEN = Code(
    "OD749",
    "Catalogue file of that name is there already",
    "`opsdecl catalog add` writes one file for each model and never overwrites one that says something else; an entry "
    "that another file of the project has would be hidden.\n\n"
    "Choose another name with `--name`, or replace the entry with `--replace` and read the difference in git.",
    "opsdecl catalog add hf://acme/chat",
)

CODES = (
    UNKNOWN_ENTRY,
    SOURCE_UNUSABLE,
    REPOSITORY_NOT_FOUND,
    REVISION_NOT_FOUND,
    REPOSITORY_CLOSED,
    HUB_UNREACHABLE,
    NO_SAFETENSORS,
    WEIGHTS_UNREADABLE,
    TOTAL_DIFFERS,
    ENTRY_TAKEN,
)
