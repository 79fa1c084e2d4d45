"""Where fetched weights stay."""

from typing import Any

from opsdecl.compile.lower.names import object_name
from opsdecl.compile.lower.native.parts import PodParts
from opsdecl.compile.lower.native.variables import literal
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Resource, Traced
from opsdecl.spec.kinds.weights import EmptyDirCache, HostPathCache, NoCache, PvcCache, WeightsCache

ROLE = "cache"
CACHE_PATH = "/models/cache"
_PATH = ("spec", "weights", "cache")


def cache_parts(subject: Subject, cache: WeightsCache, *, default_volume: bool = False) -> PodParts:
    """The volume, its mount, and the variable that sends hub downloads there.

    Without a cache the hub's files lie in the home volume; `default_volume` makes a scratch volume instead.
    """
    volume, depends_on = _volume(subject, cache)
    if volume is None:
        if not default_volume:
            return PodParts()
        volume = {"emptyDir": {}}
    return PodParts(
        volumes=({"name": "cache", **volume},),
        mounts=({"name": "cache", "mountPath": CACHE_PATH},),
        env={"HF_HOME": literal(CACHE_PATH)},
        depends_on=depends_on,
    )


def cache_claim(subject: Subject, cache: WeightsCache) -> Resource | None:
    """The claim that is made for the model, protected: a plan that would drop it must say so."""
    if not isinstance(cache, PvcCache) or cache.claim is not None:
        return None
    spec = {
        "accessModes": [traced(cache.access_mode, *_PATH, "accessMode")],
        "storageClassName": traced(cache.storage_class, *_PATH, "storageClass"),
        "resources": {"requests": {"storage": traced(cache.size.text if cache.size else None, *_PATH, "size")}},
    }
    name = object_name(subject.base, ROLE)
    return make_resource(subject, ROLE, "v1", "PersistentVolumeClaim", {"spec": spec}, name=name, protect=True)


def _volume(subject: Subject, cache: WeightsCache) -> tuple[dict[str, Any] | None, tuple[Any, ...]]:
    match cache:
        case NoCache():
            return None, ()
        case EmptyDirCache():
            size = {"sizeLimit": traced(cache.size.text, *_PATH, "size")} if cache.size else {}
            return {"emptyDir": size}, ()
        case HostPathCache():
            return {"hostPath": {"path": traced(cache.path, *_PATH, "path"), "type": "DirectoryOrCreate"}}, ()
        case PvcCache():
            own = cache.claim is None
            name = object_name(subject.base, ROLE) if own else Traced(cache.claim, (*_PATH, "claim"))
            claim = {"persistentVolumeClaim": {"claimName": name}}
            return claim, (subject.shared(ROLE),) if own else ()
