"""Schemas for editors: the schema itself, and the settings that make an editor use it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any


def render_schema(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def render_editor_settings(associations: Mapping[str, Sequence[str]]) -> str:
    """Settings of VS Code and of every editor with the YAML language server: schema file -> globs."""
    schemas = {path: list(globs) for path, globs in associations.items()}
    return json.dumps({"yaml.schemas": schemas}, indent=2, ensure_ascii=False) + "\n"


def render_modeline(path: str) -> str:
    """The first line of a file that names its own schema."""
    return f"# yaml-language-server: $schema={path}\n"
