"""What a command has worked out already, and what earlier ones did."""

from msgspec import Struct, field

from opsdecl.compile.memo import Memo
from opsdecl.spec.parse_cache import ParsedFiles
from opsdecl.spec.types import Texts


class Memory(Struct, frozen=True):
    """Shared by everything that one command reads and compiles: the sides of a plan, all environments."""

    files: ParsedFiles = field(default_factory=ParsedFiles)
    memo: Memo = field(default_factory=Memo)

    @classmethod
    def over(cls, texts: Texts | None) -> "Memory":
        """With what earlier runs kept in `texts`."""
        return cls(ParsedFiles(texts), Memo(texts))
