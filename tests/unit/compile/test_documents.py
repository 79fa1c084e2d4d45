"""Documents that refer to each other, with kinds made for the purpose."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from opsdecl.addr import SpecAddress
from opsdecl.catalog.types import Catalog
from opsdecl.compile.document import DocumentResult
from opsdecl.compile.documents import Surroundings, compile_documents
from opsdecl.compile.layers import Layers, Source
from opsdecl.compile.memo import Memo
from opsdecl.compile.merge import MergeRules
from opsdecl.compile.schema import KindSchema
from opsdecl.diag import Checked
from opsdecl.spec.types import Document, Json


def _model(value: Mapping[str, Json]) -> Any:
    dumped = {"metadata": value["metadata"], "spec": value.get("spec", {})}
    return SimpleNamespace(model_dump=lambda **_: dumped, spec=SimpleNamespace())


STEP = KindSchema(
    kind="Step",
    merge=MergeRules(lambda path: None, lambda path: None),
    exempt=lambda path: False,
    references=((("spec", "after"), "Step"), (("spec", "inputs", "*", "step"), "Step")),
    check=lambda value, place: Checked(_model(value)),
    no_effect=(),
    has_field=lambda path: False,
)


def step(name: str, **spec: Any) -> Source:
    value = {"kind": "Step", "metadata": {"name": name}, "spec": spec}
    document = Document(f"environments/dev/{name}.yaml", 0, "Step", name, "v1", value, repr(value))
    return Source(document.address, (document,))


def run(*sources: Source, memo: Memo | None = None) -> Mapping[SpecAddress, DocumentResult]:
    own = step("unused")
    layers = Layers(own, ("dev",), {source.address: source for source in sources}, {})
    surroundings = Surroundings("acme", layers, Catalog({}, {}, ""), lambda kind: STEP, None, memo)
    return compile_documents(surroundings)


def messages(results: Mapping[SpecAddress, DocumentResult]) -> list[str]:
    return [d.message for result in results.values() for d in result.diagnostics]


def test_a_document_sees_what_it_refers_to_whatever_the_order() -> None:
    results = run(step("a", after="b"), step("b", after="c"), step("c", x=1))
    assert messages(results) == []
    a = results[SpecAddress("Step", "a")].document
    assert a is not None
    assert a.effective["after"] == {"after": "c"}
    assert a.references == {"after": SpecAddress("Step", "b")}


def test_several_references_of_one_name_keep_apart() -> None:
    results = run(step("a", inputs=[{"step": "b"}, {"step": "c"}]), step("b", x=1), step("c", x=2))
    a = results[SpecAddress("Step", "a")].document
    assert a is not None
    assert sorted(map(str, a.references.values())) == ["Step.b", "Step.c"]
    assert len(a.references) == 2


def test_a_circle_is_named_once_and_whole() -> None:
    for memo in (None, Memo()):
        for _ in range(2):
            results = run(
                step("a", after="b"), step("b", after="c"), step("c", after="a"), step("d", after="a"), memo=memo
            )
            assert messages(results) == ["documents refer to each other in a circle: Step.a → Step.b → Step.c → Step.a"]
            assert [result.document for result in results.values()] == [None] * 4


def test_a_document_may_not_refer_to_itself() -> None:
    assert messages(run(step("a", after="a"))) == ["documents refer to each other in a circle: Step.a → Step.a"]


def test_what_is_missing_is_named_with_the_nearest() -> None:
    results = run(step("prepare"), step("train", after="prepar"))
    (finding,) = [d for result in results.values() for d in result.diagnostics]
    assert finding.message == "`after: prepar` names no Step of this environment"
    assert finding.hint == "did you mean `prepare`? There are: prepare, train"


def test_an_answer_that_changed_is_asked_again() -> None:
    memo = Memo()
    broken = run(step("a", after="b"), memo=memo)
    assert len(messages(broken)) == 1
    fixed = run(step("a", after="b"), step("b"), memo=memo)
    assert messages(fixed) == []
    assert run(step("a", after="b"), memo=memo)[SpecAddress("Step", "a")] is broken[SpecAddress("Step", "a")]
