"""What sizing found is kept for later runs: a model that does not fit is refused again, in the same words."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from opsdecl.diag import Diagnostic
from opsdecl.flows.kept_sizes import decode_assessment, encode_assessment
from opsdecl.flows.memory import Memory
from opsdecl.flows.validate import validate
from opsdecl.spec.source import MemoryTree
from tests.support.literate import MINIMAL_PROJECT

LLM = """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat}
spec:
  model: llama-3.1-70b-instruct
  runtime: vllm
  accelerator: {gpu: l40s}
  engine: {maxModelLen: 8192}
"""


class Texts(dict[str, str]):
    """A cache that says what was kept in it."""

    def get_many(self, keys: Iterable[str]) -> dict[str, str]:
        return {key: self[key] for key in keys if key in self}

    def put_many(self, texts: Mapping[str, str]) -> None:
        self.update(texts)


def misfits(texts: Texts) -> list[Diagnostic]:
    files = {**MINIMAL_PROJECT, "environments/dev/chat.yaml": LLM}
    found = validate(MemoryTree(files), memory=Memory.over(texts)).diagnostics
    return [finding for finding in found if finding.code.id == "OD757"]


def test_a_refusal_is_the_same_in_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = Texts()
    (first,) = misfits(texts)
    assert "the weights need" in first.message
    assert first.hint.startswith("for example: ")

    def reckon(*_: Any) -> None:
        raise AssertionError("reckoned again")

    monkeypatch.setattr("opsdecl.flows.models.assess", reckon)
    assert misfits(texts) == [first]


@pytest.mark.parametrize(
    "kept",
    [
        None,
        True,
        "fits",
        [],
        {},
        {"verdict": "maybe", "gib": 1, "objections": []},
        {"verdict": "tight", "gib": "much", "objections": []},
        {"verdict": "tight", "gib": 1, "objections": [["OD999", "m", "h", "gpu"]]},
        {"verdict": "tight", "gib": 1, "objections": [["OD757", "m", "h", "nothing"]]},
        {"verdict": "tight", "gib": 1, "objections": [["OD757"]]},
    ],
)
def test_what_was_not_kept_by_us_is_reckoned(kept: Any) -> None:
    assert decode_assessment(kept) is None


def test_there_and_back() -> None:
    kept = {"verdict": "does-not-fit", "gib": 131.45, "objections": [["OD757", "too large", "", "gpu"]]}
    found = decode_assessment(kept)
    assert found is not None
    assert encode_assessment(found) == kept
    assert encode_assessment(decode_assessment(14.9) or found) == 14.9
