"""A folder with a model's files, or a `config.json` alone: the same facts as a repository gives, without network."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opsdecl.catalog import checkpoint as facts
from opsdecl.catalog.checkpoint import Checkpoint, WeightFile
from opsdecl.diag import Checked
from opsdecl.targets.hub import findings
from opsdecl.targets.hub.repository import QUANTIZATION

CHUNK = 8 << 20


def read_folder(path: Path, uri: str) -> Checked[Checkpoint]:
    """`uri` says where pods will find the weights. Digests of weights take one pass over the files."""
    folder = path if path.is_dir() else path.parent
    try:
        data = _bounded(path / "config.json" if path.is_dir() else path, facts.MAX_CONFIG_BYTES)
        config, extra = _with_quantization(folder, facts.json_object(data))
    except OSError as error:
        return Checked(None, (findings.unusable(f"`{path}` cannot be read: {error.strerror or error}"),))
    except ValueError as error:
        return Checked(None, (findings.unusable(f"`{path}` holds no configuration of a model: {error}"),))
    source = "config.json; weights computed from it"
    read: Checked[tuple[WeightFile, ...]] = Checked(())
    if path.is_dir():
        read, source = _weights(folder), "config.json and the headers of the safetensors files"
    if read.value is None:
        return Checked(None, read.diagnostics)
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    return Checked(Checkpoint(uri, config, digest, files=read.value, source=source, extra=extra))


def _with_quantization(folder: Path, config: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    beside = folder / QUANTIZATION
    if "quantization_config" in config or not beside.is_file():
        return config, {}
    data = _bounded(beside, facts.MAX_CONFIG_BYTES)
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    return {**config, "quantization_config": facts.json_object(data)}, {QUANTIZATION: digest}


def _weights(folder: Path) -> Checked[tuple[WeightFile, ...]]:
    names = sorted(file.name for file in folder.iterdir() if file.is_file())
    name = facts.INDEX
    try:
        index = facts.json_object(_bounded(folder / name, facts.MAX_HEADER_BYTES)) if name in names else None
        chosen = facts.weight_files(names, index)
        files = []
        for name in chosen:
            files.append(_weight_file(folder / name))
    except (ValueError, OSError) as error:
        return Checked(None, (findings.broken(str(folder), name, str(error)),))
    if not files:
        return Checked(None, (findings.without_safetensors(str(folder), pickled=facts.has_pickles(names)),))
    return Checked(tuple(files))


def _weight_file(path: Path) -> WeightFile:
    found = hashlib.sha256()
    with open(path, "rb") as file:
        length = facts.header_length(begin := file.read(facts.LENGTH_BYTES))
        header = file.read(length)
        found.update(begin + header)
        while chunk := file.read(CHUNK):
            found.update(chunk)
    return facts.read_header(path.name, f"sha256:{found.hexdigest()}", header, path.stat().st_size)


def _bounded(path: Path, most: int) -> bytes:
    """Raises ValueError for a file that is larger, OSError for one that cannot be read."""
    with open(path, "rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ValueError(f"it is larger than {most:,} bytes")
    return data
