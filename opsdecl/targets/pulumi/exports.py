"""An exported state, of a stack or from a file -> the Kubernetes objects in it. Nothing of it is trusted."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes.pulumi import NOT_AN_EXPORT
from opsdecl.targets.pulumi.decorations import undecorated

LARGEST_BYTES = 256 * 1024 * 1024
_HINT = "give the output of: pulumi stack export --stack NAME --file FILE"


class ExportedObject(Struct, frozen=True):
    """`name` is its logical name in the program; `data` is what the provider was given."""

    name: str
    data: Mapping[str, Any]


class Exported(Struct, frozen=True):
    """`odd` are names of Kubernetes resources that are no objects as the API has them."""

    objects: tuple[ExportedObject, ...]
    odd: tuple[str, ...] = ()


def read_export(path: Path) -> Checked[Exported]:
    """The file that `pulumi stack export` writes."""
    try:
        if os.stat(path).st_size > LARGEST_BYTES:
            return Checked(None, (_refused(path, f"it is larger than {LARGEST_BYTES >> 20} MiB"),))
        content = json.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        return Checked(None, (_refused(path, error.strerror or str(error)),))
    except (ValueError, RecursionError) as error:
        return Checked(None, (_refused(path, f"it is no JSON: {str(error)[:200]}"),))
    deployment = content.get("deployment") if isinstance(content, dict) else None
    if not isinstance(deployment, dict):
        return Checked(None, (_refused(path, "it has no `deployment`"),))
    return exported_objects(deployment, str(path))


def exported_objects(deployment: Mapping[str, Any], where: str) -> Checked[Exported]:
    rows = deployment.get("resources") or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return Checked(None, (_refused(where, "its `resources` are no list of mappings"),))
    ours = [row for row in rows if str(row.get("type", "")).startswith("kubernetes:") and not row.get("delete")]
    try:
        found = tuple(_objects(ours))
    except RecursionError:
        return Checked(None, (_refused(where, "it is nested too deeply"),))
    names = {one.name for one in found}
    return Checked(Exported(found, tuple(name for row in ours if (name := _name(row)) not in names)))


def _objects(rows: list[dict[str, Any]]) -> Iterator[ExportedObject]:
    for row in rows:
        data = row.get("inputs")
        if isinstance(data, dict) and _is_object(data):
            yield ExportedObject(_name(row), undecorated(data))


def _is_object(data: Mapping[str, Any]) -> bool:
    metadata = data.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("annotations") or {}, dict):
        return False
    names = (data.get("apiVersion"), data.get("kind"), metadata.get("name"), metadata.get("namespace", ""))
    return all(isinstance(name, str) for name in names) and all(names[:3])


def _name(row: Mapping[str, Any]) -> str:
    return str(row.get("urn", "")).rpartition("::")[2]


def _refused(where: Path | str, said: str) -> Diagnostic:
    return Diagnostic(NOT_AN_EXPORT, f"`{where}` is no exported stack: {said}", hint=_HINT)
