"""A release's stack and its records on their backend: read together, the records written in one go."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.addr import Release
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import pulumi as codes
from opsdecl.targets.pulumi.failures import PulumiError
from opsdecl.targets.pulumi.records import SUFFIX, Records, decode, encode, stamp_of
from opsdecl.targets.pulumi.settings import PulumiSettings
from opsdecl.targets.pulumi.state import StackState, parse_state, without_pending

if TYPE_CHECKING:
    from opsdecl.targets.pulumi.engine import Engine


class Overtaken(PulumiError):  # noqa: N818 - reads as what it says
    """The records are those of another apply by now."""

    def __init__(self, stack: str) -> None:
        said = f"another apply wrote the records of stack `{stack}` while this one was at work"
        super().__init__(Diagnostic(codes.OVERTAKEN, said, hint="plan again: it looks at what both have left"))


class Store(Struct, frozen=True):
    """`stack` is the name as the target says it, perhaps with an organisation."""

    engine: "Engine"
    release: Release
    stack: str

    @property
    def records_stack(self) -> str:
        return f"{self.stack}{SUFFIX}"

    def load(self) -> tuple[StackState, Records]:
        """Raises PulumiError where either cannot be read."""
        with ThreadPoolExecutor(2) as pool:
            state, records = pool.submit(self.load_stack), pool.submit(self.load_records)
            return state.result(), records.result()

    def load_stack(self) -> StackState:
        try:
            return parse_state(self.engine.export(self.stack))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            said = f"the state of stack `{self.stack}` is broken: {type(error).__name__} {error}"
            hint = "look at it with `pulumi stack export`, and restore it from `.pulumi/backups` of the backend"
            raise PulumiError(Diagnostic(codes.STATE_BROKEN, said, hint=hint)) from None

    def load_records(self) -> Records:
        return decode(self.engine.export(self.records_stack), str(self.release))

    def save(self, records: Records, tool_version: str, expected: str | None = None) -> Records:
        """Makes the stack of the records where there is none. Raises Overtaken where what is there has another stamp
        than `expected`."""
        empty = self.engine.export(self.records_stack)
        if expected is not None and stamp_of(empty) != expected:
            raise Overtaken(self.stack)
        if empty is None:
            self.engine.create(self.records_stack)
            empty = self.engine.export(self.records_stack) or {}
        name, project = self.records_stack.rpartition("/")[2], self.release.project
        urn = f"urn:pulumi:{name}::{project}::pulumi:pulumi:Stack::{project}-{name}"
        deployment = encode(records, empty, urn, tool_version)
        self.engine.replace_state(self.records_stack, deployment)
        return replace(records, exists=True, stamp=stamp_of(deployment))

    def drop_pending(self) -> None:
        """Takes what an update had announced off the state, once it is known how far it got."""
        deployment = self.engine.export(self.stack)
        if deployment is not None and deployment.get("pending_operations"):
            self.engine.replace_state(self.stack, without_pending(deployment))


def held_partitions(store: Store, settings: PulumiSettings) -> tuple[str, ...]:
    """Partitions of the same environment and target with records of objects; the empty name is the rest. Raises
    PulumiError where the records of one cannot be read: what it holds must not be taken for nothing."""
    trunk = settings.of("").stack.rpartition("/")[2]
    named = [name.removesuffix(SUFFIX) for name in store.engine.stacks() if name.endswith(SUFFIX)]
    found = [
        name.removeprefix(trunk).removeprefix("-") for name in named if name == trunk or name.startswith(f"{trunk}-")
    ]
    with ThreadPoolExecutor(4) as pool:
        held = pool.map(lambda partition: _holds(store, settings, partition), found)
        return tuple(partition for partition, holds in zip(found, held, strict=True) if holds)


def _holds(store: Store, settings: PulumiSettings, partition: str) -> bool:
    """Not where the stack is that of another environment, whose name begins alike."""
    release = store.release._replace(partition=partition)
    try:
        records = Store(store.engine, release, settings.of(partition).stack).load_records()
    except PulumiError as error:
        if error.diagnostics[0].code is codes.OTHER_RELEASE:
            return False
        raise
    return bool(records.inventory.entries)
