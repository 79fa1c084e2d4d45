"""A promotion as its reviewers should see it: what is carried over, where it was written, what to look at."""

from collections.abc import Sequence

from opsdecl.addr import format_path
from opsdecl.view.as_json import render_json
from opsdecl.view.cells import Cell, align, clip, printable
from opsdecl.view.plan.phrases import document_name
from opsdecl.view.style import BOLD, DIM, ink_for
from opsdecl.view.words import count

Row = tuple[str, str, object, str]
"""Address, path, value, file."""


def render_promotion(source: str, target: str, rows: Sequence[Row], *, color: bool = False) -> str:
    ink = ink_for(color)
    if not rows:
        return f"{printable(target)} answers with what {printable(source)} answers with: nothing to promote\n"
    documents = len({address for address, *_ in rows})
    head = f"{source} → {target}: {count(len(rows), 'value')} of {count(documents, 'document')}"
    cells = [
        [
            Cell(f"  {printable(document_name(address))}"),
            Cell(printable(path.removeprefix("spec."))),
            Cell(clip(printable(str(value)), 60) if value is not None else "(as inherited)"),
            Cell(printable(file), DIM),
        ]
        for address, path, value, file in rows
    ]
    return "\n".join([ink(printable(head), BOLD), *align(cells, ink)]) + "\n"


def render_written(target: str, branch: str, commit: str, parent: str) -> str:
    return (
        f"committed as {commit[:10]} on {branch}; what is checked out was not touched\n"
        f"for reviewers: git push origin {branch}; on it, opsdecl plan --env {target} --base {parent[:10]}\n"
    )


def render_promotion_json(source: str, target: str, rows: Sequence[Row], branch: str, commit: str, plan: object) -> str:
    moves = [{"address": a, "path": path, "value": value, "file": file} for a, path, value, file in rows]
    return render_json(source=source, target=target, moves=moves, branch=branch, commit=commit, plan=plan)


def path_text(path: tuple[str | int, ...]) -> str:
    return format_path(path)
