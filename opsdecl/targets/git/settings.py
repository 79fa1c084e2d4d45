"""Where a release goes in git, as its environment says."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.addr import Release
from opsdecl.diag import Diagnostic
from opsdecl.targets.git.names import branch_problem, folder_problem, remote_problem

HERE = "."
MANIFESTS = "manifests"
RECORD = ".opsdecl/release.json"
PARTITIONS = f"{MANIFESTS}/_partitions"
"""Below the manifests, so that Argo CD and Flux follow one folder whatever moves between partitions."""
PARTITION_RECORDS = ".opsdecl/partitions"
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
    partition: str = ""
    partitioned: bool = False
    """Whether the environment is cut into partitions, of which this may be the unnamed rest."""

    @classmethod
    def from_mapping(cls, settings: Mapping[str, Any], release: Release, *, partitioned: bool = False) -> "GitSettings":
        """From the target's settings as written or with defaults (`Environment.spec.targets.<name>`). Argo CD and Flux
        files belong to the whole target: the unnamed partition writes them."""
        beside = settings if not release.partition else {}
        return cls(
            branch=settings.get("branch") or f"rendered/{release.environment}",
            remote=settings.get("remote") or HERE,
            folder=(settings.get("folder") or "").strip("/"),
            push=bool(settings.get("push")),
            argocd=beside.get("argocd"),
            flux=beside.get("flux"),
            partition=release.partition,
            partitioned=partitioned,
        )

    def of_partition(self, partition: str) -> "GitSettings":
        """The same place for another partition."""
        return replace(self, partition=partition, argocd=None, flux=None)

    @property
    def manifests(self) -> str:
        """The folder of the objects, as a name of the release's territory."""
        return f"{PARTITIONS}/{self.partition}" if self.partition else MANIFESTS

    @property
    def record(self) -> str:
        return f"{PARTITION_RECORDS}/{self.partition}/release.json" if self.partition else RECORD

    def is_ours(self, name: str) -> bool:
        """Whether a file of the territory is this partition's."""
        return bool(self.partition) or not name.startswith(f"{PARTITIONS}/")

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
        beside = () if self.partition else (APPLICATION, FLUX)
        return tuple(self.path(name) for name in (self.manifests, self.record, *beside))
