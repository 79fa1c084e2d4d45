"""`opsdecl.lock`: what compiled a project, so that objects never change unseen through the tool itself."""

from collections.abc import Mapping

from msgspec import Struct

from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic, Place, SpecPath
from opsdecl.diag.codes import compile as codes
from opsdecl.spec.types import Json

FILE = "opsdecl.lock"
FORMAT = 1
_HEADER = "# Written by `opsdecl validate --update-lock`; review it like code.\n"
_MOVE = "check what it means with a plan, then run `opsdecl validate --update-lock`"


class LockFacts(Struct, frozen=True):
    """What a lock records. `schemas` names the package of Kubernetes' schemas with its version; empty where the caller
    does not know it, and then not compared. `models` maps addresses of weights to the revision in use."""

    tool_version: str
    catalog_digest: str
    schemas: str
    models: Mapping[str, str]


def locked_models(documents: Mapping[str, CompiledDocument] | tuple[CompiledDocument, ...]) -> Mapping[str, str]:
    """The model revisions that documents use; empty text where none is pinned."""
    found = documents.values() if isinstance(documents, Mapping) else documents
    facts = [document.effective["model"] for document in found if "model" in document.effective]
    return {fact["uri"]: fact.get("revision", "") for fact in sorted(facts, key=lambda fact: str(fact["uri"]))}


def make_lock(facts: LockFacts) -> str:
    """The text of the file: the same facts give the same bytes."""
    lines = [
        f"formatVersion: {FORMAT}",
        f'tool: "{facts.tool_version}"',
        f'catalog: "{facts.catalog_digest}"',
        f'schemas: "{facts.schemas}"',
        "models:" if facts.models else "models: {}",
        *(f'  "{uri}": "{revision}"' for uri, revision in sorted(facts.models.items())),
    ]
    return _HEADER + "\n".join(lines) + "\n"


def check_lock(
    lock: Mapping[str, Json] | None, facts: LockFacts, *, protected: Place | None = None
) -> tuple[Diagnostic, ...]:
    """`protected` is the place that makes the environment protected, None where it is not: only there is a missing
    lock worth a word."""
    if lock is None:
        hint = "run `opsdecl validate --update-lock` and commit the file"
        message = "the environment is protected, and the project has no opsdecl.lock"
        return (Diagnostic(codes.LOCK_MISSING, message, at=protected, hint=hint),) if protected else ()
    return (*_version_findings(lock, facts), *_model_findings(lock, facts))


def _version_findings(lock: Mapping[str, Json], facts: LockFacts) -> tuple[Diagnostic, ...]:
    compared = (
        ("tool", facts.tool_version, "opsdecl", f"install opsdecl {lock.get('tool')}, or {_MOVE}"),
        ("catalog", facts.catalog_digest, "the catalogue", _MOVE),
        ("schemas", facts.schemas, "the schemas of", f"install {lock.get('schemas')}, or {_MOVE}"),
    )
    return tuple(
        _mismatch((name,), f"the lock records {what} {lock.get(name)}, this is {now}", hint)
        for name, now, what, hint in compared
        if now and lock.get(name) and lock.get(name) != now
    )


def _model_findings(lock: Mapping[str, Json], facts: LockFacts) -> tuple[Diagnostic, ...]:
    recorded = lock.get("models")
    models = recorded if isinstance(recorded, Mapping) else {}
    return tuple(
        _mismatch(
            ("models", uri), f"{uri} is locked at {models[uri] or 'no revision'}, and used at {now or 'none'}", _MOVE
        )
        for uri, now in facts.models.items()
        if uri in models and models[uri] != now
    )


def _mismatch(path: SpecPath, message: str, hint: str) -> Diagnostic:
    return Diagnostic(codes.LOCK_MISMATCH, message, at=Place(FILE, 0, path), hint=hint)
