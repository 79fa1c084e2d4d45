"""Runs: objects that do their work once and end. Their role says so, and carries the key of what they work on."""

from opsdecl.addr.types import Address

_ROLE = "run-"
ON_CHANGE = "opsdecl.dev/on-change"
"""Annotation of a run that is to be cancelled when another takes its place; without it, it finishes."""


def run_role(key: str, step: str = "") -> str:
    """`run-3f2a9c1d04`, `run-clean-3f2a9c1d04`: another key is another object, never a change of one."""
    return f"{_ROLE}{step}-{key}" if step else f"{_ROLE}{key}"


def is_run(address: Address | str) -> bool:
    """Whether the object under this address is a run: started once, never changed, not repeated."""
    role = address.role if isinstance(address, Address) else address.rpartition("/")[2]
    return role.startswith(_ROLE)
