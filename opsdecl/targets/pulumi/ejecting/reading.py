"""A stack on its backend -> the program that declares it."""

from collections.abc import Mapping

from msgspec import Struct

from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes import pulumi as codes
from opsdecl.render.types import ManifestSet
from opsdecl.targets.pulumi.ejecting.files import program_files
from opsdecl.targets.pulumi.ejecting.held import read_held
from opsdecl.targets.pulumi.failures import PulumiError, StackMissing
from opsdecl.targets.pulumi.reading import foreign
from opsdecl.targets.pulumi.settings import PulumiSettings
from opsdecl.targets.pulumi.state import StackState, parse_state
from opsdecl.targets.pulumi.store import Store

_SHOWN = 5


class Ejected(Struct, frozen=True):
    """A program: path -> content, and what it declares."""

    stack: str
    files: Mapping[str, bytes]
    documents: int
    objects: int


def eject(store: Store, settings: PulumiSettings, wanted: ManifestSet | None) -> Checked[Ejected]:
    """The stack as it is. Raises PulumiError and StackMissing. `wanted` is compared with what was applied, since a
    program of the stack has nothing of what was not."""
    deployment = store.engine.export(store.stack)
    if deployment is None:
        raise StackMissing(store.stack)
    try:
        state, held = parse_state(deployment), read_held(deployment)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PulumiError(_broken(store.stack, error)) from None
    strangers = foreign(state, store.release)
    if strangers or state.pending:
        return Checked(None, strangers or (_unsettled(store.stack, state),))
    files = program_files(held, store.release.project, settings)
    behind = _behind(store, wanted) if wanted is not None else ()
    return Checked(Ejected(store.stack, files, len(held.documents), held.objects), behind)


def _behind(store: Store, wanted: ManifestSet) -> tuple[Diagnostic, ...]:
    applied = {entry.address: entry.digest for entry in store.load_records().inventory.entries}
    asked = {str(manifest.address): manifest.digest for manifest in wanted.manifests}
    names = sorted(name for name in applied.keys() | asked.keys() if applied.get(name) != asked.get(name))
    if not names:
        return ()
    shown = ", ".join(f"`{name}`" for name in names[:_SHOWN])
    shown += f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    said = f"stack `{store.stack}` is not as the specs say: {shown}"
    return (Diagnostic(codes.EJECTED_BEHIND, said, hint="apply first to have it in the program: opsdecl apply"),)


def _unsettled(stack: str, state: StackState) -> Diagnostic:
    names = ", ".join(f"`{pending.resource.address}` ({pending.kind})" for pending in state.pending[:_SHOWN])
    said = f"an update of stack `{stack}` was stopped in the middle: {names}"
    return Diagnostic(codes.EJECT_UNSETTLED, said, hint="let an apply clear it up, then eject again: opsdecl apply")


def _broken(stack: str, error: Exception) -> Diagnostic:
    said = f"the state of stack `{stack}` is broken: {type(error).__name__} {error}"
    hint = "look at it with `pulumi stack export`, and restore it from `.pulumi/backups` of the backend"
    return Diagnostic(codes.STATE_BROKEN, said, hint=hint)
