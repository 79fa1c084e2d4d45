"""A server -> a line to it: who it must be, who we are, and whether a proxy is in between."""

import ssl

from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import cluster as codes
from opsdecl.targets.cluster.connection import Connections, MaySend, Request, Response, Transport
from opsdecl.targets.cluster.credentials import login_of, trust_of
from opsdecl.targets.cluster.failures import ClusterError
from opsdecl.targets.cluster.kubeconfig import Server
from opsdecl.targets.cluster.login import Login, Pass

_UNAUTHORIZED = 401


class Line:
    """Requests in our name."""

    def __init__(self, transport: Transport, login: Login) -> None:
        self._transport = transport
        self._login = login

    async def send(
        self,
        method: str,
        target: str,
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
        may_send: MaySend | None = None,
    ) -> Response:
        """Once more with what the login says then, where the server does not know us. Raises NoAnswer, ClusterError
        where we cannot log in, and what `may_send` raises."""
        who = await self._login.present()
        response = await self._transport.send(_signed(method, target, headers, body, may_send, who))
        if response.status != _UNAUTHORIZED:
            return response
        other = await self._login.present(refused=who)
        if other == who:
            return response
        if other.certificate != who.certificate:
            await self._transport.renew()
        return await self._transport.send(_signed(method, target, headers, body, may_send, other))

    async def close(self) -> None:
        await self._transport.close()


def _signed(
    method: str, target: str, headers: tuple[tuple[str, str], ...], body: bytes, may_send: MaySend | None, who: Pass
) -> Request:
    told = (*headers, ("Authorization", who.authorization)) if who.authorization else headers
    return Request(method, target, told, body, may_send)


def connect(server: Server, in_flight: int) -> Line:
    """Raises ClusterError where certificates, credentials or the address cannot be read. Nobody is called yet."""
    trust = trust_of(server)
    login = login_of(server, trust)
    try:
        return Line(_transport(server, trust, in_flight), login)
    except ValueError as error:
        said = f"the address of {server.name} is none: {error}"
        raise ClusterError(Diagnostic(codes.KUBECONFIG_BROKEN, said, hint="kubectl config view")) from None


def _transport(server: Server, trust: ssl.SSLContext, in_flight: int) -> Transport:
    """Connections of our own, but where there is a proxy."""
    if server.is_behind_proxy:
        from opsdecl.targets.cluster.proxied import Proxied

        return Proxied(server.address, trust, server.way, in_flight)
    return Connections(server.address, trust, server.way.server_name)
