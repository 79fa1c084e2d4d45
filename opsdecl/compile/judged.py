"""What a language model takes from the one that its guardrails ask: where that is, and what its verdicts come from."""

from collections.abc import Mapping
from typing import Any

from opsdecl.compile.answers import answers_of
from opsdecl.compile.lower.names import base_name, shorten
from opsdecl.compile.types import CompiledDocument
from opsdecl.spec.types import Json

ROOT = "judge"
"""Under which a guarded model has these facts, as the field is called that names its judge."""


def judge_facts(document: CompiledDocument) -> Mapping[str, Json]:
    """`address` and `asked` are where it is asked and as what; the rest are fields of the judge that shape what it
    says, so that scaling it or moving it changes no evidence of the model that it guards."""
    answers: Mapping[str, Any] = answers_of(document.address.kind, document.effective, document.references)
    metadata, spec = document.effective["metadata"], document.effective["spec"]
    model = document.effective.get("model") or {}
    runtime = document.effective.get("runtime") or {}
    known = {
        **answers.get("spec", {}),
        "model": "@".join(model[name] for name in ("uri", "revision") if model.get(name)) or str(spec["model"]),
        "runtime": runtime.get("image"),
        "chatTemplate": answers.get("chatTemplate"),
        "address": f"http://{shorten(base_name(document.model.metadata))}.{metadata['namespace']}/v1",
        "asked": next(iter(spec.get("servedNames") or ()), document.address.name),
    }
    return {name: value for name, value in known.items() if value}
