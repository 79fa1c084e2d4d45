"""What is generated from the models is up to date."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tools.generate import generated

_ROOT = Path(__file__).resolve().parent.parent
_DATA = _ROOT / "opsdecl/catalog/data"
_WRITTEN_BY_HAND = {"schemas/diagnostics.schema.json", "schemas/size.schema.json"}

pytestmark = pytest.mark.xdist_group("generated")


def there() -> set[str]:
    """The generated files as they lie there: asking the models for their names takes seconds in every worker."""
    tables = (_DATA / "built_in.json", _DATA / "config_defaults.json")
    files = (*(_ROOT / "schemas").glob("*.json"), *(_ROOT / "docs/reference").rglob("*.md"), *tables)
    return {file.relative_to(_ROOT).as_posix() for file in files} - _WRITTEN_BY_HAND


@pytest.fixture(scope="module")
def texts() -> Mapping[str, str]:
    return generated()


@pytest.mark.parametrize("name", sorted(there()))
def test_generated_files_are_current(name: str, texts: Mapping[str, str]) -> None:
    assert (_ROOT / name).read_text(encoding="utf-8") == texts.get(name), f"{name} is out of date: run `make generate`"


def test_no_generated_file_is_missing(texts: Mapping[str, str]) -> None:
    assert sorted(set(texts) - there()) == [], "run `make generate`"


def test_no_reference_page_of_a_kind_that_is_gone(texts: Mapping[str, str]) -> None:
    pages = {str(path.relative_to(_ROOT)) for path in (_ROOT / "docs/reference").rglob("*.md")}
    assert pages - set(texts) == set()
