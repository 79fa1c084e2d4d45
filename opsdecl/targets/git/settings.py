"""Where a release goes in git, as its environment says."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from opsdecl.diag import Diagnostic
from opsdecl.targets.git.names import branch_problem, folder_problem, remote_problem

HERE = "."
MANIFESTS = "manifests"
RECORD = ".opsdecl/release.json"
APPLICATION = "argocd/application.yaml"
FLUX = "flux/sync.yaml"


class GitSettings(Struct, frozen=True):
    """`remote` is a path, an address, the name of a remote, or `.`: the project's own repository.

    A branch of `.` is a local one, unless `push` is set: then it is the branch of the remote `origin`.
    """

    branch: str
    remote: str = HERE
    folder: str = ""
    push: bool = False
    argocd: Mapping[str, Any] | None = None
    flux: Mapping[str, Any] | None = None

    @classmethod
    def from_mapping(cls, settings: Mapping[str, Any], environment: str) -> "GitSettings":
        """From the target's settings as written or with defaults (`Environment.spec.targets.<name>`)."""
        return cls(
            branch=settings.get("branch") or f"rendered/{environment}",
            remote=settings.get("remote") or HERE,
            folder=(settings.get("folder") or "").strip("/"),
            push=bool(settings.get("push")),
            argocd=settings.get("argocd"),
            flux=settings.get("flux"),
        )

    def problems(self) -> tuple[Diagnostic, ...]:
        """Names that git must not be given."""
        found = (branch_problem(self.branch), folder_problem(self.folder), remote_problem(self.remote))
        return tuple(problem for problem in found if problem)

    def path(self, name: str) -> str:
        """A file of the release as a path of the branch."""
        return f"{self.folder}/{name}" if self.folder else name

    @property
    def territory(self) -> tuple[str, ...]:
        """Paths of the branch that belong to the release; what else is there is never touched."""
        return tuple(self.path(name) for name in (MANIFESTS, RECORD, APPLICATION, FLUX))
