"""How a pod leaves: traffic stops, answers end, then the server gets its signal."""

from typing import Any, NamedTuple

from opsdecl.compile.types import Traced
from opsdecl.spec.kinds.serving import Drain

ENDPOINTS = 10
"""Seconds until load balancers have heard that the pod leaves."""

SHUTDOWN = 30
"""Seconds for the server to close after its signal; Kubernetes' own default."""

LLM_DEFAULT = 60
CLASSIC_DEFAULT = 5


class Leaving(NamedTuple):
    lifecycle: dict[str, Any]
    grace_s: Any


def leaving(drain: Drain | None, default_s: int) -> Leaving:
    """Engines cut answers off at SIGTERM, so the signal waits until the longest one has ended.

    `sleep` is done by the kubelet and needs no shell in the image.
    """
    longest = int(-(-drain.longest_generation.seconds // 1)) if drain else default_s
    pause = ENDPOINTS + longest
    path = ("spec", "drain", "longestGeneration")
    lifecycle = {"preStop": {"sleep": {"seconds": Traced(pause, path)}}}
    return Leaving(lifecycle, Traced(pause + SHUTDOWN, path))
