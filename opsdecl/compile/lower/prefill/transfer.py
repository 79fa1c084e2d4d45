"""How an engine gives its KV cache to another, and takes one: vLLM's NixlConnector.

https://docs.vllm.ai/en/stable/features/nixl_connector_usage/
"""

from typing import Any

from msgspec.structs import replace

from opsdecl.compile.lower.native.deployment import Server
from opsdecl.compile.lower.native.flags import compact_json, plain_flag
from opsdecl.compile.lower.native.llm import Prepared
from opsdecl.compile.lower.native.parts import PodParts, join
from opsdecl.compile.lower.native.variables import literal
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Traced
from opsdecl.spec.kinds.llm import LLMSpec

ENGINE = "vllm"
CONFIG = "kv-transfer-config"
CONNECTOR = "NixlConnector"
SIDE_CHANNEL = 5600
"""Port on which engines tell each other where their caches lie; vLLM's own default."""
ENGINE_PORT = "engine"
_AT = ("spec", "prefill")


def transferring(subject: Subject, spec: LLMSpec, prepared: Prepared) -> Prepared:
    """The engine with its connector. Both roles have the same: which of them an engine has in a request is the choice
    of whoever sends it."""
    server, parts = prepared.server, prepared.parts
    config = {"kv_connector": CONNECTOR, "kv_role": "kv_both"}
    flag = [] if _is_given(subject, spec) else [Traced(f"--{CONFIG}={compact_json(config)}", _AT)]
    told = PodParts(
        env={
            "VLLM_NIXL_SIDE_CHANNEL_HOST": {"valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            "VLLM_NIXL_SIDE_CHANNEL_PORT": literal(str(SIDE_CHANNEL)),
        }
    )
    ports = {**server.ports, "kv-transfer": SIDE_CHANNEL}
    server = replace(server, args=[*(server.args or ()), *flag], ports=ports)
    # What people set themselves comes last, and wins.
    return prepared._replace(server=server, parts=join((told, parts)))


def moved_to(server: Server, port: int) -> Server:
    """The engine on another port, since something stands before it on its own."""
    own = f"--port={_number(server.ports['http'])}"
    args = [
        Traced(f"--port={port}", _AT) if isinstance(each, Traced) and each.value == own else each
        for each in server.args or ()
    ]
    probes = {name: _asking(probe) for name, probe in server.probes.items()}
    ports = {ENGINE_PORT: port, **{name: number for name, number in server.ports.items() if name != "http"}}
    return replace(server, args=args, ports=ports, probes=probes)


def _asking(probe: dict[str, Any]) -> dict[str, Any]:
    return {**probe, "httpGet": {**probe["httpGet"], "port": ENGINE_PORT}}


def _number(port: Any) -> int:
    return int(port.value if isinstance(port, Traced) else port)


def _is_given(subject: Subject, spec: LLMSpec) -> bool:
    flags = (*spec.engine.args, *(subject.runtime.args if subject.runtime else ()))
    return any(plain_flag(name) == CONFIG for name in flags)
