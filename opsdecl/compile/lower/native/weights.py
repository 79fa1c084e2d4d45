"""Weights of a language model: where the engine finds them, and what brings them there."""

from typing import Any, NamedTuple

from opsdecl.compile.lower.names import text_hash
from opsdecl.compile.lower.native.cache import CACHE_PATH, cache_parts
from opsdecl.compile.lower.native.parts import PodParts, join
from opsdecl.compile.lower.native.security import fetcher_security
from opsdecl.compile.lower.native.trained import trained_parts
from opsdecl.compile.lower.native.variables import from_secret, literal
from opsdecl.compile.lower.native.volumes import HOME
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Traced
from opsdecl.spec.kinds.scalars import ImageReference
from opsdecl.spec.kinds.weights import HubSource, InlineModel, OciSource, PvcSource, S3Source, TrainedSource, Weights

WEIGHTS_PATH = "/models/weights"
_SOURCE = ("spec", "weights", "source")
COPIER = ImageReference.parse("amazon/aws-cli:2.27.0")
"""Copies folders from object stores and skips files that a cache already holds."""


class Facts(NamedTuple):
    """The model as the hub knows it. `gib` is None where nobody said how large it is."""

    repository: str
    revision: Traced | None
    gib: float | None


class Located(NamedTuple):
    """`argument` is what the engine is told to load; `revision` only where it loads from the hub."""

    argument: Traced
    revision: Traced | None
    parts: PodParts


def model_facts(subject: Subject, model: str | InlineModel) -> Facts:
    """What the catalogue or the document says; an entry that is unknown has been reported by the compiler."""
    if isinstance(model, InlineModel):
        revision = traced(model.revision, "model", "revision") if model.revision else None
        published = subject.document.effective.get("model", {}).get("weightsGiB")
        return Facts(_repository(model.uri), revision, model.weights.gib if model.weights else published)
    entry = subject.catalog.models.get(model)
    if entry is None:
        return Facts(model, None, None)
    revision = traced(entry.revision, "model", "revision") if entry.revision else None
    return Facts(_repository(entry.uri), revision, entry.weights_gib)


def locate_weights(subject: Subject, weights: Weights, facts: Facts, image: Any) -> Located:
    """`image` is the engine's, which has a shell."""
    match weights.source:
        case HubSource() as source:
            parts = join((cache_parts(subject, weights.cache), _hub_variables(weights, source)))
            return Located(traced(facts.repository, "model", "uri"), facts.revision, parts)
        case PvcSource() as source:
            return _at_path(_claim(source))
        case OciSource() as source:
            return _at_path(_image(subject, source), source.path)
        case S3Source() as source:
            return _copied(subject, weights, source)
        case TrainedSource():
            made = subject.document.effective["training"]
            return _at_path(trained_parts(made, "weights", WEIGHTS_PATH, image, (*_SOURCE, "training")))


def _repository(uri: str) -> str:
    return uri.removeprefix("hf://")


def _at_path(parts: PodParts, folder: str = "") -> Located:
    path = f"{WEIGHTS_PATH}/{folder.strip('/')}" if folder.strip("/") else WEIGHTS_PATH
    offline = PodParts(env={"HF_HUB_OFFLINE": literal("1")})
    return Located(traced(path, "spec", "weights", "source"), None, join((parts, offline)))


def _hub_variables(weights: Weights, source: HubSource) -> PodParts:
    env: dict[str, Any] = {}
    if source.token is not None:
        env["HF_TOKEN"] = traced(from_secret(source.token), "spec", "weights", "source", "token")
    if source.endpoint is not None:
        env["HF_ENDPOINT"] = traced(literal(source.endpoint), "spec", "weights", "source", "endpoint")
    if weights.offline:
        env["HF_HUB_OFFLINE"] = traced(literal("1"), "spec", "weights", "offline")
    return PodParts(env=env)


def _claim(source: PvcSource) -> PodParts:
    claim = {"claimName": source.claim, "readOnly": source.read_only or None}
    mount = {
        "name": "weights",
        "mountPath": WEIGHTS_PATH,
        "subPath": source.path.strip("/") or None,
        "readOnly": source.read_only or None,
    }
    volume = {"name": "weights", "persistentVolumeClaim": Traced(claim, ("spec", "weights", "source"))}
    return PodParts(volumes=(volume,), mounts=(mount,))


def _image(subject: Subject, source: OciSource) -> PodParts:
    image = traced(subject.image(source.image), "spec", "weights", "source", "image")
    volume = {"name": "weights", "image": {"reference": image, "pullPolicy": "IfNotPresent"}}
    return PodParts(volumes=(volume,), mounts=({"name": "weights", "mountPath": WEIGHTS_PATH, "readOnly": True},))


def _copied(subject: Subject, weights: Weights, source: S3Source) -> Located:
    """The folder's name follows the address, so that a cache never mixes two models."""
    cache = cache_parts(subject, weights.cache, default_volume=True)
    folder = f"{CACHE_PATH}/{text_hash(source.uri)}"
    origin = ("spec", "weights", "source")
    copier = {
        "name": "fetch-weights",
        "image": subject.image(COPIER),
        "args": ["s3", "sync", "--no-progress", traced(source.uri, *origin, "uri"), folder],
        "env": [
            {"name": "AWS_ENDPOINT_URL", "value": traced(source.endpoint, *origin, "endpoint")}
            if source.endpoint
            else None,
            {"name": "HOME", "value": HOME},
        ],
        "envFrom": _credentials(source),
        "volumeMounts": [*cache.mounts, {"name": "home", "mountPath": HOME}, {"name": "tmp", "mountPath": "/tmp"}],
        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "2Gi"}},
        "securityContext": fetcher_security(),
    }
    parts = join((cache, PodParts(env={"HF_HUB_OFFLINE": literal("1")}, init_containers=(copier,))))
    return Located(traced(folder, *origin, "uri"), None, parts)


def _credentials(source: S3Source) -> list[Any] | None:
    if source.credentials is None:
        return None
    secret = {"secretRef": {"name": source.credentials.secret}}
    return [traced(secret, "spec", "weights", "source", "credentials")]
