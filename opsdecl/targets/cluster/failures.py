"""What goes wrong between us and an API server -> what a person is told."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import cluster as codes

NOT_DECLARED = "field not declared in schema"
_FIELD_CONFLICT = "FieldManagerConflict"


class ClusterError(Exception):
    """Ends an operation; the diagnostics say why."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__(diagnostics[0].message)
        self.diagnostics = diagnostics


class FieldConflict(Struct, frozen=True):
    """A field that another manager holds. `path` is the server's: `.spec.containers[name="main"].image`."""

    path: str
    manager: str


class StatusError(Exception):
    """An API server's refusal: a `Status` object under an HTTP status of 400 or more. `in_doubt`: the request, or an
    earlier try of it whose answer was lost, may have been carried out all the same."""

    def __init__(self, code: int, verb: str, path: str, status: Mapping[str, Any], *, in_doubt: bool = False) -> None:
        self.code = code
        self.verb = verb
        self.path = path
        self.status = status
        self.in_doubt = in_doubt
        super().__init__(f"{verb} {path}: {code} {self.message}")

    @property
    def message(self) -> str:
        return str(self.status.get("message") or f"HTTP {self.code}")[:1000]

    @property
    def reason(self) -> str:
        return str(self.status.get("reason") or "")

    @property
    def causes(self) -> Sequence[Mapping[str, Any]]:
        details = self.status.get("details")
        found = details.get("causes") if isinstance(details, Mapping) else None
        return found if isinstance(found, list) else ()

    @property
    def conflicts(self) -> tuple[FieldConflict, ...]:
        """Fields that other managers hold, where that is the refusal."""
        return tuple(
            FieldConflict(str(cause.get("field", "")), _manager(str(cause.get("message", ""))))
            for cause in self.causes
            if cause.get("reason") == _FIELD_CONFLICT
        )

    @property
    def about_kind(self) -> bool:
        """404 of a path that the server does not serve, unlike one of an object that is not there."""
        return self.code == 404 and not (self.status.get("details") or {}).get("name")


def _manager(message: str) -> str:
    """`conflict with "kubectl-edit" using apps/v1` -> `kubectl-edit`."""
    parts = message.split('"')
    return parts[1] if len(parts) > 2 else message


def explain(error: StatusError, where: str) -> Diagnostic:
    """The finding behind a refusal that nobody expected. `where` names the cluster."""
    said = f"{where} answered {error.verb} {error.path.partition('?')[0]} with: {error.message}"
    if error.code == 401:
        return Diagnostic(
            codes.CLUSTER_UNAUTHORISED,
            f"{where} does not accept our credentials: {error.message}",
            hint="log in again, and try: kubectl auth whoami",
        )
    if error.code == 403 and error.reason == "Forbidden":
        return Diagnostic(codes.CLUSTER_FORBIDDEN, f"{where}: {error.message}", hint=_can_i(error))
    if error.code == 429 or error.code >= 500:
        return Diagnostic(codes.CLUSTER_UNREACHABLE, said, hint="the server is not well: try again, and look at it")
    return Diagnostic(codes.CLUSTER_REFUSED, said, hint="look at the object that it names")


def _can_i(error: StatusError) -> str:
    details = error.status.get("details") or {}
    kind = details.get("kind") or "RESOURCE"
    group = f".{details['group']}" if details.get("group") else ""
    return f"ask whoever grants rights; the check is: kubectl auth can-i {error.verb} {kind}{group}"
