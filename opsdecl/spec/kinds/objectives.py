"""Latencies that are promised or asked for, by percentile."""

from pydantic import Field

from opsdecl.spec.kinds.declare import Part
from opsdecl.spec.kinds.scalars import Duration


class LatencyObjective(Part):
    """Latency that is promised, by percentile."""

    p50: Duration | None = Field(default=None, description="Half of the requests are quicker.")
    p90: Duration | None = Field(default=None, description="Nine in ten requests are quicker.")
    p95: Duration | None = Field(default=None, description="95 in a hundred requests are quicker.")
    p99: Duration | None = Field(default=None, description="99 in a hundred requests are quicker.")
