"""A repository of the Hugging Face hub, through its own client: facts of the revision, configuration, headers.

Weights are never downloaded: of each file the header is read, by range, and never more than `MAX_HEADER_BYTES`.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from opsdecl.catalog import checkpoint as facts
from opsdecl.catalog.checkpoint import Checkpoint, WeightFile
from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes import catalogue as codes
from opsdecl.targets.hub import findings

TIMEOUT_S = 20.0
FIRST_BYTES = 128 << 10
"""Holds the whole header of most files, so that one request is enough."""
QUANTIZATION = "hf_quant_config.json"


@dataclass(frozen=True, slots=True)
class Repository:
    """`revision` is a branch, a tag or a commit, empty for the newest; without `token` the client takes its own."""

    name: str
    revision: str = ""
    token: str | None = field(default=None, repr=False)

    @property
    def uri(self) -> str:
        return f"hf://{self.name}"


class _Revision(Struct, frozen=True):
    """A commit of a repository: names of its files with their size and digest, where the hub knows them."""

    repository: Repository
    commit: str
    files: Mapping[str, tuple[int | None, str]]
    license: str
    gated: bool
    as_of: str


def read_repository(repository: Repository) -> Checked[Checkpoint]:
    """Every failure is a finding with its cause; no file of the repository is kept on disk."""
    from httpx2 import HTTPError
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    try:
        return _read(_revision(repository))
    except HFValidationError:
        said = f"`{repository.name}` is not the name of a repository"
        return Checked(None, (findings.unusable(said, "write org/name, as in hf://Qwen/Qwen3-8B"),))
    except OfflineModeIsEnabled:
        return Checked(None, (_unreachable("`HF_HUB_OFFLINE` forbids to ask it"),))
    except HfHubHTTPError as error:
        return Checked(None, (_refused(repository, error),))
    except (HTTPError, OSError) as error:
        return Checked(None, (_unreachable(str(error) or type(error).__name__),))


def _revision(repository: Repository) -> _Revision:
    from huggingface_hub import HfApi

    found = HfApi(token=repository.token).model_info(
        repository.name, revision=repository.revision or None, files_metadata=True, timeout=TIMEOUT_S
    )
    card = found.card_data
    stated = card.get("license_name") if card and card.get("license") == "other" else card and card.get("license")
    siblings = (found.siblings or ())[: facts.MAX_FILES * 4]
    return _Revision(
        repository=repository,
        commit=found.sha or "",
        files={s.rfilename: (s.size, f"sha256:{s.lfs.sha256}" if s.lfs else "") for s in siblings},
        license=stated if isinstance(stated, str) else "",
        gated=bool(found.gated),
        as_of=found.last_modified.date().isoformat() if found.last_modified else "",
    )


def _read(revision: _Revision) -> Checked[Checkpoint]:
    uri, names = revision.repository.uri, list(revision.files)
    if "config.json" not in names:
        return Checked(None, (findings.unusable(f"`{uri}` has no config.json"),))
    try:
        data = _fetch(revision, "config.json", facts.MAX_CONFIG_BYTES)
        config, extra = _with_quantization(revision, facts.json_object(data))
    except ValueError as error:
        return Checked(None, (findings.unusable(f"config.json of `{uri}` cannot be used: {error}"),))
    try:
        index = facts.INDEX if facts.INDEX in names else ""
        read = facts.json_object(_fetch(revision, index, facts.MAX_HEADER_BYTES)) if index else None
        chosen = facts.weight_files(names, read)
    except ValueError as error:
        return Checked(None, (findings.broken(uri, facts.INDEX, str(error)),))
    if not chosen:
        return Checked(None, (findings.without_safetensors(uri, pickled=facts.has_pickles(names)),))
    return _with_weights(revision, chosen, lambda files: _checkpoint(revision, config, data, files, extra))


def _with_quantization(revision: _Revision, config: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """Some publishers keep it in a file of its own."""
    if QUANTIZATION not in revision.files or "quantization_config" in config:
        return config, {}
    data = _fetch(revision, QUANTIZATION, facts.MAX_CONFIG_BYTES)
    return {**config, "quantization_config": facts.json_object(data)}, {QUANTIZATION: _digest(data)}


def _with_weights(
    revision: _Revision, chosen: list[str], done: Callable[[tuple[WeightFile, ...]], Checkpoint]
) -> Checked[Checkpoint]:
    files = []
    for name in chosen:
        size, digest = revision.files[name]
        try:
            files.append(facts.read_header(name, digest, _header(revision, name), size))
        except ValueError as error:
            return Checked(None, (findings.broken(revision.repository.uri, name, str(error)),))
    return Checked(done(tuple(files)))


def _checkpoint(
    revision: _Revision, config: Mapping[str, Any], data: bytes, files: tuple[WeightFile, ...], extra: Mapping[str, str]
) -> Checkpoint:
    return Checkpoint(
        uri=revision.repository.uri,
        revision=revision.commit,
        config=config,
        config_digest=_digest(data),
        files=files,
        license=revision.license,
        gated=revision.gated,
        as_of=revision.as_of,
        source="config.json and the headers of the safetensors files at this revision",
        extra=extra,
    )


def _header(revision: _Revision, name: str) -> bytes:
    begin = _get(revision, name, FIRST_BYTES)
    length = facts.header_length(begin)
    end = facts.LENGTH_BYTES + length
    data = begin if len(begin) >= end else _get(revision, name, end)
    if len(data) < end:
        raise ValueError("it ends within its header")
    return data[facts.LENGTH_BYTES : end]


def _fetch(revision: _Revision, name: str, limit: int) -> bytes:
    """A small file, whole. Raises ValueError where it is larger than that."""
    data = _get(revision, name, limit + 1)
    if len(data) > limit:
        raise ValueError(f"it is larger than {limit:,} bytes")
    return data


def _get(revision: _Revision, name: str, most: int) -> bytes:
    """The first bytes of a file. What a server sends beyond them, because it knows no ranges, is not received."""
    from huggingface_hub import get_session, hf_hub_url, hf_raise_for_status
    from huggingface_hub.utils import build_hf_headers

    url = hf_hub_url(revision.repository.name, name, revision=revision.commit)
    headers = {**build_hf_headers(token=revision.repository.token), "range": f"bytes=0-{most - 1}"}
    received = bytearray()
    with get_session().stream("GET", url, headers=headers, timeout=TIMEOUT_S) as response:
        hf_raise_for_status(response)
        for chunk in response.iter_bytes(FIRST_BYTES):
            received += chunk
            if len(received) >= most:
                break
    return bytes(received[:most])


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _refused(repository: Repository, error: Any) -> Diagnostic:
    from huggingface_hub.errors import DisabledRepoError, GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    status = error.response.status_code
    if isinstance(error, GatedRepoError | DisabledRepoError):
        return _closed(repository, status)
    if isinstance(error, RepositoryNotFoundError):
        hint = "correct the name; for a private repository name the variable with its token: --token-env NAME"
        return Diagnostic(codes.REPOSITORY_NOT_FOUND, f"the hub has no repository `{repository.name}`", hint=hint)
    if isinstance(error, RevisionNotFoundError):
        said = f"`{repository.name}` has no revision `{repository.revision}`"
        return Diagnostic(codes.REVISION_NOT_FOUND, said, hint="name a branch, a tag or a commit, or leave `@…` out")
    return _closed(repository, status) if status in (401, 403) else _unreachable(f"it answered {status}")


def _closed(repository: Repository, status: int) -> Diagnostic:
    given = "with the token that was given" if repository.token else "without a token of yours"
    said = f"the hub answered {status} for the files of `{repository.name}`, {given}"
    hint = "accept the licence on its page, then name the variable with your token: --token-env NAME"
    return Diagnostic(codes.REPOSITORY_CLOSED, said, hint=hint)


def _unreachable(reason: str) -> Diagnostic:
    from huggingface_hub import constants

    hint = "check network, proxy and HF_ENDPOINT, or add a folder that holds the files"
    return Diagnostic(codes.HUB_UNREACHABLE, f"{constants.ENDPOINT} gave no answer: {reason}", hint=hint)
