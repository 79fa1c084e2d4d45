"""`opsdecl explain`: a code, a field of a kind, or a value with all its layers."""

import re
from typing import TYPE_CHECKING

import click

from opsdecl.cli.exits import Exit
from opsdecl.cli.group import Session, session
from opsdecl.cli.options import environment_option

if TYPE_CHECKING:
    from opsdecl.flows.explain import Unknown

_CODE = re.compile(r"(?i)od\d+")


@click.command()
@click.argument("what")
@click.argument("path", required=False)
@environment_option
@click.pass_context
def command(ctx: click.Context, what: str, path: str | None, environment: str | None) -> int:
    """Explain a code (OD304), a field (LLM.spec.engine.maxModelLen), or a value (LLM.chat spec.engine.maxModelLen)."""
    from opsdecl.flows.explain import Unknown, explain_code, explain_field
    from opsdecl.view.explain import render_code, render_field

    at = session(ctx)
    if path is not None:
        return _value(at, what, path, environment)
    if _CODE.fullmatch(what):
        code = explain_code(what)
        if isinstance(code, Unknown):
            return _unknown(at, code)
        at.process.out(render_code(code, color=at.process.color, width=at.process.width))
        return Exit.DONE
    field = explain_field(what)
    if isinstance(field, Unknown):
        return _unknown(at, field)
    at.process.out(render_field(field.kind, field.info, field.children, color=at.process.color, width=at.process.width))
    return Exit.DONE


def _value(at: Session, address: str, path: str, environment: str | None) -> int:
    from opsdecl.cli.report import report
    from opsdecl.cli.workplace import open_work_tree
    from opsdecl.flows.explain import Unknown, explain_value
    from opsdecl.flows.plan import Wanted, open_built
    from opsdecl.view.explain import render_value

    tree, memory = open_work_tree(at)
    opened = open_built(tree, Wanted(environment), memory)
    if opened.built is None:
        return report(at.process, opened.diagnostics, opened.lines)
    found = explain_value(opened.built, address, path)
    if isinstance(found, Unknown):
        return _unknown(at, found)
    at.process.out(render_value(found.address, found.path, found.value, found.layers, color=at.process.color))
    return Exit.DONE


def _unknown(at: Session, unknown: "Unknown") -> int:
    at.process.err(f"{unknown.message}{f'; {unknown.hint}' if unknown.hint else ''}")
    return Exit.FAILED
