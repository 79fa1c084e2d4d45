"""Where packaged data lives: inside the wheel, or at the repository root of an editable install."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_root() -> Path:
    """The folder that holds `schemas/` and `templates/`."""
    packaged = _PACKAGE / "_data"
    return packaged if packaged.is_dir() else _PACKAGE.parent


def catalog_root() -> Path:
    """The folder of the built-in catalogue tables."""
    return _PACKAGE / "catalog" / "data"
