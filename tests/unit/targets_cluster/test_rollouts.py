"""Which object tells since when a model on KServe is out; what the operators themselves say is tested on a cluster."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

from opsdecl.addr import ObjectKey
from opsdecl.targets.cluster.client import Client
from opsdecl.targets.cluster.rollouts import rolled_out

KEY = ObjectKey("serving.kserve.io/v1alpha2", "LLMInferenceService", "assist", "chat")
SERVICE = "/apis/serving.kserve.io/v1alpha2/namespaces/assist/llminferenceservices/chat"
GROUPS = "/apis/leaderworkerset.x-k8s.io/v1/namespaces/assist/leaderworkersets/chat-kserve-mn"
SINCE = "2026-11-29T10:00:00Z"


class Held:
    """A cluster that holds a few objects."""

    def __init__(self, objects: Mapping[str, Any]) -> None:
        self.objects = objects

    async def find(self, path: str) -> Any:
        return self.objects.get(path)


def seen(spec: Any, **status: Any) -> Any:
    return {"metadata": {"generation": 2}, "spec": spec, "status": {"observedGeneration": 2, **status}}


def told(groups: Any) -> str | None:
    held = {SERVICE: seen({"worker": {"containers": []}}), GROUPS: groups}
    (found,) = asyncio.run(rolled_out(cast("Client", Held(held)), [KEY]))
    return found


def test_of_replicas_over_nodes_the_set_that_kserve_makes_tells() -> None:
    available = {"type": "Available", "status": "True", "lastTransitionTime": SINCE}
    assert told(seen({"replicas": 2}, replicas=2, updatedReplicas=2, conditions=[available])) == SINCE
    assert told(seen({"replicas": 2}, replicas=2, updatedReplicas=1, conditions=[available])) is None, "one is to come"
    assert told(None) is None, "KServe has made nothing yet"
