"""Who we are to a server, and whom we trust to be it: what lightkube reads, as a header and a context of TLS."""

import ssl
from typing import TYPE_CHECKING

from msgspec.structs import replace

from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import cluster as codes
from opsdecl.targets.cluster.failures import ClusterError
from opsdecl.targets.cluster.kubeconfig import Server
from opsdecl.targets.cluster.login import Login, Pass
from opsdecl.targets.cluster.plugins import PluginLogin

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    import httpx2
    from lightkube.config.models import User

_REFUSED = 401


def login_of(server: Server, trust: ssl.SSLContext) -> Login:
    """`trust` gets the certificates of who logs in by one. Raises ClusterError for a way to log in that there is no
    client for."""
    from lightkube.config.client_adapter import user_auth
    from lightkube.core.exceptions import ConfigError

    config = server.config
    user = config.user or _nobody()
    # lightkube's own knows no plugins of version v1, and does not tell them that nobody is there to type.
    if user.exec:
        return PluginLogin(user.exec, trust)
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
        self._now: Pass | None = Pass() if auth is None else None

    async def present(self, refused: Pass | None = None) -> Pass:
        if self._now is None or (self._auth is not None and refused == self._now):
            self._now = Pass(await self._ask(refused is not None))
        return self._now

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
