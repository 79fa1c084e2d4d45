"""A change of an adapter is shown at each model that loads it, at the adapter's own line."""

from opsdecl.diff.types import BaseRef, SourceRef
from opsdecl.flows.plan import Wanted, plan_review
from opsdecl.spec.source import MemoryTree
from tests.support.literate import MINIMAL_PROJECT

DOCUMENTS = """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat}
spec: {model: phi-4, runtime: vllm, adapters: [legal, mail]}
---
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: other}
spec: {model: phi-4, runtime: vllm}
---
apiVersion: opsdecl.dev/v1
kind: Adapter
metadata: {name: legal}
spec: {base: phi-4, source: {type: pvc, claim: adapters, path: one}, rank: 16}
---
apiVersion: opsdecl.dev/v1
kind: Adapter
metadata: {name: mail}
spec: {base: phi-4, source: {type: pvc, claim: adapters, path: two}, rank: 16}
"""


def planned(before: str, after: str) -> dict[str, tuple[tuple[str, ...], list[tuple[str, int]]]]:
    """Classes, and fields with their lines, by document."""
    desired, base = (MemoryTree({**MINIMAL_PROJECT, "environments/dev/case.yaml": text}) for text in (after, before))
    done = plan_review(desired, base, Wanted("dev"), SourceRef(), BaseRef(ref="main"))
    assert done.plan is not None, done.diagnostics
    return {
        d.address: (d.classes, [(f.path, f.origin.line if f.origin else 0) for f in d.fields])
        for d in done.plan.documents
    }


def test_another_rank_restarts_the_model_that_loads_it() -> None:
    found = planned(DOCUMENTS, DOCUMENTS.replace("path: two}, rank: 16", "path: two}, rank: 32"))
    assert found["LLM.chat"] == (("rolling",), [("adapter-mail.rank", 19)])
    assert "LLM.other" not in found


def test_another_adapter_under_the_same_name_changes_answers() -> None:
    found = planned(DOCUMENTS, DOCUMENTS.replace("path: one", "path: three"))
    assert found["LLM.chat"][0][0] == "behaviour"
    assert found["LLM.chat"][1] == [("adapter-legal.source.path", 14)]


def test_the_place_in_the_list_is_no_change_of_the_adapters() -> None:
    found = planned(DOCUMENTS, DOCUMENTS.replace("adapters: [legal, mail]", "adapters: [mail]"))
    assert not any(path.startswith("adapter-mail") for path, _ in found["LLM.chat"][1])
