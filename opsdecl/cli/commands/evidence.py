"""`opsdecl evidence`: what evaluations found, into git, and what it says."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from opsdecl.cli.exits import Exit
from opsdecl.cli.group import Session, session
from opsdecl.cli.options import environment_option, format_option, target_option

if TYPE_CHECKING:
    from opsdecl.diag import Diagnostic
    from opsdecl.evidence.types import Stored
    from opsdecl.flows.plan import Planned

candidate_option = click.option(
    "--candidate", default="", metavar="NAME", help="Candidate, such as `model-churn`; the only one where left out."
)


@click.group()
def command() -> None:
    """Evidence: what runs of evaluations found, as files below `evidence/` that gates and promotions look at."""


@command.command()
@click.argument("names", nargs=-1, metavar="[EVALUATION]...")
@environment_option
@target_option
@format_option("text", "json")
@click.pass_context
def collect(
    ctx: click.Context, names: tuple[str, ...], environment: str | None, target: str | None, format_: str
) -> int:
    """Read what finished runs found on the cluster, check it, and write it into the work tree. Commits nothing."""
    from opsdecl.flows.collect import collect as collect_evidence
    from opsdecl.flows.project import located
    from opsdecl.view.evidence import render_collected, render_stored_json

    at = session(ctx)
    opened = _opened(at, environment, target)
    if opened.built is None:
        return _told(at, opened)
    done = collect_evidence(opened.built, at.root, names, target)
    code = _report(at, opened, located(opened.built.project, opened.built.project.tree, done.diagnostics))
    if done.value is not None:
        as_text = render_collected(done.value, color=at.process.color)
        at.process.out(render_stored_json(done.value.stored) if format_ == "json" else as_text)
    return code


@command.command()
@click.argument("name", metavar="EVALUATION")
@candidate_option
@environment_option
@click.pass_context
def request(ctx: click.Context, name: str, candidate: str, environment: str | None) -> int:
    """Print what a run is asked for, to do it elsewhere: the value of $EVALUATION."""
    from opsdecl.flows.collect import choose_run

    at = session(ctx)
    opened = _opened(at, environment)
    if opened.built is None:
        return _told(at, opened)
    run = choose_run(opened.built, name, candidate)
    if run.value is not None:
        at.process.out(run.value.text)
    return _report(at, opened, run.diagnostics)


@command.command()
@click.argument("name", metavar="EVALUATION")
@candidate_option
@environment_option
@click.option("--result", required=True, type=click.Path(path_type=Path), help="What the program wrote.")
@click.pass_context
def record(ctx: click.Context, name: str, candidate: str, environment: str | None, result: Path) -> int:
    """Check a result that was found elsewhere, such as in CI, and write it into the work tree as evidence."""
    from opsdecl.cli.carrying import signed
    from opsdecl.flows.collect import record as record_evidence
    from opsdecl.view.evidence import render_collected

    at = session(ctx)
    opened = _opened(at, environment)
    if opened.built is None:
        return _told(at, opened)
    try:
        message = (at.start / result).read_bytes()[:65536].decode("utf-8", "replace")
    except OSError as error:
        raise click.UsageError(f"--result {result}: {error.strerror or error}") from error
    done = record_evidence(opened.built, at.root, name, candidate, message, signed(at).who)
    if done.value is not None:
        at.process.out(render_collected(done.value, color=at.process.color))
    return _report(at, opened, done.diagnostics)


@command.command("list")
@format_option("text", "json")
@click.pass_context
def list_(ctx: click.Context, format_: str) -> int:
    """List all evidence in the work tree, the newest first."""
    from opsdecl.view.evidence import render_list, render_stored_json

    at = session(ctx)
    every, code = _every(at)
    as_text = render_list(every, color=at.process.color)
    at.process.out(render_stored_json(every) if format_ == "json" else as_text)
    return code


@command.command()
@click.argument("digest")
@format_option("text", "json")
@click.pass_context
def show(ctx: click.Context, digest: str, format_: str) -> int:
    """Show one piece of evidence, by the beginning of its digest."""
    from opsdecl.cli.report import no_lines, report
    from opsdecl.diag import Diagnostic
    from opsdecl.diag.codes.evidence import NO_SUCH_EVIDENCE
    from opsdecl.view.evidence import digest_of_path, render_evidence, render_stored_json

    at = session(ctx)
    every, code = _every(at)
    wanted = digest.removeprefix("sha256:")
    found = [stored for stored in every if digest_of_path(stored.path).startswith(wanted)]
    if len(found) != 1:
        said = f"{len(found) or 'no'} files of evidence begin with `{digest[:70]}`"
        return report(at.process, (Diagnostic(NO_SUCH_EVIDENCE, said, hint="opsdecl evidence list"),), no_lines)
    as_text = render_evidence(found[0], color=at.process.color)
    at.process.out(render_stored_json(found) if format_ == "json" else as_text)
    return code


@command.command()
@click.argument("name", metavar="EVALUATION")
@environment_option
@format_option("text", "json")
@click.pass_context
def select(ctx: click.Context, name: str, environment: str | None, format_: str) -> int:
    """Name the best of an evaluation's candidates, by the evidence in the work tree."""
    from opsdecl.flows.gates import read_evidence
    from opsdecl.flows.project import located
    from opsdecl.flows.select import select as select_best
    from opsdecl.view.evidence import render_selection, render_selection_json

    at = session(ctx)
    opened = _opened(at, environment)
    if opened.built is None:
        return _told(at, opened)
    tree = opened.built.project.tree
    every, broken = read_evidence(tree)
    done = select_best(opened.built, name, every)
    code = _report(at, opened, located(opened.built.project, tree, (*broken, *done.diagnostics)))
    if done.value is not None:
        as_text = render_selection(done.value, color=at.process.color)
        at.process.out(render_selection_json(done.value) if format_ == "json" else as_text)
    return code


def _opened(at: Session, environment: str | None, target: str | None = None) -> "Planned":
    from opsdecl.cli.workplace import open_work_tree
    from opsdecl.flows.plan import Wanted, open_built

    tree, memory = open_work_tree(at)
    return open_built(tree, Wanted(environment, target), memory)


def _told(at: Session, opened: "Planned") -> Exit:
    from opsdecl.cli.report import report

    return report(at.process, opened.diagnostics, opened.lines)


def _report(at: Session, opened: "Planned", findings: "tuple[Diagnostic, ...]") -> Exit:
    """What is wrong with the specs is told by other commands; here it matters what was found."""
    from opsdecl.cli.report import report

    return report(at.process, findings, opened.lines)


def _every(at: Session) -> tuple["tuple[Stored, ...]", Exit]:
    from opsdecl.cli.report import no_lines, report
    from opsdecl.cli.workplace import open_work_tree
    from opsdecl.flows.gates import read_evidence

    every, broken = read_evidence(open_work_tree(at)[0])
    return every[::-1], report(at.process, broken, no_lines, format_="concise")
