"""Writes what is generated: schemas, reference pages, built-in tables. `make generate` runs it; a test tells when."""

import json
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_ROOT))

from opsdecl.apply.readiness.search_result import search_result_schema  # noqa: E402
from opsdecl.diff.planfile import plan_schema  # noqa: E402
from opsdecl.evidence.schemas import evidence_schema, result_schema  # noqa: E402
from opsdecl.spec.schema import all_schemas  # noqa: E402
from opsdecl.transparency.schemas import card_schema, trace_schema  # noqa: E402
from tools.reference import all_pages  # noqa: E402
from tools.tables import built_in, config_defaults  # noqa: E402


def generated() -> dict[str, str]:
    """Files relative to the repository's root, and their text."""
    published = {**all_schemas(), "plan.schema.json": plan_schema(), "card.schema.json": card_schema()}
    published["trace.schema.json"] = trace_schema()
    published["tuning-result.schema.json"] = search_result_schema()
    published["evidence.schema.json"] = evidence_schema()
    published["evaluation-result.schema.json"] = result_schema()
    schemas = {f"schemas/{name}": json.dumps(schema, indent=2) + "\n" for name, schema in published.items()}
    pages = {f"docs/reference/{name}": text for name, text in all_pages().items()}
    tables = {"built_in.json": built_in(), "config_defaults.json": config_defaults()}
    return {**schemas, **pages, **{f"opsdecl/catalog/data/{name}": text for name, text in tables.items()}}


def main() -> None:
    for name, text in generated().items():
        path = _ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
