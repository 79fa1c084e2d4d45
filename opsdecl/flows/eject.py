"""`eject`: the stacks of an environment as Pulumi programs of their own."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes.pulumi import NO_STACK
from opsdecl.flows.partitions import open_parts
from opsdecl.flows.plan import Planned, Wanted
from opsdecl.flows.targets import open_stack
from opsdecl.targets.files import write_new_tree

if TYPE_CHECKING:
    from opsdecl.targets.pulumi.ejecting.reading import Ejected


class Program(Struct, frozen=True):
    """`folder` is relative to the one that was asked for; empty where there is one stack only."""

    name: str
    folder: str
    ejected: "Ejected"


def eject_programs(opened: Planned, root: Path, wanted: Wanted) -> Checked[Sequence[Program]]:
    """A program for each stack, in a folder of its own where there are several."""
    assert opened.built is not None
    parts = open_parts(opened.built, root, wanted.target, wanted.partition)
    if parts.value is None:
        return Checked(None, parts.diagnostics)
    opened_stacks = [(part.name, open_stack(part.built, root)) for part in parts.value]
    stacks = [(name, stack) for name, stack in opened_stacks if stack is not None]
    if not stacks:
        return Checked(None, parts.diagnostics or (_no_stack(opened.environment, wanted.target),))
    programs: list[Program] = []
    findings = [*parts.diagnostics]
    for name, target in stacks:
        done = target.eject()
        findings += done.diagnostics
        if done.value is not None:
            programs.append(Program(name, done.value.stack.replace("/", "-") if len(stacks) > 1 else "", done.value))
    return Checked(programs if len(programs) == len(stacks) else None, tuple(findings))


def save_programs(folder: Path, programs: Sequence[Program]) -> Checked[tuple[Path, ...]]:
    """Into a folder that is empty or not there."""
    files: Mapping[str, bytes] = {
        f"{program.folder}/{path}" if program.folder else path: content
        for program in programs
        for path, content in program.ejected.files.items()
    }
    return write_new_tree(folder, files)


def _no_stack(environment: str, target: str | None) -> Diagnostic:
    said = f"target `{target}` is of another type" if target else f"`{environment}` has no target of type pulumi"
    return Diagnostic(NO_STACK, said, hint="name a target of type pulumi: --target NAME")
