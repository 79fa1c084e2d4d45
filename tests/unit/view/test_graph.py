"""Graphs in four formats; names break none of them."""

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from opsdecl.view.graph import render_dot, render_json, render_mermaid, render_tree
from tests.support.golden import expect_golden
from tests.support.graphs import hostile_graph, small_graph

NAMES = st.one_of(
    st.text(min_size=1, max_size=30),
    st.lists(st.sampled_from(('"', "\\", "]", "end", "\n", "%%", "-->", "<b>", ";", "#", "a")), min_size=1).map(
        "".join
    ),
)


def test_the_tree_looks_as_reviewed() -> None:
    expect_golden(render_tree(small_graph()), "view/graph.txt")


def test_mermaid_looks_as_reviewed() -> None:
    expect_golden(render_mermaid(small_graph()), "view/graph.mmd")


def test_dot_looks_as_reviewed() -> None:
    expect_golden(render_dot(small_graph()), "view/graph.dot")


def test_json_has_every_edge() -> None:
    report = json.loads(render_json(small_graph()))
    edges = {(edge["kind"], edge["from"], edge["to"]) for edge in report["edges"]}
    assert ("references", "LLM.chat", "Runtime.vllm") in edges
    assert ("owns", "Model.fraud", "Model.fraud/main/deployment") in edges
    assert ("dependsOn", "LLM.chat/main/deployment", "LLM.chat/main/cache") in edges
    assert len(report["resources"]) == 4


@given(NAMES)
def test_names_are_only_labels_in_mermaid(name: str) -> None:
    rows = render_mermaid(hostile_graph(name)).splitlines()
    assert len(rows) == 6
    assert rows[-1] == "  r0 --> r1"
    for row in rows[1:4]:
        assert re.fullmatch(r' +(subgraph )?[dr]\d+\["[^"\]<>&%\\]*"\]', row), row


@given(NAMES)
def test_names_are_only_quoted_text_in_dot(name: str) -> None:
    rows = render_dot(hostile_graph(name)).splitlines()
    quotes = re.compile(r'"(?:[^"\\]|\\.)*"')
    assert [quotes.sub("Q", row) for row in rows] == [
        *("digraph Q {", "  rankdir=LR;", "  node [shape=box];", "  subgraph cluster_0 {", "    label=Q;"),
        *("    Q [shape=plaintext, label=Q];", "    Q [label=Q];", "    Q [label=Q];", "  }", "  Q -> Q;", "}"),
    ]


@given(NAMES)
def test_names_stay_on_their_line_in_the_tree(name: str) -> None:
    assert render_tree(hostile_graph(name)).count("\n") == 4
