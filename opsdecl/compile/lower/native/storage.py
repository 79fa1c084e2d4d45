"""Files of a classic model: what brings them to the folder that its server reads."""

from typing import Any, NamedTuple

from opsdecl.compile.lower.native.parts import PodParts
from opsdecl.compile.lower.native.security import fetcher_security
from opsdecl.compile.lower.native.trained import trained_parts
from opsdecl.compile.lower.native.volumes import HOME
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Traced
from opsdecl.diag import SpecPath
from opsdecl.spec.kinds.model import ModelSource
from opsdecl.spec.kinds.scalars import ImageReference

MODEL_PATH = "/mnt/models"
DIGEST = "opsdecl.dev/source-digest"
GOOGLE_FOLDER = "/var/secrets/google"
GOOGLE_KEY = "gcloud-application-credentials.json"
"""File name of a service account's key within its Secret, as KServe expects it."""

FETCHER = ImageReference.parse("kserve/storage-initializer:v0.20.0")
"""Takes an address and a folder; knows s3, gs, https and hf, single files and folders alike."""

_SOURCE: SpecPath = ("spec", "source")


class _Credentials(NamedTuple):
    env_from: list[Any] | None = None
    env: list[Any] | None = None
    volumes: tuple[dict[str, Any], ...] = ()
    mounts: tuple[dict[str, Any], ...] = ()


def source_parts(
    subject: Subject, source: ModelSource | None, path: SpecPath = _SOURCE, *, image: Any = None
) -> PodParts:
    """Volumes are mounted as they are, images as image volumes; anything else is fetched before the server starts.
    `path` is where the source stands in the document's effective tree; `image` is the server's, which has a shell where
    a training is waited for."""
    if source is not None and source.training is not None:
        made = subject.document.effective["training"]
        return trained_parts(made, "model", MODEL_PATH, image, (*path, "training"))
    if source is None or source.uri is None:
        return PodParts()
    scheme, _, rest = source.uri.partition("://")
    at = (*path, "uri")
    if scheme == "pvc":
        return _claim(rest, at)
    if scheme == "oci":
        reference = Traced(_image(subject, rest), at)
        return _mounted({"image": {"reference": reference, "pullPolicy": "IfNotPresent"}})
    return _fetched(subject, source, source.uri, path)


def source_annotations(source: ModelSource | None) -> dict[str, Any] | None:
    """On the pods: other bytes at the same address must restart them."""
    if source is None or source.digest is None:
        return None
    return {DIGEST: traced(source.digest, *_SOURCE, "digest")}


def _claim(rest: str, at: SpecPath) -> PodParts:
    claim, _, folder = rest.partition("/")
    volume = {"persistentVolumeClaim": {"claimName": Traced(claim, at), "readOnly": True}}
    folder = folder.strip("/")
    return _mounted(volume, Traced(folder, at) if folder else None)


def _mounted(volume: dict[str, Any], folder: Traced | None = None) -> PodParts:
    mount = {"name": "model", "mountPath": MODEL_PATH, "readOnly": True, "subPath": folder}
    return PodParts(volumes=({"name": "model", **volume},), mounts=(mount,))


def _image(subject: Subject, text: str) -> str:
    return subject.image(ImageReference.parse(text))


def _fetched(subject: Subject, source: ModelSource, uri: str, path: SpecPath) -> PodParts:
    credentials = _credentials(source, uri.partition("://")[0], path)
    fetcher = {
        "name": "fetch-model",
        "image": subject.image(FETCHER),
        "args": [Traced(uri, (*path, "uri")), MODEL_PATH],
        "env": [{"name": "HOME", "value": HOME}, *(credentials.env or ())],
        "envFrom": credentials.env_from,
        "volumeMounts": [
            {"name": "model", "mountPath": MODEL_PATH},
            {"name": "home", "mountPath": HOME},
            {"name": "tmp", "mountPath": "/tmp"},
            *credentials.mounts,
        ],
        "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"memory": "2Gi"}},
        "securityContext": fetcher_security(),
    }
    return PodParts(
        volumes=({"name": "model", "emptyDir": {}}, *credentials.volumes),
        mounts=({"name": "model", "mountPath": MODEL_PATH, "readOnly": True},),
        init_containers=(fetcher,),
    )


def _credentials(source: ModelSource, scheme: str, path: SpecPath) -> _Credentials:
    """Google's libraries want a file, the others want variables."""
    if source.credentials is None:
        return _Credentials()
    secret = Traced(source.credentials.secret, (*path, "credentials", "secret"))
    if scheme != "gs":
        return _Credentials(env_from=[{"secretRef": {"name": secret}}])
    return _Credentials(
        env=[{"name": "GOOGLE_APPLICATION_CREDENTIALS", "value": f"{GOOGLE_FOLDER}/{GOOGLE_KEY}"}],
        volumes=({"name": "credentials", "secret": {"secretName": secret}},),
        mounts=({"name": "credentials", "mountPath": GOOGLE_FOLDER, "readOnly": True},),
    )
