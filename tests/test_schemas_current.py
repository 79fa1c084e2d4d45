"""What is generated from the models is up to date."""

from pathlib import Path

import pytest

from tools.generate import generated

_ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(("name", "text"), sorted(generated().items()), ids=lambda value: str(value).partition("\n")[0])
def test_generated_files_are_current(name: str, text: str) -> None:
    path = _ROOT / name
    assert path.is_file(), f"{name} is missing: run `make generate`"
    assert path.read_text(encoding="utf-8") == text, f"{name} is out of date: run `make generate`"


def test_no_reference_page_of_a_kind_that_is_gone() -> None:
    pages = {str(path.relative_to(_ROOT)) for path in (_ROOT / "docs/reference").rglob("*.md")}
    assert pages - set(generated()) == set()
