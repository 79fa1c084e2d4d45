"""Golden files: text that people review once and that must not change by accident."""

import difflib
import itertools
import os
from collections.abc import Collection
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1] / "golden"
UPDATE_VARIABLE = "OPSDECL_UPDATE_GOLDEN"
_SHOWN_LINES = 100


def expect_golden(text: str, path: str) -> None:
    """The text equals `tests/golden/<path>`, byte for byte. `pytest --update-golden` writes it instead."""
    expect_file(text, ROOT / path)


def expect_file(text: str, file: Path) -> None:
    """The same for a file anywhere, such as a published schema."""
    if os.environ.get(UPDATE_VARIABLE):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode("utf-8"))
        return
    assert file.is_file(), f"{file} is missing: run pytest --update-golden and read the diff"
    expected = file.read_bytes().decode("utf-8")
    # Raised and not asserted: pytest would cut both texts short before the line that matters.
    if text != expected:
        shown = _difference(expected, text)
        raise AssertionError(f"{file} differs: if that is meant, run pytest --update-golden and read the diff\n{shown}")


def _difference(expected: str, text: str) -> str:
    """At most the first hundred lines of a diff, so that a log of a machine far away says what differs."""
    lines = difflib.unified_diff(expected.splitlines(), text.splitlines(), "golden", "found", lineterm="", n=1)
    return "\n".join(itertools.islice(lines, _SHOWN_LINES))


def expect_only(folder: Path, names: Collection[str]) -> None:
    """The folder holds these files and no others; `--update-golden` removes the others."""
    others = [f for f in folder.rglob("*") if f.is_file() and f.relative_to(folder).as_posix() not in names]
    if os.environ.get(UPDATE_VARIABLE):
        for file in others:
            file.unlink()
        return
    assert not others, f"nothing is written to {others[0]} any more: run pytest --update-golden"
