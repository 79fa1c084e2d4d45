"""Pods that only work prompts out are sized by their own GPUs and settings wherever the others are."""

import json
import re
from collections.abc import Mapping

from opsdecl.compile.memo import Memo
from opsdecl.diag import Place
from opsdecl.diff.types import BaseRef, ModelChange, Plan, SourceRef
from opsdecl.flows.described import card_of
from opsdecl.flows.models import Models
from opsdecl.flows.plan import Wanted, plan_review
from opsdecl.flows.rightsizing import cheaper_shapes
from opsdecl.flows.size import size_environment
from opsdecl.view import card as card_view
from opsdecl.view.plan.markdown import render_markdown
from opsdecl.view.plan.text import render_text
from tests.support.project import built
from tests.support.split import NATIVE, PREFILL, split_tree

SMALL: Mapping[str, str] = {
    "{gpu: h200-141gb, count: 2, pool: h200}": "{gpu: l4, count: 1}",
    "parallelism: {tensor: 2}": "parallelism: {tensor: 1}",
    "  capacity:\n    pools:\n": "  capacity:\n    pools:\n      l4: {gpu: l4, nodes: 2, gpusPerNode: 8}\n",
    "maxModelLen: 32768": "maxModelLen: 32768, kvCacheDtype: bfloat16",
    "qwen2.5-7b": "qwen2.5-14b",
}
"""Weights of 27.5 GiB, on a GPU of 22 in prefill pods."""


def planned(before: Mapping[str, str], after: Mapping[str, str]) -> Plan:
    sides = (split_tree(NATIVE, **after), split_tree(NATIVE, **before))
    done = plan_review(*sides, Wanted("prod"), SourceRef(), BaseRef(ref="main"))
    assert done.plan is not None, done.diagnostics
    return done.plan


def verdicts(rows: tuple[ModelChange, ...]) -> list[tuple[str, str | None, str | None]]:
    return [
        (row.role, row.before.verdict if row.before else None, row.after.verdict if row.after else None) for row in rows
    ]


def test_a_plan_has_the_memory_of_each_role() -> None:
    plan = planned({PREFILL: ""}, {})
    assert verdicts(plan.models) == [("", "fits", "fits"), ("prefill", None, "fits")]
    decode, prefill = (row.after for row in plan.models)
    assert decode is not None
    assert decode.per_gpu is not None
    assert (decode.gpu, decode.gpu_count) == ("h100-80gb", 1)
    assert prefill is not None
    assert prefill.per_gpu is not None
    assert (prefill.gpu, prefill.gpu_count) == ("h200-141gb", 2)
    assert prefill.per_gpu.weights.point < 0.6 * decode.per_gpu.weights.point, "spread over two GPUs"
    assert plan.verdicts == {"fits": 1}
    assert "prefill memory/GPU" in render_text(plan)


def test_a_setting_of_prefill_pods_alone_is_named_where_they_fit_no_longer() -> None:
    large = {name: value.replace("{gpu: l4, count: 1}", "{gpu: h200-141gb, count: 1}") for name, value in SMALL.items()}
    plan = planned(large, SMALL)
    row = next(row for row in plan.models if row.role == "prefill")
    assert (row.turned_by, row.after and row.after.verdict) == ("prefill.accelerator.gpu", "does-not-fit")
    assert plan.verdicts == {"does-not-fit": 1}
    text = render_text(plan)
    assert re.search(r"prefill because of +prefill\.accelerator\.gpu: without that change it would fit", text)
    assert "(prefill) **does not fit**" in render_markdown(plan, digest="")
    (found,) = [f for f in plan.findings if f.code == "OD757"]
    assert (found.file, found.line) == ("environments/prod/models.yaml", 21)


def test_size_has_a_row_for_each_role() -> None:
    decode, prefill = size_environment(built(split_tree(), "prod"))
    assert [each.role for each in (decode, prefill)] == ["", "prefill"]
    assert decode.sizing is not None
    assert prefill.sizing is not None
    assert (prefill.sizing.gpu, prefill.sizing.effective.max_num_seqs) == ("h200-141gb", 16)
    assert decode.sizing.effective.max_num_seqs == 128


def test_a_card_says_what_prefill_pods_run_on() -> None:
    tree = split_tree()
    made = built(tree, "prod")
    document = next(d for d in made.graph.documents if str(d.address) == "LLM.chat")
    models = Models(made.project.catalog, Memo()).within(made.environment)
    card = card_of(made, document, models)
    text = card_view.render_markdown(card)
    assert "| prefill pods | 1–3, each on 2 × `h200-141gb` |" in text
    assert "| memory of prefill pods | fits, " in text
    said = json.loads(card_view.render_json(card))["operation"]
    assert said["prefill"]["replicas"] == [1, 3]
    assert said["prefill"]["fit"]["verdict"] == "fits"


def test_a_cheaper_gpu_for_prefill_pods_is_named_at_their_line() -> None:
    made = built(split_tree(), "prod")
    models = Models(made.project.catalog, Memo()).within(made.environment)
    found = list(cheaper_shapes(made, models, [d.address for d in made.graph.documents]))
    (note,) = [each for each in found if each.message.startswith("LLM.chat (prefill) would also fit on")]
    assert isinstance(note.at, Place)
    assert note.at.path == ("spec", "prefill", "accelerator", "gpu")
