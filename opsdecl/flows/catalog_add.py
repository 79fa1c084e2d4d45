"""`catalog add`: a repository, a folder or a configuration -> one small reviewed file in the project's `catalog/`."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.catalog.architecture_table import load_architectures
from opsdecl.catalog.architectures import Architecture
from opsdecl.catalog.checkpoint import Checkpoint
from opsdecl.catalog.config_reader import architecture_of_config, plain_name
from opsdecl.catalog.entry_types import Added
from opsdecl.diag import Checked, Diagnostic, has_errors
from opsdecl.diag.codes import catalogue as codes
from opsdecl.diag.codes.targets import FILE_EXISTS
from opsdecl.flows.project import CATALOG_FOLDER, project_catalog
from opsdecl.render.canonical import to_yaml
from opsdecl.sizing.checkpoint import weights_gib
from opsdecl.sizing.parameters import parameter_count
from opsdecl.sizing.types import GIB
from opsdecl.spec.types import SourceTree
from opsdecl.targets.files import write_tree
from opsdecl.targets.hub.folder import read_folder
from opsdecl.targets.hub.repository import Repository, read_repository

HUB = "hf://"
NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")
NOT_OF_THE_SHAPE = frozenset(
    {"architectures", "auto_map", "_name_or_path", "transformers_version", "use_cache", "id2label", "label2id"}
    | {"attention_dropout", "hidden_dropout", "embd_pdrop", "resid_pdrop", "attn_pdrop", "initializer_range"}
    | {"task_specific_params", "generation_config", "chat_template", "torchscript", "_commit_hash", "license"}
)
HEAD = "# Written by `opsdecl catalog add`; review it, and add the model again to renew it.\n"
MOST_DIFFERENCE = 0.03
"""Share by which files and configuration may differ: scales of packed weights vary a little."""


class Wanted(Struct, frozen=True):
    """`source` as typed: `hf://org/name[@revision]`, or a path. `today` dates what has no date of its own."""

    source: str
    name: str = ""
    uri: str = ""
    license: str = ""
    token: str | None = None
    replace: bool = False
    today: str = ""


def add_model(tree: SourceTree, root: Path, start: Path, wanted: Wanted) -> Checked[Added]:
    """Writes `catalog/<name>.yaml` below `root`; paths are relative to `start`. Nothing is written after an error."""
    read = _checkpoint(start, wanted)
    if read.value is None:
        return Checked(None, read.diagnostics)
    described = _described(read.value, wanted)
    if described.value is None:
        return Checked(None, described.diagnostics)
    added, entry = described.value
    taken, built_in = _taken(tree, added, wanted)
    findings = (*described.diagnostics, *taken)
    if has_errors(findings):
        return Checked(None, findings)
    text = HEAD + to_yaml({"models": {added.name: entry}})
    try:
        written = write_tree(root, {added.path: text.encode()}, replace=wanted.replace)
    except ValueError:
        hint = "make it a folder of the project: what it leads to belongs to somebody else"
        return Checked(None, (*findings, _unusable(f"`{CATALOG_FOLDER}` leads out of the project", hint)))
    if written.value is None:
        return Checked(None, (*findings, *(_exists(added, found) for found in written.diagnostics)))
    return Checked(replace(added, replaces_built_in=built_in), findings)


def _checkpoint(start: Path, wanted: Wanted) -> Checked[Checkpoint]:
    if wanted.source.startswith(HUB):
        name, _, revision = wanted.source.removeprefix(HUB).partition("@")
        return read_repository(Repository(name, revision, wanted.token))
    if "://" in wanted.source:
        return Checked(None, (_unusable(f"`{wanted.source}` is neither on the hub nor a path"),))
    if not wanted.uri:
        hint = "add --uri with the address that pods read, such as s3://models/chat or hf://org/name"
        return Checked(None, (_unusable("nothing says where pods will find these weights", hint),))
    return read_folder(start / wanted.source, wanted.uri)


def _described(checkpoint: Checkpoint, wanted: Wanted) -> Checked[tuple[Added, Mapping[str, Any]]]:
    """The entry, with findings about the shape."""
    if not isinstance(checkpoint.config.get("model_type"), str):
        hint = "take the config.json that is published with the weights"
        return Checked(None, (_unusable(f"config.json of `{checkpoint.uri}` has no `model_type`", hint),))
    name = wanted.name or plain_name(checkpoint.uri)
    if not NAME.fullmatch(name):
        return Checked(
            None, (_unusable(f"`{name}` cannot name an entry", "use a-z, 0-9, `.` and `-`: --name chat-7b"),)
        )
    config = shape_of(checkpoint.config)
    read = architecture_of_config(config, load_architectures().defaults, name)
    if read.value is None:
        return Checked(None, read.diagnostics)
    added = _added(checkpoint, read.value, name, wanted)
    return Checked(
        (added, _entry(checkpoint, added, config, read.value, wanted)), (*read.diagnostics, *_differs(added))
    )


def shape_of(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The configuration without what has no part in memory: names of classes, token ids, labels, dropout."""
    return {
        key: shape_of(value) if isinstance(value, Mapping) else value
        for key, value in config.items()
        if value is not None and key not in NOT_OF_THE_SHAPE and not key.endswith("_token_id")
    }


