"""Results as files: a saved plan, rendered objects, schemas."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opsdecl.diag import Checked
from opsdecl.diff.planfile import dump_plan, plan_digest
from opsdecl.diff.types import Plan
from opsdecl.spec.fields import kind_names
from opsdecl.spec.schema import COMBINED, all_schemas
from opsdecl.targets.files import write_file, write_tree


def plan_text(plan: Plan) -> str:
    """The plan as its file holds it."""
    return dump_plan(plan).decode()


def digest_of_plan(plan: Plan) -> str:
    """What `apply --plan` demands and what the record names."""
    return plan_digest(plan)


def save_plan(plan: Plan, path: Path) -> Checked[Path]:
    return write_file(path, dump_plan(plan))


def save_files(folder: Path, files: Mapping[str, bytes]) -> Checked[tuple[Path, ...]]:
    """Files by their path below `folder`; those that are there already are replaced."""
    return write_tree(folder, files, replace=True)


def schema_of_kind(kind: str | None) -> Mapping[str, Any] | None:
    """The JSON Schema of a kind, of any document where none is named; None for a kind that does not exist."""
    return all_schemas().get(f"{kind.lower()}.schema.json" if kind else COMBINED)


def schema_files() -> Mapping[str, Mapping[str, Any]]:
    """Every schema by file name."""
    return all_schemas()


__all__ = [
    "COMBINED",
    "digest_of_plan",
    "kind_names",
    "plan_text",
    "save_files",
    "save_plan",
    "schema_files",
    "schema_of_kind",
]
