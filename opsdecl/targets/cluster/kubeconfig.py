"""Settings -> an HTTP client that knows the server, its certificate and our credentials."""

import asyncio
import json
import os
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
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
    import httpx2
    from lightkube.config.kubeconfig import SingleConfig
    from lightkube.config.models import UserExec

TIMEOUT_S = 30.0
CONNECT_TIMEOUT_S = 10.0
_PLUGIN_TIMEOUT_S = 60.0


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
    if way.proxy and not way.proxy.startswith(("http://", "https://")):
        kind = way.proxy.partition(":")[0]
        said = (
            f"cluster `{cluster}` of {path} is behind a proxy of the kind `{kind}`, and http and https are spoken here"
        )
        raise ClusterError(Diagnostic(codes.KUBECONFIG_BROKEN, said, hint="set its proxy-url to an http:// address"))
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


def connect(server: Server, in_flight: int) -> "httpx2.AsyncClient":
    """A client for the server. Raises ClusterError where certificates or credentials cannot be read."""
    import httpx2
    from lightkube.config.client_adapter import user_auth, verify_cluster
    from lightkube.core.exceptions import ConfigError

    config = server.config
    user = config.user
    try:
        auth = plugin_login(user.exec) if user is not None and user.exec else user_auth(user)
        verify = verify_cluster(config.cluster, user or _nobody(), config.abs_file)
    except (ConfigError, OSError, ssl.SSLError, ValueError) as error:
        said = f"the credentials of {server.name} cannot be read: {error}"
        raise ClusterError(Diagnostic(codes.KUBECONFIG_BROKEN, said, hint="kubectl config view")) from None
    return httpx2.AsyncClient(
        base_url=config.cluster.server,
        verify=verify,
        auth=auth,
        timeout=httpx2.Timeout(TIMEOUT_S, connect=CONNECT_TIMEOUT_S, pool=None),
        limits=httpx2.Limits(max_connections=in_flight, max_keepalive_connections=in_flight),
        transport=_transport(verify, server.way),
        proxy=server.way.proxy or None,
        event_hooks={"request": [_certified_as(server.way.server_name)] if server.way.server_name else []},
        headers={"User-Agent": "opsdecl", "Accept": "application/json"},
    )


def _certified_as(name: str) -> Callable[["httpx2.Request"], Awaitable[None]]:
    """The extension is httpx2's own: both transports ask for a certificate of that name."""

    async def hook(request: "httpx2.Request") -> None:
        request.extensions["sni_hostname"] = name

    return hook


def _transport(verify: ssl.SSLContext, way: Way) -> "httpx2.AsyncBaseTransport | None":
    """Connections of our own; None, which is httpx2's, where the kubeconfig or the environment names a proxy."""
    from opsdecl.targets.cluster.connection import Connections

    return None if way.proxy or getproxies() else Connections(verify)


def _nobody() -> Any:
    from lightkube.config.models import User

    return User()


def plugin_login(plugin: "UserExec") -> "httpx2.Auth":
    """Tokens of an exec plugin, of any version of its protocol; asked again when the server says 401."""
    import httpx2

    class Login(httpx2.Auth):
        def __init__(self) -> None:
            self._bearer = ""
            self._asking = asyncio.Lock()

        async def async_auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
            used = self._bearer
            if used:
                request.headers["Authorization"] = used
                response = yield request
                if response.status_code != 401:
                    return
            # Of the requests that meet an expired token at once, one asks for all.
            async with self._asking:
                if self._bearer == used:
                    self._bearer = f"Bearer {await plugin_token(plugin)}"
            request.headers["Authorization"] = self._bearer
            yield request

    return Login()


async def plugin_token(plugin: "UserExec") -> str:
    """Runs the plugin as kubectl does, never interactively. Raises ClusterError where it gives no token."""
    info = {"apiVersion": plugin.apiVersion, "kind": "ExecCredential", "spec": {"interactive": False}}
    environment = {
        **os.environ,
        **{v.name: v.value for v in plugin.env or ()},
        "KUBERNETES_EXEC_INFO": json.dumps(info),
    }
    try:
        process = await asyncio.create_subprocess_exec(
            plugin.command,
            *(plugin.args or ()),
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, said = await asyncio.wait_for(process.communicate(), _PLUGIN_TIMEOUT_S)
        status = json.loads(out)["status"] if process.returncode == 0 else {"token": None}
        if "clientCertificateData" in status and not status.get("token"):
            raise _plugin_failed(plugin, "it answers with a client certificate, and opsdecl takes tokens only")
        token = status["token"]
    except OSError as error:
        raise _plugin_failed(plugin, str(error)) from None
    except TimeoutError:
        process.kill()
        raise _plugin_failed(plugin, f"no answer within {_PLUGIN_TIMEOUT_S:g} s") from None
    except (ValueError, KeyError, TypeError):
        raise _plugin_failed(plugin, "its answer holds no token") from None
    if not token:
        lines = said.decode("utf-8", "replace").strip().splitlines()
        raise _plugin_failed(plugin, lines[-1][:300] if lines else f"exit {process.returncode}")
    return str(token)


def _plugin_failed(plugin: "UserExec", reason: str) -> ClusterError:
    said = f"the login plugin `{plugin.command}` of the kubeconfig failed: {reason}"
    return ClusterError(Diagnostic(codes.CLUSTER_UNAUTHORISED, said, hint=plugin.installHint or "log in again"))
