"""Settings -> the server that they name, as a kubeconfig or a pod's service account describes it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies

from msgspec import Struct

from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import cluster as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.targets.cluster.failures import ClusterError
from opsdecl.targets.cluster.settings import ClusterSettings

if TYPE_CHECKING:
    from lightkube.config.kubeconfig import SingleConfig

_PROXIES = ("http", "https", "socks5", "socks5h")


class Way(Struct, frozen=True):
    """What a kubeconfig says of the way to a server, beside its address: the name that its certificate must have, and
    the proxy in between. Empty: the address's own name, and whatever proxy the environment names."""

    server_name: str = ""
    proxy: str = ""


class Server(Struct, frozen=True):
    """A cluster as a person knows it, and how it is reached."""

    name: str
    config: "SingleConfig"
    way: Way = Way()

    @property
    def address(self) -> str:
        return str(self.config.cluster.server)

    @property
    def is_behind_proxy(self) -> bool:
        """As the kubeconfig says, or the environment: of which addresses is for the client of proxies to tell."""
        return bool(self.way.proxy or getproxies())


def find_server(settings: ClusterSettings) -> Server:
    """The cluster that the settings name. Raises ClusterError where they name none, or one that nobody knows."""
    if settings.in_cluster:
        return Server("the cluster around this pod", _from_service_account())
    files = _files(settings)
    if settings.context is None:
        known = sorted(name for file in files for name in _load(file).contexts)
        said = "the target names no `context`, and opsdecl does not take whatever is current"
        raise ClusterError(Diagnostic(codes.NO_CONTEXT, said, hint=_contexts(known)))
    for file in files:
        found = _load(file)
        if settings.context in found.contexts:
            config = _chosen(found, settings.context, file)
            return Server(f"cluster `{settings.context}`", config, _way(file, config.context.cluster))
    known = sorted(name for file in files for name in _load(file).contexts)
    said = f"no kubeconfig has a context `{settings.context}`"
    raise ClusterError(
        Diagnostic(codes.NO_CONTEXT, said, hint=did_you_mean(settings.context, known) or _contexts(known))
    )


def _contexts(known: list[str]) -> str:
    if not known:
        return "make a kubeconfig with `kubectl config set-context`, or name its file in KUBECONFIG"
    return f"set `context` to one of: {', '.join(known[:10])}"


def _files(settings: ClusterSettings) -> list[Path]:
    named = settings.kubeconfig or os.environ.get("KUBECONFIG") or str(Path("~") / ".kube" / "config")
    paths = [Path(part).expanduser() for part in named.split(os.pathsep) if part]
    return [path for path in paths if path.is_file()]


def _load(path: Path) -> Any:
    from lightkube.config.kubeconfig import KubeConfig

    try:
        return KubeConfig.from_file(path)
    except Exception as error:
        # YAML, missing keys, wrong types: whatever is wrong with it, the file is what a person must look at.
        said = f"{path} is no kubeconfig: {type(error).__name__} {str(error).splitlines()[0] if str(error) else ''}"
        raise ClusterError(Diagnostic(codes.KUBECONFIG_BROKEN, said, hint="kubectl config view")) from None


def _chosen(found: Any, context: str, path: Path) -> "SingleConfig":
    try:
        chosen: SingleConfig = found.get(context)
    except KeyError as missing:
        said = f"context `{context}` of {path} names {missing}, which is not there"
        raise ClusterError(Diagnostic(codes.KUBECONFIG_BROKEN, said, hint="kubectl config view")) from None
    return chosen


def _way(path: Path, cluster: str) -> Way:
    """The settings that lightkube leaves out. Raises ClusterError for a proxy of a kind that there is no client for."""
    from yaml import safe_load

    rows = safe_load(path.read_text("utf-8"))["clusters"]
    settings = next(row["cluster"] for row in rows if row["name"] == cluster)
    way = Way(str(settings.get("tls-server-name") or ""), str(settings.get("proxy-url") or ""))
    kind = way.proxy.partition("://")[0]
    if way.proxy and kind not in _PROXIES:
        said = (
            f"cluster `{cluster}` of {path} is behind a proxy of the kind `{kind}`, which is none of those known here"
        )
        hint = f"set its proxy-url to an address of {', '.join(_PROXIES)}"
        raise ClusterError(Diagnostic(codes.KUBECONFIG_BROKEN, said, hint=hint))
    return way


def _from_service_account() -> "SingleConfig":
    from lightkube.config.kubeconfig import KubeConfig
    from lightkube.core.exceptions import ConfigError

    try:
        found = KubeConfig.from_service_account().get()
    except (ConfigError, KeyError) as error:
        said = f"there is no service account here: {error}"
        raise ClusterError(Diagnostic(codes.NO_CONTEXT, said, hint="run inside a pod, or set `context`")) from None
    assert found is not None
    return found
