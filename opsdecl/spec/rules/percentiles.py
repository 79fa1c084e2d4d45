"""Rules of bounds of a latency by percentile."""

from collections.abc import Iterator
from itertools import pairwise

from opsdecl.diag import SpecPath
from opsdecl.diag.codes import spec as codes
from opsdecl.spec.kinds.objectives import LatencyObjective
from opsdecl.spec.rules.types import Finding


def percentiles(path: SpecPath, objective: LatencyObjective) -> Iterator[Finding]:
    name = ".".join(str(part) for part in path[1:])
    given = [(percentile, value) for percentile, value in objective if value is not None]
    if not given:
        message = f"`{name}` names no percentile"
        yield Finding(codes.ONE_OF_FIELDS, path, message, "add a percentile, such as `p95: 800ms`", True)
    for (lower, less), (upper, more) in pairwise(given):
        if less.seconds > more.seconds:
            message = f"`{name}.{lower}` is {less}, above `{upper}`, which is {more}"
            hint = "a higher percentile is never quicker: exchange the values"
            yield Finding(codes.BOUNDS_REVERSED, (*path, lower), message, hint)
