"""`import`: the objects of a stack as documents, compiled before anybody sees them, with what would come of them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.diag import Checked, Diagnostic, Severity
from opsdecl.diag.codes.pulumi import NO_STACK
from opsdecl.diff.release import diff_release, state_from_manifests
from opsdecl.diff.types import ObjectChange
from opsdecl.flows.build import Built
from opsdecl.flows.effects import effect_table
from opsdecl.flows.memory import Memory
from opsdecl.flows.partitions import open_parts
from opsdecl.flows.plan import Planned, Wanted, open_built
from opsdecl.flows.targets import open_stack
from opsdecl.recognise.propose import recognise
from opsdecl.recognise.types import Found, LeftOut, Pool, Proposal, Surroundings
from opsdecl.render.canonical import to_yaml
from opsdecl.render.types import Manifest, ManifestSet
from opsdecl.spec.overlay import OverlayTree
from opsdecl.spec.types import SourceTree
from opsdecl.targets.files import write_new_tree

if TYPE_CHECKING:
    from opsdecl.targets.pulumi.exports import Exported


class Imported(Struct, frozen=True):
    """One proposal: the file that it is, what an apply of it would change of what is there, and what is said of it."""

    proposal: Proposal
    file: str
    text: str
    changes: tuple[ObjectChange, ...] = ()
    findings: tuple[Diagnostic, ...] = ()


class Imports(Struct, frozen=True):
    """`objects` is how many were looked at. `findings` are about the environment with all documents in it."""

    objects: int
    documents: tuple[Imported, ...]
    left_out: tuple[LeftOut, ...]
    odd: tuple[str, ...] = ()
    findings: tuple[Diagnostic, ...] = ()


def read_stack(opened: Planned, root: Path, wanted: Wanted) -> Checked["Exported"]:
    """What the stacks of the environment hold."""
    from opsdecl.targets.pulumi.exports import Exported

    assert opened.built is not None
    parts = open_parts(opened.built, root, wanted.target, wanted.partition)
    stacks = [stack for part in parts.value or () if (stack := open_stack(part.built, root)) is not None]
    if not stacks:
        return Checked(None, parts.diagnostics or (_no_stack(opened.environment),))
    found = Exported(())
    for stack in stacks:
        done = stack.exported()
        if done.value is None:
            return done
        found = Exported(found.objects + done.value.objects, found.odd + done.value.odd)
    return Checked(found)


def read_file(path: Path) -> Checked["Exported"]:
    """What a file of `pulumi stack export` holds."""
    from opsdecl.targets.pulumi.exports import read_export

    return read_export(path)


def propose(tree: SourceTree, opened: Planned, exported: "Exported", today: date | None = None) -> Imports:
    """Proposals that compile. One that does not is left out, with what the compiler says."""
    memory = Memory(today=today)
    assert opened.built is not None
    objects = [Found(one.name, one.data) for one in exported.objects]
    recognised = recognise(objects, _surroundings(opened.built))
    candidates, left = recognised.proposals, list(recognised.left_out)
    while True:
        built, said = _compiled(tree, opened.environment, candidates, memory)
        broken = [one for one in candidates if not _compiles(one, built)]
        if not broken:
            break
        left += [reason for one in broken for reason in _reasons(one, said)]
        candidates = tuple(one for one in candidates if one not in broken)
    candidates = _needed(candidates)
    documents = tuple(_imported(one, built, said) for one in candidates)
    names = {one.file for one in documents}
    known = {_key(finding) for finding in opened.diagnostics}
    others = tuple(d for name, some in said.items() if name not in names for d in some if _key(d) not in known)
    return Imports(len(objects), documents, tuple(sorted(left, key=lambda one: one.key)), exported.odd, others)


def _key(finding: Diagnostic) -> tuple[str, str]:
    return finding.code.id, finding.message


def save_proposals(folder: Path, found: Imports) -> Checked[tuple[Path, ...]]:
    """A file for each document, into a folder that is empty or not there."""
    return write_new_tree(folder, {one.file: one.text.encode() for one in found.documents})


def _surroundings(built: Built) -> Surroundings:
    spec = built.environment.effective["spec"]
    pools = (spec.get("capacity") or {}).get("pools") or {}
    runtimes = {str(d.effective["spec"]["image"]): d.address.name for d in _of_kind(built, "Runtime")}
    return Surroundings(
        pools=tuple(Pool(name, pool["gpu"], pool.get("labels") or {}) for name, pool in pools.items() if "gpu" in pool),
        models={facts.uri: facts.name for facts in built.project.catalog.models.values()},
        runtimes=runtimes,
        taken=frozenset(document.address for document in built.graph.documents),
    )


def _of_kind(built: Built, kind: str) -> Iterator[Any]:
    return (document for document in built.graph.documents if document.address.kind == kind)


def _compiled(
    tree: SourceTree, environment: str, proposals: Sequence[Proposal], memory: Memory
) -> tuple[Built | None, Mapping[str, tuple[Diagnostic, ...]]]:
    """With what is said of each proposal, by its file."""
    files = {f"environments/{environment}/{_file(one)}": _text(one).encode() for one in proposals}
    done = open_built(OverlayTree(tree, files), Wanted(environment), memory)
    said: dict[str, tuple[Diagnostic, ...]] = {}
    for finding in done.diagnostics:
        file = finding.at.file if finding.at is not None else ""
        owner = next((path for path, one in zip(files, proposals, strict=True) if _is_about(finding, path, one)), file)
        said[Path(owner).name] = (*said.get(Path(owner).name, ()), finding)
    return done.built, said


def _is_about(finding: Diagnostic, path: str, proposal: Proposal) -> bool:
    at = finding.at.file if finding.at is not None else ""
    return at == path or finding.subject == str(proposal.address)


def _compiles(proposal: Proposal, built: Built | None) -> bool:
    return built is not None and any(document.address == proposal.address for document in built.graph.documents)


def _reasons(proposal: Proposal, said: Mapping[str, tuple[Diagnostic, ...]]) -> Iterator[LeftOut]:
    errors = [d for d in said.get(_file(proposal), ()) if d.severity is Severity.ERROR]
    reason = "; ".join(f"{d.message} ({d.code.id})" for d in errors[:3]) or "the environment does not compile with it"
    for found in proposal.objects[:1]:
        yield LeftOut(found.key, f"as `{proposal.address}` it would not compile: {reason}")


def _needed(proposals: tuple[Proposal, ...]) -> tuple[Proposal, ...]:
    """Without Runtimes that no proposal is left for."""
    asked = {one.document["spec"].get("runtime") for one in proposals}
    return tuple(one for one in proposals if one.address.kind != "Runtime" or one.address.name in asked)


def _imported(proposal: Proposal, built: Built | None, said: Mapping[str, tuple[Diagnostic, ...]]) -> Imported:
    assert built is not None
    file = _file(proposal)
    changes = _changes(proposal, built.manifests) if proposal.objects else ()
    return Imported(proposal, file, _text(proposal), changes, said.get(file, ()))


def _changes(proposal: Proposal, rendered: ManifestSet) -> tuple[ObjectChange, ...]:
    """As a plan would show them, were the objects the release's."""
    wanted = tuple(m for m in rendered.manifests if m.address.spec == proposal.address)
    there = tuple(m for m in (_as_held(manifest, proposal.objects) for manifest in wanted) if m is not None)
    documents = tuple(view for view in rendered.documents if view.address == proposal.address)
    desired = replace(rendered, manifests=wanted, documents=documents)
    held = replace(desired, manifests=there)
    return diff_release(state_from_manifests(held), desired, effects=effect_table()).release.changes


def _as_held(manifest: Manifest, objects: Sequence[Found]) -> Manifest | None:
    """The object that is there in its place: of its name, else the only one of its kind."""
    same = [found for found in objects if found.key.kind == manifest.key.kind]
    found = next((one for one in same if one.key == manifest.key), same[0] if len(same) == 1 else None)
    if found is None:
        return None
    return Manifest(manifest.address, found.key, manifest.token, found.data, {})


def _file(proposal: Proposal) -> str:
    return f"imported-{proposal.address.kind.lower()}-{proposal.address.name}.yaml"


def _text(proposal: Proposal) -> str:
    return to_yaml(proposal.document)


def _no_stack(environment: str) -> Diagnostic:
    said = f"`{environment}` has no target of type pulumi"
    return Diagnostic(NO_STACK, said, hint="name an exported stack: --state FILE, written by `pulumi stack export`")
