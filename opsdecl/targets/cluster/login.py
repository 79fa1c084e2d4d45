"""Who sends a request, as the server is told."""

from typing import Protocol

from msgspec import Struct


class Pass(Struct, frozen=True):
    """`authorization` is a header's value, empty for none. `certificate` is one that a login plugin gave, with its key,
    as PEM: connections are made with it."""

    authorization: str = ""
    certificate: str = ""


class Login(Protocol):
    """A way to get one."""

    async def present(self, refused: Pass | None = None) -> Pass:
        """`refused` is one that the server has answered with 401: the same again where there is no other. Raises
        ClusterError where there is none to be had."""
