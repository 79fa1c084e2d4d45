"""What an apply is about to do, and what it did, in the records: written over those that it read, and over no others.

It is announced once the stack's own lock is held, and before anything is declared. Whoever does not get the lock has
announced nothing, and cannot write over what its holder announced, which alone says what that one makes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from opsdecl.targets.cluster.inventory import Entry
from opsdecl.targets.cluster.reading import Identity
from opsdecl.targets.pulumi.locks import past_dead_holders
from opsdecl.targets.pulumi.records import Records
from opsdecl.targets.pulumi.store import Overtaken
from opsdecl.targets.pulumi.writing import Job, Moved


@dataclass(slots=True)
class Books:
    """`now` are the records as this apply knows them: as it read them, until it writes them itself."""

    job: Job
    now: Records
    entries: Mapping[Identity, Entry]
    """Objects with what is about to be done to them."""
    held: Mapping[str, str]
    announced: bool = False

    def announce(self) -> None:
        """Raises Moved where somebody else's apply wrote the records since they were read."""
        if self.announced:
            return
        try:
            self.keep(self.entries, self.held)
        except Overtaken:
            raise Moved(()) from None
        self.announced = True

    def keep(self, entries: Mapping[Identity, Entry], held: Mapping[str, str]) -> None:
        """Objects that are about to be written, or were; the documents stay those of the last complete apply."""
        ordered = tuple(sorted(entries.values(), key=lambda entry: (entry.address, entry.key)))
        inventory = replace(self.now.inventory, release=str(self.job.desired.release), entries=ordered)
        self.write(replace(self.now, inventory=inventory, held=held))

    def write(self, records: Records) -> None:
        """Raises Overtaken where they are not those any more that this apply read or wrote."""
        job, expected = self.job, self.now.stamp
        self.now = past_dead_holders(
            job.store.engine,
            job.store.records_stack,
            lambda: job.store.save(records, job.record.tool_version, expected),
            job.tell,
        )
