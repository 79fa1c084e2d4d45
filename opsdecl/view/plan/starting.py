"""Runs that a plan starts, in lines: pods, GPUs, the longest that they take, the most that they cost."""

from opsdecl.diff.types import DocumentRuns, StartingRun, TrainingFit
from opsdecl.view.plan.fleet import money
from opsdecl.view.plan.models import ModelLine, Tone
from opsdecl.view.words import count

_VERDICTS: dict[str, tuple[str, Tone]] = {
    "fits": ("fits", "good"),
    "tight": ("tight", "doubtful"),
    "does-not-fit": ("does not fit", "bad"),
}


def starting_lines(document: DocumentRuns) -> list[ModelLine]:
    lines = [ModelLine("starts", _run(run)) for run in document.runs]
    lines += _memory(document.fit)
    lines += [ModelLine("volume", f"{document.volume}, new")] if document.volume else []
    return [*lines, *_cache(document)]


def _cache(document: DocumentRuns) -> list[ModelLine]:
    """On each node and in sum, and what all caches may take of the disk."""
    cache = document.cache
    if cache is None:
        return []
    nodes = f"{cache.per_node:,.4g} GiB on each of {count(cache.nodes, 'node')} of {cache.pool}"
    kept = f", with {count(cache.kept, 'earlier version')}" if cache.kept else ""
    disk = f"caches of a node take at most {cache.of_pool:,.0f} of {cache.disk:,.0f} GiB{kept}"
    return [ModelLine("cache", f"{nodes}, {cache.total:,.6g} GiB in all · {disk}")]


def _memory(fit: TrainingFit | None) -> list[ModelLine]:
    """What a GPU holds, part by part, beside what it has."""
    if fit is None or fit.needed is None or fit.total is None:
        return [ModelLine("memory/GPU", fit.reason, "unknown", "doubtful")] if fit is not None else []
    named = (
        ("weights", fit.weights),
        ("gradients", fit.gradients),
        ("optimiser", fit.optimizer),
        ("activations", fit.activations),
        ("overhead", fit.overhead),
    )
    split = " + ".join(f"{name} {part.point:.1f}" for name, part in named if part is not None)
    needed = f"{fit.needed.point:.1f} ({fit.needed.low:.1f}–{fit.needed.high:.1f}) of {fit.total.point:.1f} GiB"
    end, tone = _VERDICTS[fit.verdict or "tight"]
    return [ModelLine("memory/GPU", f"{needed}: {split}", end, tone)]


def _run(run: StartingRun) -> str:
    parts = [run.name, count(run.pods, "trial" if run.trials else "pod")]
    if run.at_once < run.pods:
        parts[-1] += f", {run.at_once} at a time"
    if run.gpus:
        parts.append(f"{run.gpus} × {run.gpu or 'GPU'}")
    if run.hours is not None:
        parts.append(f"at most {run.hours:g} h")
    if run.cost is not None:
        parts.append(f"at most {money(run.cost, run.currency)}")
    elif run.gpus:
        parts.append("price unknown")
    return " · ".join(parts)
