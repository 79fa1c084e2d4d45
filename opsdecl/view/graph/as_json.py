"""A graph as JSON: documents, resources, edges."""

import json
from typing import Any

from opsdecl.compile.types import CompiledDocument, Graph, Resource
from opsdecl.view.graph.edges import edges_of


def render_json(graph: Graph) -> str:
    release = graph.release
    report = {
        "formatVersion": 1,
        "release": {
            "id": str(release),
            "project": release.project,
            "environment": release.environment,
            "target": release.target,
        },
        "documents": [_document(document) for document in graph.documents],
        "resources": [_resource(resource) for resource in graph.resources],
        "edges": [{"kind": edge.kind, "from": edge.source, "to": edge.target} for edge in edges_of(graph)],
    }
    return json.dumps(report, indent=2, ensure_ascii=True) + "\n"


def _document(document: CompiledDocument) -> dict[str, Any]:
    return {
        "address": str(document.address),
        "kind": document.address.kind,
        "name": document.address.name,
        "references": {root: str(target) for root, target in document.references.items()},
        "files": list(dict.fromkeys(layer.file for layer in document.layers)),
    }


def _resource(resource: Resource) -> dict[str, Any]:
    key = resource.key
    return {
        "address": str(resource.address),
        "type": resource.token,
        "object": {"apiVersion": key.api_version, "kind": key.kind, "namespace": key.namespace, "name": key.name},
        "parent": str(resource.parent),
        "dependsOn": [str(target) for target in resource.depends_on],
        "protect": resource.protect,
    }
