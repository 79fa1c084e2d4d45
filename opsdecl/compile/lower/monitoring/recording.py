"""What is recorded of a watched model: requests, failures, latencies, tokens, cost. Alerts and dashboards read it."""

from collections.abc import Iterator, Sequence
from typing import Any

from opsdecl.compile.lower.monitoring.series import (
    BY,
    COST,
    COST_OF_TOKENS,
    FAILED,
    LATENCY,
    REQUESTS,
    TOKENS,
    Watched,
    number,
)
from opsdecl.compile.types import Traced

Rule = dict[str, Any]


def recorded(watched: Watched, *, usage: bool) -> Iterator[Rule]:
    """In the order in which they are evaluated: later ones read earlier ones."""
    if watched.signals is None:
        return
    yield _record(REQUESTS, _sum(watched, watched.signals.requests.all))
    # Without the zero a model that never failed has no failures at all, and one that failed just now only the worst.
    failed = _sum(watched, watched.signals.requests.failed)
    yield _record(FAILED, f"({failed}) or 0 * {watched.series(REQUESTS)}")
    yield from _latencies(watched)
    if usage:
        yield from _tokens(watched)
        yield from _cost(watched)


def _record(name: str, expression: object, **labels: str) -> Rule:
    return {"record": name, "expr": expression, **({"labels": labels} if labels else {})}


def _sum(watched: Watched, counters: Sequence[tuple[str, str]]) -> str:
    return " + ".join(watched.rate(metric, matchers) for metric, matchers in counters)


def _latencies(watched: Watched) -> Iterator[Rule]:
    for objective, name in LATENCY.items():
        metric, matchers = watched.signals.latency_of(objective) if watched.signals else ("", "")
        if metric:
            series = watched.series(f"{metric}_bucket", matchers)
            yield _record(name, f"sum by (le, {BY}) (rate({series}[5m]))")


def _tokens(watched: Watched) -> Iterator[Rule]:
    signals = watched.signals
    counters = {"prompt": signals.prompt_tokens, "generation": signals.generation_tokens} if signals else {}
    for kind, metric in counters.items():
        if metric:
            yield _record(TOKENS, watched.rate(metric), kind=kind)


def _cost(watched: Watched) -> Iterator[Rule]:
    """Of the replicas that answer the scraper, at the price of their GPUs; and spread over the tokens of an hour."""
    if watched.hourly is None:
        return
    running = f"count by ({BY}) ({watched.series('up')} == 1)"
    price = Traced(f"{running} * {number(watched.hourly)}", (watched.root, "accelerator"))
    yield _record(COST, price, currency=watched.currency)
    if watched.signals is not None and watched.signals.generation_tokens:
        tokens = f"sum by ({BY}) (avg_over_time({watched.series(TOKENS)}[1h])) * 3600 / 1e6"
        cost = f"sum by ({BY}) (avg_over_time({watched.series(COST)}[1h]))"
        yield _record(COST_OF_TOKENS, f"{cost} / ({tokens} > 0)", currency=watched.currency)
