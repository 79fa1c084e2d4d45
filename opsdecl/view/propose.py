"""A proposal as its reviewers should see it: what moved and why, what that means, where it was written."""

from typing import Any, Protocol

from opsdecl.addr import format_path
from opsdecl.view.as_json import render_json as as_json
from opsdecl.view.cells import Cell, align, clip, printable
from opsdecl.view.plan.phrases import document_name
from opsdecl.view.plan.text import render_text
from opsdecl.view.style import BOLD, DIM, ink_for
from opsdecl.view.words import count

_LONGEST = 60


class Shown(Protocol):
    """What is shown of a proposal."""

    @property
    def name(self) -> str: ...
    @property
    def environment(self) -> str: ...
    @property
    def branch(self) -> str: ...
    @property
    def moved(self) -> tuple[Any, ...]: ...
    @property
    def looked(self) -> Any: ...
    @property
    def planned(self) -> Any: ...


def render_proposal(
    made: Shown, commit: str, remote: str, *, known: bool, color: bool = False, width: int = 100
) -> str:
    ink = ink_for(color)
    rows = [printable(text) for text in made.looked.held]
    if not made.moved:
        return "\n".join([*rows, f"{printable(made.name)}: nothing has moved, nothing to propose"]) + "\n"
    head = f"{made.name} · {made.environment}: {count(len(made.moved), 'value')} moved"
    cells = [
        [
            Cell(f"  {printable(document_name(str(each.move.address)))}"),
            Cell(printable(format_path(each.move.path).removeprefix("spec."))),
            Cell(clip(printable(f"{each.before} → {_shown(each.move.value)}"), _LONGEST * 2)),
            Cell(printable(each.why), DIM),
        ]
        for each in made.moved
    ]
    text = "\n".join([*rows, ink(printable(head), BOLD), *align(cells, ink)]) + "\n"
    if made.planned is not None and made.planned.plan is not None:
        text += "\n" + render_text(made.planned.plan, color=color, width=width)
    return text + _written(made, commit, remote, known=known)


def _written(made: Shown, commit: str, remote: str, *, known: bool) -> str:
    branch = printable(made.branch)
    if known:
        return f"\nproposed before: there is a branch {branch}, and nothing was written\n"
    if not commit:
        return ""
    where = f"pushed to {printable(remote)}" if remote else f"for reviewers: git push origin {branch}"
    return f"\ncommitted as {commit[:10]} on {branch}; what is checked out was not touched\n{where}\n"


def render_json(made: Shown, commit: str, *, known: bool) -> str:
    moved = [
        {
            "address": str(each.move.address),
            "path": format_path(each.move.path),
            "before": each.before,
            "after": each.move.value,
            "why": each.why,
            "file": each.move.file,
        }
        for each in made.moved
    ]
    plan = made.planned.plan if made.planned is not None else None
    return as_json(
        maintenance=made.name,
        environment=made.environment,
        moved=moved,
        held=list(made.looked.held),
        branch=made.branch,
        commit=commit,
        proposedBefore=known,
        plan=plan,
    )


def _shown(value: object) -> str:
    return " @ ".join(map(str, value.values())) if isinstance(value, dict) else str(value)
