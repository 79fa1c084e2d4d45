"""Settings -> the server that they name, as a kubeconfig or a pod's service account describes it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct, field

from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import cluster as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.targets.cluster.failures import ClusterError
from opsdecl.targets.cluster.settings import ClusterSettings

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds who it is."""
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
T = TypeVar("T")


class Cluster(Struct, frozen=True, rename="kebab"):
    """How a server is reached, in the words of a kubeconfig. `tls_server_name` is the name that its certificate must
    have, where that is not the address's own."""

    server: str = "http://localhost:8080"
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    insecure_skip_tls_verify: bool = False
    tls_server_name: str = ""
    proxy_url: str = ""


class Variable(Struct, frozen=True):
    name: str
    value: str


class LoginPlugin(Struct, frozen=True, rename="camel"):
    """A program that gives tokens, of any version of its protocol."""

    api_version: str
    command: str
    env: list[Variable] | None = None
    args: list[str] | None = None
    install_hint: str | None = None


class User(Struct, frozen=True, rename="kebab"):
    """Who we are, in the words of a kubeconfig."""

    exec: LoginPlugin | None = None
    username: str = ""
    password: str = ""
    token: str = ""
    token_file: str = field(default="", name="tokenFile")
    auth_provider: dict[str, Any] | None = None
    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""


class Server(Struct, frozen=True):
    """A cluster as a person knows it, and how it is reached. Names of files are relative to `folder`."""

    name: str
    cluster: Cluster
    user: User = User()
    folder: Path = Path()

    def path(self, file: str) -> Path:
        return self.folder / file

    @property
    def is_behind_proxy(self) -> bool:
        """As the kubeconfig says, or the environment: of which addresses is for the client of proxies to tell."""
        return bool(self.cluster.proxy_url) or any(os.environ.get(name) for name in _PROXIES)


def find_server(settings: ClusterSettings) -> Server:
    """The cluster that the settings name. Raises ClusterError where they name none, or one that nobody knows."""
    if settings.in_cluster:
        return _around_us()
    files = {path: _Kubeconfig(path) for path in _files(settings)}
    known = sorted(name for file in files.values() for name in file.contexts)
    if settings.context is None:
        said = "the target names no `context`, and opsdecl does not take whatever is current"
        raise ClusterError(Diagnostic(codes.NO_CONTEXT, said, hint=_contexts(known)))
    for file in files.values():
        if settings.context in file.contexts:
            return file.server(settings.context)
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


class _Kubeconfig:
    """One file. Raises ClusterError where it is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            found = _parse(path.read_text("utf-8"))
            self.contexts = {row["name"]: row["context"] for row in found["contexts"]}
            self._clusters = {row["name"]: _convert(row["cluster"], Cluster) for row in found["clusters"]}
            self._users = {row["name"]: _convert(row["user"], User) for row in found.get("users") or ()}
        except Exception as error:
            # YAML, missing keys, wrong types: whatever is wrong with it, the file is what a person must look at.
            said = f"{path} is no kubeconfig: {type(error).__name__} {str(error).splitlines()[0] if str(error) else ''}"
            raise ClusterError(Diagnostic(codes.KUBECONFIG_BROKEN, said, hint="kubectl config view")) from None

    def server(self, context: str) -> Server:
        """Raises ClusterError for names that are not there, and for a proxy of a kind that there is no client for."""
        named = self.contexts[context]
        try:
            cluster = self._clusters[named["cluster"]]
            user = self._users[named["user"]] if named.get("user") else User()
        except KeyError as missing:
            said = f"context `{context}` of {self._path} names {missing}, which is not there"
            raise ClusterError(Diagnostic(codes.KUBECONFIG_BROKEN, said, hint="kubectl config view")) from None
        if cluster.proxy_url and not cluster.proxy_url.startswith(("http://", "https://")):
            raise self._strange_proxy(named["cluster"], cluster.proxy_url.partition(":")[0])
        return Server(f"cluster `{context}`", cluster, user, self._path.parent)

    def _strange_proxy(self, cluster: str, kind: str) -> ClusterError:
        said = (
            f"cluster `{cluster}` of {self._path} is behind a proxy of the kind `{kind}`, "
            "and http and https are spoken here"
        )
        return ClusterError(Diagnostic(codes.KUBECONFIG_BROKEN, said, hint="set its proxy-url to an http:// address"))


def _parse(text: str) -> Any:
    import yaml

    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _convert(row: Mapping[str, Any], kind: type[T]) -> T:
    """Raises msgspec.ValidationError. A setting without a value is none."""
    import msgspec

    return msgspec.convert({name: value for name, value in row.items() if value is not None}, kind)


def _around_us() -> Server:
    """The cluster of the pod that we run in."""
    try:
        (SERVICE_ACCOUNT / "token").read_text("utf-8")
        host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    except (OSError, KeyError) as error:
        said = f"there is no service account here: {error}"
        raise ClusterError(Diagnostic(codes.NO_CONTEXT, said, hint="run inside a pod, or set `context`")) from None
    at = f"[{host}]" if ":" in host else host
    cluster = Cluster(server=f"https://{at}:{port}", certificate_authority="ca.crt")
    return Server("the cluster around this pod", cluster, User(token_file="token"), SERVICE_ACCOUNT)
