"""The values of a document that its answers come from: what evidence is tied to, and what makes it stale.

They are the fields whose change is of class `behaviour`, as the kinds declare it, without those that are as they are
by default: a field that a new version of the language adds makes nothing stale.
"""

from collections.abc import Mapping
from typing import Any

from opsdecl.addr import SpecAddress, digest_of, digest_of_bytes
from opsdecl.spec.fields import field_info
from opsdecl.spec.types import Json

ANSWERING = ("LLM", "Model")
"""Kinds that answer requests."""
_FACTS = ("uri", "revision")
_TEMPLATE = "chatTemplate"
_GUARDRAILS = "guardrails"
_TEXTS = (("spec", _TEMPLATE), ("spec", _GUARDRAILS, "config"))
"""Fields that hold a text or name a file; what counts is what is written there."""
JUDGE_PLACE = ("address", "asked")
"""Facts of a judge that say where it is asked, not what it says."""


def answers_of(kind: str, effective: Mapping[str, Any], references: Mapping[str, SpecAddress]) -> Mapping[str, Json]:
    """The same paths as in `effective`. The texts of a chat template and of guardrails
    are there by their digests."""
    found: dict[str, Json] = {}
    for root, value in effective.items():
        if root in references and kind == references[root].kind:
            kept = {name: item for name, item in value.items() if name not in JUDGE_PLACE}
        elif root in references:
            kept = {**_kept(references[root].kind, ("spec",), value), **_run(references[root].kind, value)}
        elif root == "model":
            kept = {name: value[name] for name in _FACTS if name in value}
        elif root == "spec":
            kept = _kept(kind, ("spec",), value)
        else:
            continue
        if kept:
            found[root] = kept
    spec = effective["spec"]
    written = {
        _TEMPLATE: effective.get(_TEMPLATE) or (spec.get(_TEMPLATE) or {}).get("text"),
        _GUARDRAILS: guardrails_config(effective),
    }
    return found | {name: digest_of_bytes(text.encode()) for name, text in written.items() if isinstance(text, str)}


def guardrails_config(effective: Mapping[str, Any]) -> Json:
    """The text that checks work by, wherever it is written."""
    said = (effective["spec"].get(_GUARDRAILS) or {}).get("config") or {}
    return said.get("text") or (effective.get(_GUARDRAILS) or {}).get("config")


def answers_digest(kind: str, effective: Mapping[str, Any], references: Mapping[str, SpecAddress]) -> str:
    """Equal where the same answers are to be expected."""
    return digest_of([kind, answers_of(kind, effective, references)])


def _run(kind: str, value: Mapping[str, Any]) -> dict[str, Json]:
    """The run of a Training that made what is served, or the adapter that is loaded."""
    facts = value if kind == "Training" else value.get("training")
    return {"run": facts["run"]} if isinstance(facts, Mapping) and isinstance(facts.get("run"), str) else {}


def _kept(kind: str, path: tuple[str, ...], value: Mapping[str, Any]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for name, item in value.items():
        below = (*path, name)
        if below in _TEXTS or (name == "uri" and value.get("digest")):
            # Where bytes are named by digest, it does not matter where they are fetched.
            continue
        kept = _kept(kind, below, item) if isinstance(item, Mapping) else _leaf(kind, below, item)
        if kept is not None and kept != {}:
            found[name] = kept
    return found


def _leaf(kind: str, path: tuple[str, ...], value: Json) -> Json:
    info = field_info(kind, path)
    behaves = info is not None and info.effect is not None and info.effect.change_class == "behaviour"
    return value if behaves and info is not None and value != info.default and value != [] else None