def _added(checkpoint: Checkpoint, architecture: Architecture, name: str, wanted: Wanted) -> Added:
    computed, parameters = weights_gib(architecture), parameter_count(architecture)
    plain = architecture.quantization.method == "none" and bool(checkpoint.files)
    weights = sum(file.weights for file in checkpoint.files) / GIB if checkpoint.files else computed
    return Added(
        name=name,
        path=f"{CATALOG_FOLDER}{name}.yaml",
        uri=checkpoint.uri,
        revision=checkpoint.revision,
        license=wanted.license or checkpoint.license or "unknown",
        gated=checkpoint.gated,
        files=len(checkpoint.files),
        weights_gib=max(round(weights, 6), 1e-6),
        parameters=sum(file.numbers for file in checkpoint.files) if plain else parameters,
        reckoned_gib=computed,
        reckoned_parameters=parameters,
        replaces_built_in=False,
    )


def _entry(
    checkpoint: Checkpoint, added: Added, config: Mapping[str, Any], architecture: Architecture, wanted: Wanted
) -> Mapping[str, Any]:
    digests = {file.name: file.digest for file in checkpoint.files if file.digest}
    entry = {
        "uri": added.uri,
        "revision": added.revision,
        "weightsGiB": max(round(added.weights_gib, 3), 0.001),
        "maxPosition": architecture.max_position,
        "parameters": added.parameters,
        "license": added.license,
        "gated": added.gated,
        "config": config,
        "files": {"config.json": checkpoint.config_digest, **checkpoint.extra, **digests},
        "asOf": checkpoint.as_of or wanted.today,
        "source": checkpoint.source,
    }
    return {name: value for name, value in entry.items() if value not in ("", False)}


def _differs(added: Added) -> Iterator[Diagnostic]:
    """Weights in files against weights by configuration; parameters too, where each number is one of them."""
    pairs = (
        ("GiB of weights", added.weights_gib, added.reckoned_gib, 3),
        ("parameters", added.parameters, added.reckoned_parameters, 0),
    )
    for what, found, reckoned, digits in pairs:
        if added.files and abs(found - reckoned) > MOST_DIFFERENCE * reckoned:
            said = f"the files of `{added.uri}` hold {found:,.{digits}f} {what}, the configuration gives "
            hint = "look for layers for drafting or adapters in the files; else take figures of `opsdecl size` as rough"
            yield Diagnostic(codes.TOTAL_DIFFERS, f"{said}{reckoned:,.{digits}f}", hint=hint, subject=added.name)
            return


def _taken(tree: SourceTree, added: Added, wanted: Wanted) -> tuple[tuple[Diagnostic, ...], bool]:
    """A finding where another file of the project has the entry, and whether a built-in one is replaced."""
    catalog = project_catalog(tree).value
    if catalog is None:
        return (), False
    file = catalog.own.get(("models", added.name), added.path)
    built_in = added.name in catalog.models and ("models", added.name) not in catalog.own
    if file == added.path:
        return (), built_in
    said = f"`{file}` has an entry `{added.name}` already"
    return (Diagnostic(codes.ENTRY_TAKEN, said, hint="choose another name with --name, or remove that entry"),), False


def _exists(added: Added, found: Diagnostic) -> Diagnostic:
    if found.code is not FILE_EXISTS:
        return found
    said = f"`{added.path}` is there already and says something else"
    hint = "replace it with --replace and read the difference, or choose another name with --name"
    return Diagnostic(codes.ENTRY_TAKEN, said, hint=hint)


def _unusable(said: str, hint: str = "") -> Diagnostic:
    hint = hint or "name a repository as hf://org/name, a folder with a config.json, or a config.json"
    return Diagnostic(codes.SOURCE_UNUSABLE, said, hint=hint)
