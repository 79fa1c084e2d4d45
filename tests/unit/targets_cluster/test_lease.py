"""A hold is let go of, also where its last renewal was cut short and arrived all the same."""

import asyncio
from typing import Any

import pytest

from opsdecl.targets.cluster.failures import StatusError
from opsdecl.targets.cluster.lease import Lock


class Server:
    """One Lease behind optimistic concurrency."""

    def __init__(self, **spec: Any) -> None:
        self.lease: dict[str, Any] = {"metadata": {"resourceVersion": "2"}, "spec": spec}

    async def find(self, path: str) -> dict[str, Any]:
        return self.lease

    async def put(self, path: str, body: dict[str, Any]) -> None:
        if body["metadata"] != self.lease["metadata"]:
            raise StatusError(409, "put", path, {"reason": "Conflict"})
        self.lease = body


@pytest.mark.parametrize(
    ("holder", "transitions", "left"),
    [("ana, process 7", 3, ""), ("ben, process 8", 4, "ben, process 8"), ("ana, process 7", 5, "ana, process 7")],
)
def test_a_hold_that_was_renewed_meanwhile_is_let_go_of_and_no_other(holder: str, transitions: int, left: str) -> None:
    server = Server(holderIdentity=holder, leaseTransitions=transitions)
    spec = {"holderIdentity": "ana, process 7", "leaseTransitions": 3}
    client: Any = server
    lock = Lock(client, "/leases/x", {"metadata": {"resourceVersion": "1"}, "spec": spec}, 0.0, 30)
    asyncio.run(lock.release())
    assert server.lease["spec"]["holderIdentity"] == left
