"""The pods of a group in their engine's words: which one each is, how many there are, where the first one is."""

from typing import Any

from msgspec.structs import replace

from opsdecl.compile.lower.native.deployment import Server
from opsdecl.compile.types import Traced

ENGINES = frozenset(("vllm", "sglang"))

ADDRESS, INDEX = "$(LWS_LEADER_ADDRESS)", "$(LWS_WORKER_INDEX)"
"""Variables that LeaderWorkerSet gives each container; Kubernetes puts them into arguments. The index since 0.6."""

SGLANG_PORT = 20000
"""Where SGLang's processes find each other; vLLM has a port of its own for it."""

_PATH = ("spec", "accelerator", "nodes")


def leader(engine: str, server: Server, nodes: int) -> Server:
    """The pod that takes requests."""
    return _member(server, [*_common(engine, nodes), "--node-rank=0"])


def worker(engine: str, server: Server, nodes: int) -> Server:
    """It has no server to ask: where its engine ends, the whole group starts again."""
    rank = [f"--node-rank={INDEX}", *(["--headless"] if engine == "vllm" else [])]
    return replace(_member(server, [*_common(engine, nodes), *rank]), ports={}, probes={})


def _member(server: Server, flags: list[str]) -> Server:
    arguments: list[Any] = [*(server.args or ()), *(Traced(flag, _PATH) for flag in flags)]
    return replace(server, args=arguments)


def _common(engine: str, nodes: int) -> list[str]:
    if engine == "sglang":
        return [f"--nnodes={nodes}", f"--dist-init-addr={ADDRESS}:{SGLANG_PORT}"]
    return ["--distributed-executor-backend=mp", f"--nnodes={nodes}", f"--master-addr={ADDRESS}"]
