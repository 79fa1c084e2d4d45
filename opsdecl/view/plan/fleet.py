"""What a change means for pods and money, in lines: the rollout, the cost of a month; and both over all documents."""

from collections.abc import Mapping, Sequence

from opsdecl.diff.types import FleetTotals, MonthlyCost, Plan, RolloutForecast, RunChange
from opsdecl.view.plan.models import ModelLine, Tone
from opsdecl.view.words import count, listed, span_of

_NAMED, _WAVES = 3, 4
SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
_WORDS = {
    "one-more": "a new pod starts before an old one stops",
    "one-less": "an old pod stops before a new one starts",
    "recreate": "all pods stop before the new ones start",
    "rolling": "as `rollout` says",
    "scale": "pods are added or taken away, none is exchanged",
}
_STOPS: dict[str, tuple[str, Tone]] = {
    "may-stop": ("may stop", "doubtful"),
    "stops": ("stops", "bad"),
    "cannot-finish": ("cannot finish", "bad"),
}


def run_lines(run: RunChange) -> list[ModelLine]:
    return [*rollout_lines(run), *_cold_start(run), *_cost(run)]


def rollout_lines(run: RunChange | None) -> list[ModelLine]:
    rows = ((run.rollout, "rollout"), (run.prefill_rollout, "prefill pods")) if run is not None else ()
    return [_rollout(forecast, name) for forecast, name in rows if forecast is not None]


def fleet_rows(plan: Plan) -> list[tuple[str, str]]:
    """The order of rollouts where one waits for another; GPUs and cost of the environment, where either changes."""
    return [*(("rollouts", text) for text in rollout_order(plan)), *_totals(plan)]


def rollout_order(plan: Plan) -> list[str]:
    """Which rollouts wait for which, by pools, which know nothing of each other; nothing where all begin at once."""
    pools: dict[tuple[str, ...], dict[int, list[str]]] = {}
    for run in plan.runs:
        for forecast, suffix in ((run.rollout, ""), (run.prefill_rollout, " (prefill)")):
            if forecast is not None and forecast.wave:
                waves = pools.setdefault(forecast.pools, {})
                waves.setdefault(forecast.wave, []).append(f"{run.address.partition('.')[2]}{suffix}")
    return [_in_order(pool, waves) for pool, waves in sorted(pools.items()) if len(waves) > 1]


def _in_order(pool: tuple[str, ...], waves: Mapping[int, Sequence[str]]) -> str:
    """`in pool h100: chat and 3 more, then draft`."""
    shown = [listed(waves[wave], _NAMED) for wave in sorted(waves)]
    later = f", then {len(shown) - _WAVES} waves more" if len(shown) > _WAVES else ""
    return f"in pool {', '.join(pool)}: {', then '.join(shown[:_WAVES])}{later}"


def _totals(plan: Plan) -> list[tuple[str, str]]:
    """Of unpriced documents only how many they are."""
    totals = plan.fleet
    if totals is None or (totals.gpus_before == totals.gpus_after and totals.cost_before == totals.cost_after):
        return []
    return [("GPUs", _gpus(totals)), *([("cost / month", text)] if (text := total_cost(totals)) else [])]


def total_cost(totals: FleetTotals) -> str:
    """`floor $10.0k → $15.0k · expected … · ceiling …, without 2 documents of unknown price`."""
    if totals.cost_after is None:
        return ""
    text = _three(totals.cost_before, totals.cost_after)
    missing = count(len(totals.unpriced), "document")
    return text + (f", without {missing} of unknown price" if totals.unpriced else "")


def _gpus(totals: FleetTotals) -> str:
    now = span_of(*totals.gpus_after)
    return (
        now if totals.gpus_before in (None, totals.gpus_after) else f"{span_of(*totals.gpus_before or (0, 0))} → {now}"
    )


def _rollout(rollout: RolloutForecast, name: str) -> ModelLine:
    words = _WORDS[rollout.strategy]
    parts = [words.replace("pod ", "replica ").replace("pods ", "replicas ") if rollout.nodes > 1 else words]
    if rollout.strategy != "scale":
        parts.append(f"{rollout.lowest} of {rollout.replicas} serve" if rollout.lowest else "nothing serves meanwhile")
    if rollout.nodes > 1:
        parts.append(f"each on {rollout.nodes} nodes × {count(rollout.gpus, 'GPU')}")
    if rollout.seconds is not None:
        parts.append(_minutes(*rollout.seconds))
    if rollout.waits:
        where = f" in pool {', '.join(rollout.pools)}" if rollout.pools else ""
        parts.append(f"waits up to {_minutes(rollout.waits, rollout.waits)} for others{where}")
    end, tone = _STOPS.get(rollout.outcome, ("", ""))
    return ModelLine(name, ", ".join(parts), end, tone)


def _minutes(low: float, high: float) -> str:
    """`4–7 min`, `2–3 h` beyond two hours."""
    unit, name = (3600, "h") if high >= 7200 else (60, "min")
    return f"{span_of(max(1, round(low / unit)), max(1, round(high / unit)))} {name}"


def _cold_start(run: RunChange) -> list[ModelLine]:
    if run.cold_start is None:
        return []
    took = _minutes(*run.cold_start)
    return [ModelLine("cold start", f"{took} from 0 replicas to the first answer, beside images and nodes")]


def _cost(run: RunChange) -> list[ModelLine]:
    before = run.cost_before
    if run.cost_after is None:
        return [ModelLine("cost/month", f"{_money(before.expected, before)} less")] if before is not None else []
    if before == run.cost_after:
        return [ModelLine("cost/month", _three(None, run.cost_after), "unchanged")]
    source = f", {run.cost_after.source}" if run.cost_after.source else ""
    source += f" of {run.cost_after.as_of}" if run.cost_after.as_of else ""
    return [ModelLine("cost/month", _three(before, run.cost_after) + source)]


def _three(before: MonthlyCost | None, after: MonthlyCost) -> str:
    if after.floor == after.ceiling and (before is None or before.floor == before.ceiling):
        return _pair(before, after, "expected")
    return " · ".join(f"{name} {_pair(before, after, name)}" for name in ("floor", "expected", "ceiling"))


def _pair(before: MonthlyCost | None, after: MonthlyCost, name: str) -> str:
    now = _money(getattr(after, name), after)
    was = _money(getattr(before, name), before) if before is not None else now
    return now if was == now else f"{was} → {now}"


def _money(amount: float, cost: MonthlyCost) -> str:
    return money(amount, cost.currency)


def money(amount: float, currency: str) -> str:
    """`$950`, `$10.1k`, `$1.20M`; other currencies by their short name."""
    sign = SIGNS.get(currency, f"{currency} ")
    if amount >= 999_500:
        return f"{sign}{amount / 1e6:.2f}M"
    return f"{sign}{amount / 1e3:.1f}k" if amount >= 1000 else f"{sign}{amount:.0f}"
