"""Values that are moved -> the files that hold them, with everything else as people wrote it."""

from collections.abc import Sequence

from opsdecl.diag import Checked, Diagnostic, Place
from opsdecl.diag.codes.transparency import NOT_EDITABLE
from opsdecl.flows.promotion import Move
from opsdecl.spec.edit import edit_file
from opsdecl.spec.types import SourceTree


def edited_files(tree: SourceTree, moves: Sequence[Move]) -> Checked[dict[str, bytes]]:
    """By path, the files that change or are new. OD854 where one cannot be edited so."""
    known = {entry.path for entry in tree.entries()}
    texts: dict[str, str] = {}
    for address in dict.fromkeys(move.address for move in moves):
        own = [move for move in moves if move.address == address]
        file = own[0].file
        try:
            text = texts.get(file, tree.read(file).decode() if file in known else "")
            edits = [(move.path, move.value) for move in own]
            texts[file] = edit_file(text, address.kind, address.name, edits)
        except (ValueError, OSError) as error:
            said = f"`{address}` cannot be edited in this file: {error}"
            return Checked(None, (Diagnostic(NOT_EDITABLE, said[:300], Place(file), hint="edit it by hand"),))
    return Checked({file: text.encode() for file, text in texts.items()})
