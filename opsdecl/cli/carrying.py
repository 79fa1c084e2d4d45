"""What the commands that write share: asking, progress, the record's signature."""

from collections.abc import Callable, Sequence
from pathlib import Path

import click
from msgspec import Struct

from opsdecl.apply.types import Changed, Event
from opsdecl.cli.exits import Exit
from opsdecl.cli.group import Session
from opsdecl.cli.process import Process
from opsdecl.cli.report import no_lines, report
from opsdecl.flows.apply import Return, Signed, carry_back
from opsdecl.flows.carry import carry_out, take_over
from opsdecl.flows.plan import Planned
from opsdecl.flows.source import author_of, work_tree_source
from opsdecl.view.events import event_json, event_line, outcome_json, progress_line, render_outcome


def confirmed(at: Session, yes: bool, question: str) -> bool:
    """Asks a person; without one, `--yes` is needed. Answers False where it must not go on."""
    if yes:
        return True
    if not at.process.interactive:
        raise click.UsageError("nobody can be asked here: repeat with --yes, or apply a reviewed plan with --plan")
    agreed = click.confirm(question, err=True)
    if not agreed:
        at.process.err("nothing was changed")
    return agreed


def read_plan_file(at: Session, path: Path) -> bytes:
    """The bytes of a plan; relative names are taken from where the command runs."""
    try:
        return (at.start / path).read_bytes()
    except OSError as error:
        raise click.UsageError(f"--plan {path}: {error.strerror or error}") from error


def signed(at: Session, plan_digest: str = "", approvals: tuple[str, ...] = ()) -> Signed:
    """Who does this, and when: `OPSDECL_ACTOR` names the person behind a CI job."""
    who = at.process.env.get("OPSDECL_ACTOR") or author_of(at.root) or at.process.env.get("USER", "unknown")
    return Signed(who, at.process.now.isoformat(timespec="seconds"), plan_digest, approvals)


class Manner(Struct, frozen=True):
    """How an apply goes about it: `quiet` says nothing of what stays as it is, `wait` looks on until all is ready."""

    quiet: bool = False
    wait: bool = True
    as_json: bool = False
    approvals: tuple[str, ...] = ()


def run_apply(at: Session, planned: Planned, plan_digest: str, manner: Manner, again: Callable[[], Planned]) -> Exit:
    """Writes, telling what happens. `again` plans again, once objects have moved between partitions."""
    assert planned.plan is not None
    before = {state.revision for state in planned.states}
    teller = Teller(at.process, len(planned.plan.changes), as_json=manner.as_json)
    emit = _ignore if manner.quiet else teller.tell
    by = signed(at, plan_digest, manner.approvals)
    taken = take_over(planned, by, emit, again)
    if taken.value is None:
        teller.finish()
        return report(at.process, taken.diagnostics, planned.lines)
    done = carry_out(taken.value, by, emit, wait=manner.wait)
    teller.finish()
    code = report(at.process, done.diagnostics, planned.lines)
    for one in done.value or ():
        named = planned.environment if len(planned.parts) == 1 else f"{planned.environment} · {one.name}"
        if manner.as_json:
            at.process.out(outcome_json(planned.environment, one.name, one.outcome) + "\n")
        elif not ((manner.quiet or len(planned.parts) > 1) and one.outcome.revision in before):
            at.process.out(render_outcome(named, one.outcome, color=at.process.color))
    return code


def run_returns(at: Session, environment: str, ways: Sequence[Return], approvals: tuple[str, ...]) -> Exit:
    """The same for ways back, one after the other; the first that fails ends it."""
    code = Exit.DONE
    for way in ways:
        teller = Teller(at.process, len(way.plan.changes))
        done = carry_back(way, signed(at, approvals=approvals), work_tree_source(at.root).commit, teller.tell)
        teller.finish()
        code = report(at.process, done.diagnostics, no_lines)
        if done.value:
            named = environment if len(ways) == 1 else f"{environment} · {way.name}"
            at.process.out(render_outcome(named, done.value, color=at.process.color))
        if code is not Exit.DONE:
            break
    return code


def _ignore(_event: Event) -> None:
    """For an apply that is expected to change nothing."""


class Teller:
    """Events as lines for logs, as JSON for programs, or as one line that a terminal overwrites."""

    def __init__(self, process: Process, total: int, *, as_json: bool = False) -> None:
        self._process = process
        self._total = total
        self._as_json = as_json
        self._done = 0

    def tell(self, event: Event) -> None:
        self._done += isinstance(event, Changed)
        if self._as_json:
            self._process.out(event_json(event) + "\n")
        elif self._process.progress:
            line = progress_line(self._done, self._total, event, width=self._process.width)
            self._process.stderr.write(f"\r\x1b[K{line}")
            self._process.stderr.flush()
        else:
            self._process.err(event_line(event))

    def finish(self) -> None:
        """Leaves a clean line behind."""
        if self._process.progress and self._total and not self._as_json:
            self._process.stderr.write("\r\x1b[K")
            self._process.stderr.flush()
