"""Files for Argo CD and Flux beside the objects, so that a cluster can be pointed at the branch."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from opsdecl.addr import Release
from opsdecl.targets.git.settings import APPLICATION, FLUX, MANIFESTS, GitSettings

_SCP_LIKE = re.compile(r"([^/:\s]+):(?!//)(.+)")


def companions(settings: GitSettings, release: Release, address: str, *, empty: bool) -> dict[str, str]:
    """Text of each file by name. `address` is used where the settings name none; `empty`: the release holds nothing."""
    found = {}
    if settings.argocd is not None:
        url = settings.argocd.get("repository") or without_login(address)
        found[APPLICATION] = _yaml(_application(settings, settings.argocd, release, url, empty=empty))
    if settings.flux is not None:
        url = settings.flux.get("repository") or without_login(address)
        found[FLUX] = "".join(f"---\n{_yaml(part)}" for part in _flux(settings, settings.flux, release, url))
    return found


def needs_address(settings: GitSettings) -> bool:
    """Whether a file would have to name the remote's own address."""
    wanted = (settings.argocd, settings.flux)
    return any(part is not None and not part.get("repository") for part in wanted)


def without_login(address: str) -> str:
    """The address without user and password; the user of ssh stays, since it is part of the name."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or "@" not in parts.netloc:
        return address
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _name(release: Release) -> str:
    return re.sub(r"[^a-z0-9.-]+", "-", str(release).lower()).strip("-.")[:63].rstrip("-.")


def _application(
    settings: GitSettings, argocd: Mapping[str, Any], release: Release, url: str, *, empty: bool
) -> Mapping[str, Any]:
    source = {
        "repoURL": url,
        "targetRevision": settings.branch,
        "path": settings.path(MANIFESTS),
        "directory": {"recurse": True},
    }
    spec: dict[str, Any] = {
        "project": argocd.get("project") or "default",
        "source": source,
        "destination": {"server": argocd.get("server") or "https://kubernetes.default.svc"},
    }
    if argocd.get("automated"):
        # Argo CD refuses to remove everything unless told that nothing is wanted.
        spec["syncPolicy"] = {"automated": {"prune": True, "selfHeal": True, "allowEmpty": empty}}
    metadata = {"name": _name(release), "namespace": argocd.get("namespace") or "argocd"}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata, "spec": spec}


def _flux(settings: GitSettings, flux: Mapping[str, Any], release: Release, url: str) -> tuple[Mapping[str, Any], ...]:
    metadata = {"name": _name(release), "namespace": flux.get("namespace") or "flux-system"}
    interval = str(flux.get("interval") or "5m")
    scp = _SCP_LIKE.fullmatch(url)
    source: dict[str, Any] = {
        "interval": interval,
        "url": f"ssh://{scp.group(1)}/{scp.group(2)}" if scp else url,
        "ref": {"branch": settings.branch},
    }
    if flux.get("secret"):
        source["secretRef"] = {"name": flux["secret"]}
    # One Kustomization: splitting by wave would let Flux prune an object that moves from one wave to the next.
    sync = {
        "interval": interval,
        "path": f"./{settings.path(MANIFESTS)}",
        "prune": True,
        "sourceRef": {"kind": "GitRepository", "name": metadata["name"]},
    }
    return (
        {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": metadata, "spec": source},
        {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": metadata, "spec": sync},
    )


def _yaml(value: Mapping[str, Any]) -> str:
    from opsdecl.render.canonical import to_yaml

    return to_yaml(value)
