"""Taking a stack out of the hands of an update that is no more."""

from msgspec.structs import replace

from opsdecl.targets.pulumi.failures import Locked, PulumiError, StackMissing
from opsdecl.targets.pulumi.locks import is_dead
from opsdecl.targets.pulumi.store import Store


def put_out(store: Store, *, force: bool) -> str:
    """Who held the stack or its records; empty where nobody did. Raises Locked where a holder may still be at work,
    unless `force`."""
    found = [holder for name in (store.stack, store.records_stack) for holder in _put_out(store, name, force=force)]
    return ", ".join(dict.fromkeys(found))


def _put_out(store: Store, stack: str, *, force: bool) -> tuple[str, ...]:
    locked = _holder(store, stack)
    if locked is None:
        return ()
    if not force and not (locked.holders and all(is_dead(host, pid) for _, host, pid, _ in locked.holders)):
        hint = "where you know that it is no more, or accept that it fails: opsdecl unlock --force"
        raise Locked(replace(locked.diagnostics[0], hint=hint), locked.holders)
    store.engine.cancel(stack)
    named = tuple(f"{user} on {host}, process {pid}, since {at}" for user, host, pid, at in locked.holders)
    return named or ("an update that its backend does not name",)


def _holder(store: Store, stack: str) -> Locked | None:
    """Asked by an update of nothing, which needs the lock and leaves the state as it is."""
    try:
        store.engine.touch(stack)
    except Locked as locked:
        return locked
    except (PulumiError, StackMissing):
        return None
    return None
