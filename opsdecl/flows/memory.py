"""What a command has worked out already, and what earlier ones did."""

from datetime import date

from msgspec import Struct, field

from opsdecl.compile.memo import Memo
from opsdecl.spec.parse_cache import ParsedFiles
from opsdecl.spec.types import Texts


class Memory(Struct, frozen=True):
    """Shared by everything that one command reads and compiles: the sides of a plan, all environments."""

    files: ParsedFiles = field(default_factory=ParsedFiles)
    memo: Memo = field(default_factory=Memo)
    today: date | None = None
    """The day, in UTC, by which exceptions of policies hold; None: nobody knows it, so none does."""

    @classmethod
    def over(cls, texts: Texts | None, today: date | None = None) -> "Memory":
        """With what earlier runs kept in `texts`."""
        return cls(ParsedFiles(texts), Memo(texts), today)
