"""`propose`: what a Maintenance follows and what has moved, as a commit on a branch of its own."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from opsdecl.addr import SpecAddress, digest_of, format_path
from opsdecl.diag import Checked, Diagnostic, has_errors
from opsdecl.diag.codes import maintenance as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.diff.types import BaseRef, SourceRef
from opsdecl.flows.build import Built
from opsdecl.flows.edits import edited_files
from opsdecl.flows.memory import Memory
from opsdecl.flows.moved import Looked, Moved, World, look
from opsdecl.flows.plan import Planned, Wanted, open_built, plan_review
from opsdecl.flows.promote import Commits
from opsdecl.spec.overlay import OverlayTree
from opsdecl.targets.git.proposal import propose
from opsdecl.targets.git.remote import push_branch, pushed_commit
from opsdecl.targets.git.repository import commit_of

_HEX = 8


class Proposal(Struct, frozen=True):
    """What moved, the files with it, and what that means for the environment. `planned` None: nothing moved."""

    name: str
    environment: str
    looked: Looked
    files: Mapping[str, bytes]
    branch: str
    planned: Planned | None = None

    @property
    def moved(self) -> tuple[Moved, ...]:
        return self.looked.moved


def plan_proposal(commits: Commits, environment: str | None, name: str, world: World) -> Checked[Proposal]:
    """Nothing is written. The branch is named by what moves, so the same proposal has the same branch."""
    memory = Memory(today=world.now.date())
    opened = open_built(commits.tree, Wanted(environment), memory)
    if opened.built is None or has_errors(opened.diagnostics):
        return Checked(None, opened.diagnostics)
    document = opened.built.graph.document(_address(name))
    if document is None or document.address.kind != "Maintenance":
        return Checked(None, (_unknown(opened.built, name),))
    looked = look(opened.built, document, world)
    named = opened.built.environment.address.name
    if not looked.moved:
        return Checked(Proposal(name, named, looked, {}, ""), looked.diagnostics)
    edited = edited_files(commits.tree, [each.move for each in looked.moved])
    if edited.value is None:
        return Checked(None, (*looked.diagnostics, *edited.diagnostics))
    desired = OverlayTree(commits.tree, edited.value)
    base = BaseRef(ref="HEAD", commit=commits.head)
    planned = plan_review(desired, commits.tree, Wanted(named), SourceRef(ref="proposal"), base, memory)
    told = digest_of([[str(m.move.address), format_path(m.move.path), m.move.value] for m in looked.moved])
    branch = f"maintenance/{named}-{document.address.name}-{told.removeprefix('sha256:')[:_HEX]}"
    return Checked(Proposal(name, named, looked, edited.value, branch, planned), looked.diagnostics)


def is_proposed(commits: Commits, branch: str, remote: str) -> Checked[bool]:
    """Whether somebody proposed this already: here, or on the remote where one is named."""
    if commit_of(commits.repository.git, f"refs/heads/{branch}") is not None:
        return Checked(True)
    there = pushed_commit(commits.repository, remote, branch) if remote else Checked("")
    return Checked(None, there.diagnostics) if there.value is None else Checked(bool(there.value))


def write_proposal(
    commits: Commits, proposal: Proposal, who: str, at: str, remote: str, options: Sequence[str]
) -> Checked[str]:
    """The commit, pushed where a remote is named; neither what is checked out nor the index is touched."""
    documents = sorted({str(each.move.address) for each in proposal.moved})
    subject = f"{proposal.name} for {proposal.environment}: {', '.join(documents)}"
    message = f"{subject}\n\n{_told(proposal.moved)}\n"
    written = propose(commits.repository, commits.head, proposal.branch, proposal.files, message, who, at)
    if written.value is None or not remote:
        return written
    refused = push_branch(commits.repository, remote, proposal.branch, options)
    return Checked(None, refused) if refused else written


def _told(moved: Sequence[Moved]) -> str:
    """What reviewers should know, a line for each value."""
    return "\n".join(
        f"{m.move.address} {format_path(m.move.path)}: {m.before} -> {m.move.value} ({m.why})" for m in moved
    )


def _address(name: str) -> SpecAddress:
    kind, _, rest = name.partition(".")
    return SpecAddress(kind, rest)


def _unknown(built: Built, name: str) -> Diagnostic:
    known = [str(d.address) for d in built.graph.documents if d.address.kind == "Maintenance"]
    said = f"`{name[:100]}` is no Maintenance of {built.environment.address.name}"
    return Diagnostic(
        codes.NO_MAINTENANCE, said, hint=did_you_mean(name, known) or f"there are: {', '.join(known) or 'none'}"
    )
