"""`promote`: what answers in one environment, proposed for another as a commit on a branch of its own."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from msgspec import Struct

from opsdecl.addr import SpecAddress, digest_of
from opsdecl.diag import Checked, Diagnostic, has_errors
from opsdecl.diag.codes import transparency as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.diff.types import BaseRef, SourceRef
from opsdecl.flows.build import Built
from opsdecl.flows.edits import edited_files
from opsdecl.flows.gates import read_evidence
from opsdecl.flows.memory import Memory
from opsdecl.flows.missing import missing_findings, missing_there, whole_documents
from opsdecl.flows.plan import Planned, Wanted, open_built, plan_review
from opsdecl.flows.project import located
from opsdecl.flows.promotion import PROMOTED, Move, moves_between
from opsdecl.flows.select import Selected, select
from opsdecl.spec.source import MemoryTree
from opsdecl.spec.types import SourceTree
from opsdecl.targets.git.objects import CommitTree
from opsdecl.targets.git.proposal import propose
from opsdecl.targets.git.repository import Repository, discover, resolve_ref


class Promotion(Struct, frozen=True):
    """What would be carried over, the files with it, and what that means for the environment that gets it."""

    source: str
    target: str
    moves: tuple[Move, ...]
    files: Mapping[str, bytes]
    planned: Planned
    branch: str
    selected: Selected | None = None
    """Who won, where an evaluation was asked."""


class Commits(Struct, frozen=True):
    """The commit that is proposed upon, and the specs in it."""

    repository: Repository
    head: str
    tree: SourceTree


def open_head(root: Path) -> Checked[Commits]:
    """What is committed: files that are not are left alone, and have no say."""
    found = discover(root)
    if found.value is None:
        return Checked(None, found.diagnostics)
    head = resolve_ref(found.value, "HEAD")
    if head.value is None:
        return Checked(None, head.diagnostics)
    tree = CommitTree(found.value.git, head.value, found.value.prefix)
    return Checked(Commits(found.value, head.value, tree))


def plan_promotion(
    commits: Commits,
    source: str,
    target: str,
    names: Sequence[str],
    winner: str = "",
    today: date | None = None,
    *,
    with_missing: bool = False,
) -> Checked[Promotion]:
    """Nothing is written. The plan says which gates are closed; then nothing is to be written. `winner`: of this
    evaluation, in place of names. Exceptions of policies hold by `today`. `with_missing`: documents that the other
    environment lacks and carried values name come along; else they are errors."""
    sides: list[Built] = []
    memory = Memory(today=today)
    for name in (source, target):
        opened = open_built(commits.tree, Wanted(name), memory)
        if opened.built is None or has_errors(opened.diagnostics):
            return Checked(None, opened.diagnostics)
        sides.append(opened.built)
    chosen = _winner(commits, sides[0], winner) if winner else Checked(None)
    if winner and (chosen.value is None or chosen.value.winner is None):
        return Checked(None, located(sides[0].project, commits.tree, chosen.diagnostics))
    into = _into(chosen.value)
    wanted = (*names, *map(str, into))
    asked: list[str | SpecAddress] = [*names, *into.values()]
    unknown = tuple(_unknown(str(n), source, target, sides) for n in asked if not _is_in_both(n, into, sides))
    if unknown:
        return Checked(None, unknown)
    moves = moves_between(sides[0], sides[1], wanted, into)
    missing = missing_there(sides[0], sides[1], moves, into)
    if missing and not with_missing:
        command = _command(source, target, names, winner)
        findings = tuple(missing_findings(sides[0], sides[1], missing, command))
        return Checked(None, located(sides[0].project, commits.tree, findings))
    moves += whole_documents(sides[0], sides[1], missing)
    edited = edited_files(commits.tree, moves)
    if edited.value is None:
        return Checked(None, edited.diagnostics)
    every = {entry.path: commits.tree.read(entry.path) for entry in commits.tree.entries() if entry.mode != "120000"}
    desired = MemoryTree({**every, **edited.value})
    base = BaseRef(ref="HEAD", commit=commits.head)
    planned = plan_review(desired, commits.tree, Wanted(target), SourceRef(ref="promotion"), base, memory)
    told = digest_of([commits.head, [[name, data.decode()] for name, data in sorted(edited.value.items())]])
    branch = f"promote/{source}-to-{target}-{told.removeprefix('sha256:')[:8]}"
    return Checked(Promotion(source, target, moves, edited.value, planned, branch, chosen.value))


def _command(source: str, target: str, names: Sequence[str], winner: str) -> str:
    asked = f" --winner {winner}" if winner else "".join(f" {name}" for name in names)
    return f"opsdecl promote --from {source} --to {target}{asked} --with-missing"


def _winner(commits: Commits, source: Built, evaluation: str) -> Checked[Selected]:
    """By what is committed of evidence."""
    every, broken = read_evidence(commits.tree)
    chosen = select(source, evaluation, every)
    return Checked(chosen.value, (*broken, *chosen.diagnostics))


def _into(selected: Selected | None) -> Mapping[SpecAddress, SpecAddress]:
    """The winner, and the document that takes over its values."""
    if selected is None or selected.winner is None or selected.into is None:
        return {}
    return {selected.winner: selected.into}


def write_promotion(commits: Commits, promotion: Promotion, branch: str, who: str, at: str) -> Checked[str]:
    """The commit, on a branch that there was not; neither what is checked out nor the index is touched."""
    documents = sorted({str(move.address) for move in promotion.moves})
    subject = f"Promote {promotion.source} to {promotion.target}: {', '.join(documents)}"
    lines = "\n".join(f"{move.address} {'.'.join(map(str, move.path))}" for move in promotion.moves)
    return propose(commits.repository, commits.head, branch, promotion.files, f"{subject}\n\n{lines}\n", who, at)


def _is_in_both(name: str | SpecAddress, into: Mapping[SpecAddress, SpecAddress], sides: Sequence[Built]) -> bool:
    """Of the document that takes over another's values it is enough that the other environment has it."""
    there = sides[1:] if name in into.values() else sides
    return str(name).partition(".")[0] in PROMOTED and all(str(name) in _names(side) for side in there)


def _names(built: Built) -> frozenset[str]:
    return frozenset(str(document.address) for document in built.graph.documents)


def _unknown(name: str, source: str, target: str, sides: Sequence[Built]) -> Diagnostic:
    both = sorted(n for n in _names(sides[0]) & _names(sides[1]) if n.partition(".")[0] in PROMOTED)
    where = next((env for env, side in zip((source, target), sides, strict=True) if name not in _names(side)), "")
    said = f"`{name[:100]}` is no document of {where}" if where else f"`{name[:100]}` is of a kind that nobody promotes"
    hint = did_you_mean(name, both) or f"{source} and {target} both have: {', '.join(both) or 'none'}"
    return Diagnostic(codes.NOT_IN_BOTH, said, hint=hint)
