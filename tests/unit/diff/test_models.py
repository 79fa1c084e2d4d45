"""Which models a plan names, and how it counts the others."""

from opsdecl.addr import SpecAddress
from opsdecl.catalog.architecture_table import load_architectures
from opsdecl.diff.models import ModelRole, ModelSides, model_changes
from opsdecl.sizing.assess import assess, request_of
from opsdecl.sizing.served import Served
from opsdecl.sizing.types import Assessment, Request, Settings

CHAT, EXTRACT, SEARCH = (ModelRole(SpecAddress("LLM", name)) for name in ("chat", "extract", "search"))


def sized(gpu: str = "h100-80gb", length: int = 8192, engine: str = "vllm==0.33.0") -> Assessment:
    served = Served("llama-3.1-8b-instruct", gpu, 1, engine, Settings(max_model_len=length))
    request = request_of(served, load_architectures())
    assert isinstance(request, Request)
    return assess(request)


def test_a_longer_context_leaves_room_for_fewer_requests() -> None:
    found = model_changes({CHAT: ModelSides(sized(length=8192), sized(length=32768))})
    (row,) = found.rows
    assert row.before
    assert row.after
    assert row.before.kv
    assert row.after.kv
    assert row.before.kv.max_concurrency.point > 3 * row.after.kv.max_concurrency.point
    assert row.after.max_model_len
    assert row.after.max_model_len.requested == 32768
    assert found.verdicts == {"fits": 1}


def test_models_that_stay_and_fit_are_counted_and_the_others_named() -> None:
    stays = {
        CHAT: ModelSides(None, sized(), changed=False),
        EXTRACT: ModelSides(None, sized(gpu="t4"), changed=False),
        SEARCH: ModelSides(None, Assessment(None, "engine sglang is not sized"), changed=False),
    }
    found = model_changes(stays)
    assert [(row.address, row.after and row.after.verdict) for row in found.rows] == [("LLM.extract", "does-not-fit")]
    assert found.verdicts == {"does-not-fit": 1, "fits": 1, "not-sized": 1}


def test_a_side_that_is_not_there_is_null_and_one_that_cannot_be_sized_says_why() -> None:
    unsized = Assessment(None, "the shape of its model is not known")
    found = model_changes({CHAT: ModelSides(None, unsized), EXTRACT: ModelSides(sized(), None)})
    new, gone = found.rows
    assert new.before is None
    assert new.after
    assert new.after.reason == "the shape of its model is not known"
    assert gone.after is None
    assert gone.before
    assert gone.before.verdict == "fits"
    assert found.verdicts == {"not-sized": 1}


def test_a_model_counts_once_by_the_worst_of_its_roles_and_each_role_has_a_row() -> None:
    prefill = ModelRole(CHAT.address, "prefill")
    found = model_changes({CHAT: ModelSides(sized(), sized()), prefill: ModelSides(None, sized(gpu="t4"))})
    assert [(row.address, row.role) for row in found.rows] == [("LLM.chat", ""), ("LLM.chat", "prefill")]
    assert [row.after.verdict for row in found.rows if row.after] == ["fits", "does-not-fit"]
    assert found.verdicts == {"does-not-fit": 1}
