"""Which stack a release goes to, and where its objects go, as its environment says."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.addr import Release


class PulumiSettings(Struct, frozen=True):
    """`context` names one of the kubeconfig; `directory` takes rendered manifests instead of a cluster. `backend` is a
    URL, empty for whatever Pulumi is logged in to. `refresh`: whether reading looks at the live objects."""

    stack: str
    backend: str = ""
    secrets_provider: str = ""
    context: str = ""
    kubeconfig: str = ""
    namespace: str = ""
    directory: Path | None = None
    refresh: bool = True
    wait_at_most_s: float | None = None
    """Bounds how long an apply waits until an object is ready; None: as long as its own probes and deadlines allow."""
    revisions: int = 20
    """How many revisions are kept."""
    trunk: str = ""
    """The stack of the partition without a name, which those of the others are called after; `stack` where empty."""

    def of(self, partition: str) -> "PulumiSettings":
        """Of another partition of the same environment and target."""
        trunk = self.trunk or self.stack
        return replace(self, stack=stack_of(trunk, partition), trunk=trunk)

    @classmethod
    def from_mapping(
        cls,
        settings: Mapping[str, Any],
        root: Path,
        release: Release,
        namespaces: tuple[str, ...] = (),
        wait_at_most_s: float | None = None,
    ) -> "PulumiSettings":
        """From the target's settings with defaults, the project's folder, `spec.namespaces`, and the setting
        `waitAtMost` in seconds."""
        folder = settings.get("renderYamlToDirectory")
        trunk = settings.get("stack") or release.environment
        return cls(
            stack=stack_of(trunk, release.partition),
            trunk=trunk,
            backend=_absolute(settings.get("backend") or "", root),
            secrets_provider=settings.get("secretsProvider") or "",
            context=settings.get("kubeContext") or "",
            kubeconfig=settings.get("kubeconfig") or "",
            namespace=settings.get("namespace") or next(iter(namespaces), ""),
            directory=(root / folder).resolve() if folder else None,
            refresh=bool(settings.get("refresh", True)),
            wait_at_most_s=wait_at_most_s,
            revisions=settings.get("revisions") or 20,
        )


def stack_of(trunk: str, partition: str) -> str:
    """A stack for each partition."""
    return f"{trunk}-{partition}" if partition else trunk


def _absolute(backend: str, root: Path) -> str:
    """Pulumi would take a relative folder from wherever it runs."""
    scheme, _, path = backend.partition("://")
    if scheme == "file" and path and not path.startswith(("/", "~")):
        return f"file://{(root / path).resolve()}"
    return backend
