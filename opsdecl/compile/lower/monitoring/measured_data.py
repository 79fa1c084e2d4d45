"""Where a measure's rows come from: volumes, what brings them there, and what its program is told of them."""

from typing import Any

from msgspec import Struct

from opsdecl.compile.lower.native.evaluation_data import files_of
from opsdecl.compile.lower.native.parts import PodParts
from opsdecl.compile.lower.native.security import fetcher_security
from opsdecl.compile.lower.native.storage import FETCHER
from opsdecl.compile.lower.native.training_data import ROOT, parts_of
from opsdecl.compile.lower.native.variables import env_list, from_secret, literal
from opsdecl.compile.lower.native.volumes import HOME
from opsdecl.compile.lower.subject import Subject, UsedDataset
from opsdecl.compile.types import Traced
from opsdecl.diag import SpecPath
from opsdecl.spec.kinds.measure import ClaimLog, CurrentData, HttpLog, ReferenceData, S3Log

CURRENT = "/current"


class Side(Struct, frozen=True):
    """Rows that are compared. `dataset` is the one that is mounted for them, if any."""

    told: dict[str, Any]
    parts: PodParts = PodParts()
    dataset: str = ""


def current_of(subject: Subject, current: CurrentData, path: SpecPath, image: Any) -> Side:
    recent = {"last": current.last.seconds, "time": current.time} if current.last is not None else {}
    used = _used(subject, current.dataset)
    if used is not None:
        return Side(_told(used, current.split) | recent, parts_of(subject, used, image), used.name)
    told = {"files": current.files, "format": current.format, "path": CURRENT} | recent
    match current.log:
        case S3Log() as log:
            return Side(told, _copied(subject, log, (*path, "log")))
        case ClaimLog() as log:
            return Side(told, _mounted(log, (*path, "log")))
        case HttpLog() as log:
            token = {"MEASURE_TOKEN": Traced(from_secret(log.token), (*path, "log", "token"))} if log.token else {}
            return Side({"url": log.url, "format": current.format} | recent, PodParts(env=dict(token)))
    return Side(told)


def reference_of(subject: Subject, reference: ReferenceData | None, current: Side, image: Any) -> Side | None:
    """A dataset that both sides read is mounted once."""
    used = _used(subject, reference.dataset) if reference is not None else None
    if reference is None or used is None:
        return None
    parts = PodParts() if current.dataset == used.name else parts_of(subject, used, image)
    return Side(_told(used, reference.split), parts, used.name)


def _used(subject: Subject, name: str | None) -> UsedDataset | None:
    return next((used for used in subject.datasets if used.name == name), None)


def _told(used: UsedDataset, split: str | None) -> dict[str, Any]:
    return {"path": f"{ROOT}/{used.name}", "files": files_of(used.spec, split), "format": used.spec.format}


def _mounted(log: ClaimLog, path: SpecPath) -> PodParts:
    volume = {"persistentVolumeClaim": {"claimName": Traced(log.claim, (*path, "claim")), "readOnly": True}}
    folder = log.path.strip("/")
    below = Traced(folder, (*path, "path")) if folder else None
    mount = {"name": "current", "mountPath": CURRENT, "subPath": below, "readOnly": True}
    return PodParts(volumes=({"name": "current", **volume},), mounts=(mount,))


def _copied(subject: Subject, log: S3Log, path: SpecPath) -> PodParts:
    """Anew each time, before the program starts."""
    env: dict[str, Any] = {"HOME": literal(HOME)}
    if log.endpoint is not None:
        env["AWS_ENDPOINT_URL"] = Traced(literal(log.endpoint), (*path, "endpoint"))
    secret = Traced(log.credentials.secret, (*path, "credentials", "secret")) if log.credentials is not None else None
    fetcher = {
        "name": "fetch-log",
        "image": subject.image(FETCHER),
        "args": [Traced(log.uri, (*path, "uri")), CURRENT],
        "env": env_list(env),
        "envFrom": [{"secretRef": {"name": secret}}] if secret is not None else None,
        "volumeMounts": [
            {"name": "current", "mountPath": CURRENT},
            {"name": "home", "mountPath": HOME},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
        "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"memory": "2Gi"}},
        "securityContext": fetcher_security(),
    }
    mount = {"name": "current", "mountPath": CURRENT, "readOnly": True}
    return PodParts(volumes=({"name": "current", "emptyDir": {}},), mounts=(mount,), init_containers=(fetcher,))
