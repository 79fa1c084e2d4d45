"""Who we are to a server, and whom we trust to be it: certificates, tokens, and the programs that give tokens."""

import asyncio
import base64
import json
import os
import ssl
import tempfile
from pathlib import Path
from typing import Protocol

from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import cluster as codes
from opsdecl.targets.cluster.failures import ClusterError
from opsdecl.targets.cluster.kubeconfig import LoginPlugin, Server, User

_PLUGIN_TIMEOUT_S = 60.0


class Login(Protocol):
    """What a request says of who sends it."""

    async def authorization(self, refused: str | None = None) -> str:
        """The header's value, empty for none. `refused` is one that the server has answered with 401: the same value
        again where there is no other. Raises ClusterError where there is none to be had."""


def login_of(server: Server) -> Login:
    """Raises ValueError for a way to log in that there is no client for."""
    user = server.user
    if user.exec is not None:
        return PluginLogin(user.exec)
    if user.token_file:
        return TokenFile(server, server.path(user.token_file))
    if user.auth_provider is not None and not (user.token or user.username):
        raise ValueError("its `auth-provider` is of a kind that Kubernetes has given up; use a login plugin (`exec`)")
    return Fixed(_fixed(user))


def _fixed(user: User) -> str:
    if user.token:
        return f"Bearer {user.token}"
    if user.username and user.password:
        return "Basic " + base64.b64encode(f"{user.username}:{user.password}".encode()).decode()
    return ""


class Fixed:
    def __init__(self, value: str) -> None:
        self._value = value

    async def authorization(self, refused: str | None = None) -> str:
        return self._value


class TokenFile:
    """A token that somebody else renews, as the kubelet does for a pod."""

    def __init__(self, server: Server, path: Path) -> None:
        self._server, self._path = server, path
        self._value = ""

    async def authorization(self, refused: str | None = None) -> str:
        if not self._value or refused == self._value:
            try:
                self._value = f"Bearer {self._path.read_text('utf-8').strip()}"
            except (OSError, ValueError) as error:
                raise unreadable(self._server, error) from None
        return self._value


class PluginLogin:
    """Tokens of a login plugin; asked again when the server says 401."""

    def __init__(self, plugin: LoginPlugin) -> None:
        self._plugin = plugin
        self._value = ""
        self._asking = asyncio.Lock()

    async def authorization(self, refused: str | None = None) -> str:
        if self._value and refused != self._value:
            return self._value
        # Of the requests that meet an expired token at once, one asks for all.
        async with self._asking:
            if not self._value or refused == self._value:
                self._value = f"Bearer {await plugin_token(self._plugin)}"
        return self._value


async def plugin_token(plugin: LoginPlugin) -> str:
    """Runs the plugin as kubectl does, never interactively. Raises ClusterError where it gives no token."""
    info = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": {"interactive": False}}
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


def _plugin_failed(plugin: LoginPlugin, reason: str) -> ClusterError:
    said = f"the login plugin `{plugin.command}` of the kubeconfig failed: {reason}"
    return ClusterError(Diagnostic(codes.CLUSTER_UNAUTHORISED, said, hint=plugin.install_hint or "log in again"))


def trust_of(server: Server) -> ssl.SSLContext:
    """Whose certificates count, and our own. Raises OSError, ssl.SSLError or ValueError where they cannot be read."""
    cluster = server.cluster
    if cluster.certificate_authority_data:
        context = ssl.create_default_context(cadata=_decoded(cluster.certificate_authority_data).decode("ascii"))
    elif cluster.certificate_authority:
        context = ssl.create_default_context(cafile=server.path(cluster.certificate_authority))
    else:
        context = ssl.create_default_context()
        if cluster.insecure_skip_tls_verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
    _certify(context, server)
    return context


def _certify(context: ssl.SSLContext, server: Server) -> None:
    """OpenSSL takes certificates of clients from files only."""
    user = server.user
    if not (user.client_certificate or user.client_certificate_data):
        return
    with tempfile.TemporaryDirectory(prefix="opsdecl-") as folder:
        certificate = _file(server, user.client_certificate_data, user.client_certificate, Path(folder) / "crt")
        key = _file(server, user.client_key_data, user.client_key, Path(folder) / "key")
        context.load_cert_chain(certificate, key)


def _file(server: Server, data: str, name: str, scratch: Path) -> Path:
    """Data goes before the name of a file, as kubectl has it. Raises ValueError where there is neither."""
    if not data:
        if not name:
            raise ValueError("there is a certificate without a key")
        return server.path(name)
    scratch.touch(mode=0o600)
    scratch.write_bytes(_decoded(data))
    return scratch


def _decoded(data: str) -> bytes:
    return base64.b64decode(data)


def unreadable(server: Server, error: Exception) -> ClusterError:
    said = f"the credentials of {server.name} cannot be read: {error}"
    return ClusterError(Diagnostic(codes.KUBECONFIG_BROKEN, said, hint="kubectl config view"))
