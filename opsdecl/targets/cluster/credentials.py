"""Who we are to a server, and whom we trust to be it: what lightkube reads, as a header and a context of TLS."""

import asyncio
import json
import os
import ssl
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import cluster as codes
from opsdecl.targets.cluster.failures import ClusterError
from opsdecl.targets.cluster.kubeconfig import Server

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    import httpx2
    from lightkube.config.models import User, UserExec

_PLUGIN_TIMEOUT_S = 60.0
_REFUSED = 401


class Login(Protocol):
    """What a request says of who sends it."""

    async def authorization(self, refused: str | None = None) -> str:
        """The header's value, empty for none. `refused` is one that the server has answered with 401: the same value
        again where there is no other. Raises ClusterError where there is none to be had."""


def login_of(server: Server) -> Login:
    """Raises ClusterError for a way to log in that there is no client for."""
    from lightkube.config.client_adapter import user_auth
    from lightkube.core.exceptions import ConfigError

    config = server.config
    user = config.user or _nobody()
    # lightkube's own knows no plugins of version v1, and does not tell them that nobody is there to type.
    if user.exec:
        return PluginLogin(user.exec)
    if user.token_file:
        user = replace(user, token_file=str(config.abs_file(user.token_file)))
    try:
        return LibraryLogin(server, user_auth(user))
    except ConfigError as error:
        raise unreadable(server, error) from None


class LibraryLogin:
    """A token, a password, or a file whose token somebody else renews: lightkube knows how, and what to do after 401.
    None: nobody in particular, or whom our certificate names."""

    def __init__(self, server: Server, auth: "httpx2.Auth | None") -> None:
        self._server, self._auth = server, auth
        self._value: str | None = "" if auth is None else None

    async def authorization(self, refused: str | None = None) -> str:
        if self._value is None or (self._auth is not None and refused == self._value):
            self._value = await self._ask(refused is not None)
        return self._value

    async def _ask(self, again: bool) -> str:
        import httpx2
        from lightkube.core.exceptions import ConfigError

        assert self._auth is not None
        flow = self._auth.async_auth_flow(httpx2.Request("GET", self._server.address))
        try:
            return await _said(flow, again)
        except (ConfigError, OSError, ValueError) as error:
            raise unreadable(self._server, error) from None
        finally:
            await flow.aclose()


async def _said(flow: "AsyncGenerator[httpx2.Request, httpx2.Response]", again: bool) -> str:
    """What it would put into a request; `again`: into the one after that was refused, or else the same."""
    import httpx2

    request = await anext(flow)
    value = str(request.headers.get("Authorization", ""))
    if not again:
        return value
    try:
        request = await flow.asend(httpx2.Response(_REFUSED))
    except StopAsyncIteration:
        return value
    return str(request.headers.get("Authorization", ""))


class PluginLogin:
    """Tokens of a login plugin; asked again when the server says 401."""

    def __init__(self, plugin: "UserExec") -> None:
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


def trust_of(server: Server) -> ssl.SSLContext:
    """Whose certificates count, and our own. Raises ClusterError where they cannot be read, or one has no key."""
    from lightkube.config.client_adapter import verify_cluster
    from lightkube.core.exceptions import ConfigError

    config = server.config
    try:
        return verify_cluster(config.cluster, config.user or _nobody(), config.abs_file)
    except (ConfigError, OSError, ValueError, TypeError) as error:
        raise unreadable(server, error) from None


def _nobody() -> "User":
    from lightkube.config.models import User

    return User()


def unreadable(server: Server, error: Exception) -> ClusterError:
    said = f"the credentials of {server.name} cannot be read: {error}"
    return ClusterError(Diagnostic(codes.KUBECONFIG_BROKEN, said, hint="kubectl config view"))
