"""How much a project may hold. Far above what people write, far below what hurts."""

from msgspec import Struct

MIB = 1 << 20


class Limits(Struct, frozen=True):
    """Sizes in bytes, `scalar` in characters, the rest are counts.

    `nodes` bounds the values written in one file; `expanded` those that its aliases stand for, in which a long text
    counts one more for each 32 characters. Of one file's findings the first `findings` are kept.
    """

    files: int = 100_000
    project_bytes: int = 256 * MIB
    file_bytes: int = 4 * MIB
    text_bytes: int = MIB
    documents: int = 1_000
    broken_documents: int = 20
    depth: int = 64
    nodes: int = 250_000
    expanded: int = 250_000
    scalar: int = MIB
    directives: int = 16
    findings: int = 200


DEFAULT_LIMITS = Limits()
