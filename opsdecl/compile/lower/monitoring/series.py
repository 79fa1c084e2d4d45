"""Expressions of PromQL about one watched model, and the names of what is recorded of it."""

from msgspec import Struct

from opsdecl.compile.lower.names import base_name, shorten
from opsdecl.compile.roles import DECODE, PREFILL
from opsdecl.compile.types import CompiledDocument
from opsdecl.compile.watched import Signals

DOCUMENT = "opsdecl_document"
ENVIRONMENT = "opsdecl_environment"
ROLE = "opsdecl_role"
"""Of pods of a model with prefill pods. A request is counted where it is answered, and once."""
"""Labels that every scraped series gets; `sum by` keeps them."""
BY = f"{DOCUMENT}, {ENVIRONMENT}"

REQUESTS = "opsdecl:requests:rate5m"
FAILED = "opsdecl:requests_failed:rate5m"
TOKENS = "opsdecl:tokens:rate5m"
COST = "opsdecl:cost_per_hour"
COST_OF_TOKENS = "opsdecl:cost_per_million_tokens:1h"
LATENCY = {
    "ttft": "opsdecl:ttft_seconds_bucket:rate5m",
    "interTokenLatency": "opsdecl:inter_token_latency_seconds_bucket:rate5m",
    "latency": "opsdecl:latency_seconds_bucket:rate5m",
}
"""Recorded buckets of each latency, by the name of its objective."""
RECORDED = frozenset((REQUESTS, FAILED, TOKENS, COST, COST_OF_TOKENS, *LATENCY.values()))


class Watched(Struct, frozen=True):
    """One watched model. `signals` None: nothing is known of its engine's metrics. `root` is where its facts stand in
    the Monitor's effective tree. `hourly` is the price of a replica's GPUs, where it is known."""

    document: CompiledDocument
    root: str
    environment: str
    signals: Signals | None
    hourly: float | None = None
    currency: str = ""

    @property
    def name(self) -> str:
        """`LLM.chat`."""
        return str(self.document.address)

    @property
    def is_split(self) -> bool:
        return bool(self.document.effective["spec"].get(PREFILL))

    @property
    def base(self) -> str:
        """The base of its objects' names."""
        return shorten(base_name(self.document.model.metadata))

    def series(self, metric: str, *matchers: str) -> str:
        """`vllm:num_requests_waiting{opsdecl_document="LLM.chat",opsdecl_environment="prod"}`."""
        own = (f'{DOCUMENT}="{self.name}"', f'{ENVIRONMENT}="{self.environment}"')
        # What is recorded is summed over roles, of which it then has none.
        role = (f'{ROLE}="{DECODE}"',) if self.is_split and metric not in RECORDED else ()
        return f"{metric}{{{','.join((*own, *role, *(matcher for matcher in matchers if matcher)))}}}"

    def rate(self, metric: str, matchers: str = "", over: str = "5m") -> str:
        """Per second, over all replicas."""
        return f"sum by ({BY}) (rate({self.series(metric, matchers)}[{over}]))"


def number(value: float) -> str:
    """As PromQL reads it, without the noise of binary fractions."""
    return f"{value:.10g}"


def quoted(value: str) -> str:
    """The text as a label's value in an expression."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def duration(seconds: float) -> str:
    """`5m`, `1h`, `3d`, `800ms`: the largest unit that fits without a rest."""
    whole = round(seconds * 1000)
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if whole % size == 0:
            return f"{whole // size}{unit}"
    return f"{whole}ms"
