"""HTTP through a proxy that the kubeconfig or the environment names, by a client that knows proxies."""

import ssl
from functools import partial

import httpx2

from opsdecl.targets.cluster.connection import CONNECT_TIMEOUT_S, TIMEOUT_S, NoAnswer, Request, Response
from opsdecl.targets.cluster.kubeconfig import Way


class Proxied:
    """Where `way` names no proxy: whatever the environment says, for this address."""

    def __init__(self, address: str, trust: ssl.SSLContext, way: Way, in_flight: int) -> None:
        self._certified = {"sni_hostname": way.server_name} if way.server_name else {}
        self._address = address.rstrip("/")
        self._make = partial(
            httpx2.AsyncClient,
            verify=trust,
            timeout=httpx2.Timeout(TIMEOUT_S, connect=CONNECT_TIMEOUT_S, pool=None),
            limits=httpx2.Limits(max_connections=in_flight, max_keepalive_connections=in_flight),
            proxy=way.proxy or None,
            headers={"User-Agent": "opsdecl", "Accept-Encoding": "gzip"},
        )
        self._http = self._make()
        self._former: list[httpx2.AsyncClient] = []

    async def send(self, request: Request) -> Response:
        """`may_send` is asked before httpx2 is: how long that takes is not ours to bound."""
        if request.may_send is not None:
            request.may_send()
        try:
            response = await self._http.request(
                request.method,
                f"{self._address}{request.target}",
                content=request.body or None,
                headers=dict(request.headers),
                extensions=self._certified,
            )
        except httpx2.TransportError as error:
            raise NoAnswer(str(error) or type(error).__name__) from error
        headers = {name.lower(): value for name, value in response.headers.raw}
        return Response(response.status_code, headers, response.content)

    async def renew(self) -> None:
        self._former.append(self._http)  # Requests of others may still be on their way.
        self._http = self._make()

    async def close(self) -> None:
        for client in (*self._former, self._http):
            await client.aclose()
