"""Golden files: text that people review once and that must not change by accident."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1] / "golden"
UPDATE_VARIABLE = "OPSDECL_UPDATE_GOLDEN"


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
    assert text == expected, f"{file} differs: if that is meant, run pytest --update-golden and read the diff"
