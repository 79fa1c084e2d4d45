"""What brings the data of a dataset to its volume, or mounts it where it is."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from opsdecl._data import job_script
from opsdecl.compile.lower.native.parts import PodParts
from opsdecl.compile.lower.native.storage import FETCHER, GOOGLE_FOLDER, GOOGLE_KEY
from opsdecl.compile.lower.native.variables import from_secret, literal
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Traced
from opsdecl.spec.kinds.dataset_source import (
    ClaimData,
    DataSource,
    GcsData,
    GitLfsData,
    HttpData,
    HubData,
    OciData,
    S3Data,
)
from opsdecl.spec.kinds.scalars import ImageReference

SOURCE_PATH = "/source"
_SOURCE = ("spec", "source")
_INITIALIZER = "/storage-initializer/scripts/initializer-entrypoint"
GIT = ImageReference.parse("alpine/git:v2.47.2")
"""Has git and its large file storage."""
COPY = 'mkdir -p "$2" && "$1" "$3" "$2" && exec python3 -c "$4" "$2" "$5"'
CLONE = (
    'mkdir -p "$1" && cd "$1" && git init --quiet && git lfs install --local && git remote add origin "$2" && '
    'git fetch --quiet --depth 1 origin "$3" && git checkout --quiet FETCH_HEAD && git lfs pull && rm -rf .git'
)


class Fetch(Struct, frozen=True):
    """A command that fills a folder, its image, and what it needs to reach the source."""

    image: Any
    command: list[Any]
    parts: PodParts = PodParts()
    env_from: list[Any] = field(default_factory=list)


def fetch_of(subject: Subject, source: DataSource, folder: str) -> Fetch | None:
    """None for what is mounted as it is."""
    fetcher = subject.image(FETCHER)
    match source:
        case S3Data():
            return Fetch(fetcher, _copied(source, folder), _endpoint(source), _secret(source))
        case GcsData():
            return Fetch(fetcher, _copied(source, folder), _google(source))
        case HubData():
            revision = Traced(source.revision or "", (*_SOURCE, "revision"))
            command = ["python3", "-c", job_script("fetch_hub"), _at(source.uri.removeprefix("hf://"), "uri")]
            return Fetch(fetcher, [*command, revision, folder], _token(source))
        case HttpData():
            script = ["python3", "-c", job_script("fetch_file")]
            return Fetch(fetcher, [*script, _at(source.url, "url"), folder, _at(source.digest, "digest")])
        case GitLfsData():
            named = [_at(source.url, "url"), _at(source.revision or "HEAD", "revision")]
            return Fetch(subject.image(GIT), ["/bin/sh", "-c", CLONE, "clone", folder, *named])
        case ClaimData() | OciData():
            return None


def mounted(subject: Subject, source: DataSource) -> PodParts:
    """Data that is used where it lies, read-only at `SOURCE_PATH`; nothing for what is fetched."""
    match source:
        case ClaimData():
            volume: dict[str, Any] = {
                "persistentVolumeClaim": {"claimName": _at(source.claim, "claim"), "readOnly": True}
            }
        case OciData():
            image = _at(subject.image(source.image), "image")
            volume = {"image": {"reference": image, "pullPolicy": "IfNotPresent"}}
        case _:
            return PodParts()
    path = source.path.strip("/")
    mount = {
        "name": "source",
        "mountPath": SOURCE_PATH,
        "readOnly": True,
        "subPath": _at(path, "path") if path else None,
    }
    return PodParts(volumes=({"name": "source", **volume},), mounts=(mount,))


def _at(value: Any, name: str) -> Traced:
    return Traced(value, (*_SOURCE, name))


def _copied(source: S3Data | GcsData, folder: str) -> list[Any]:
    check = [job_script("check_folder"), _at(source.digest or "", "digest")]
    return ["/bin/sh", "-c", COPY, "copy", _INITIALIZER, folder, _at(source.uri, "uri"), *check]


def _endpoint(source: S3Data) -> PodParts:
    if source.endpoint is None:
        return PodParts()
    return PodParts(env={"AWS_ENDPOINT_URL": Traced(literal(source.endpoint), (*_SOURCE, "endpoint"))})


def _secret(source: S3Data) -> list[Any]:
    if source.credentials is None:
        return []
    return [{"secretRef": {"name": Traced(source.credentials.secret, (*_SOURCE, "credentials", "secret"))}}]


def _google(source: GcsData) -> PodParts:
    if source.credentials is None:
        return PodParts()
    secret = {"secretName": Traced(source.credentials.secret, (*_SOURCE, "credentials", "secret"))}
    return PodParts(
        volumes=({"name": "credentials", "secret": secret},),
        mounts=({"name": "credentials", "mountPath": GOOGLE_FOLDER, "readOnly": True},),
        env={"GOOGLE_APPLICATION_CREDENTIALS": literal(f"{GOOGLE_FOLDER}/{GOOGLE_KEY}")},
    )


def _token(source: HubData) -> PodParts:
    env: Mapping[str, Any] = (
        {"HF_TOKEN": Traced(from_secret(source.token), (*_SOURCE, "token"))} if source.token is not None else {}
    )
    return PodParts(env=dict(env))
