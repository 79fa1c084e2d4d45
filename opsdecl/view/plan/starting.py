"""Runs that a plan starts, in lines: pods, GPUs, the longest that they take, the most that they cost."""

from opsdecl.diff.types import DocumentRuns, StartingRun
from opsdecl.view.plan.fleet import money
from opsdecl.view.plan.models import ModelLine
from opsdecl.view.words import count


def starting_lines(document: DocumentRuns) -> list[ModelLine]:
    lines = [ModelLine("starts", _run(run)) for run in document.runs]
    return [*lines, *([ModelLine("volume", f"{document.volume}, new")] if document.volume else [])]


def _run(run: StartingRun) -> str:
    parts = [run.name, count(run.pods, "pod")]
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
