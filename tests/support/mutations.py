"""Small mistakes in the worked example, drawn by hypothesis: as slips of the pen, and as wrong values in a document."""

import copy
from collections.abc import Iterator
from typing import Any

import yaml
from hypothesis import strategies as st

from tests.support.project import example_files

SPECS = sorted(path for path in example_files() if path.endswith(".yaml"))
_STRANGE: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1.5,
        10**40,
        "",
        " ",
        "a" * 300,
        "no",
        "1e3",
        "2024-01-01",
        "../../etc/passwd",
        "-x",
        "é",
        "\u202e",
    ),
    *(
        [],
        {},
        [[]],
        {"": 1},
        {"a": {"b": {"c": 1}}},
        [None],
        "${{ vars.region }}",
        "${{ 1 / 0 }}",
        "${{",
        "null",
        "~",
        "8k",
        "80Gi",
    ),
    *(
        "hf://org/name",
        "LLM",
        "prod",
        "$delete",
        {"$delete": True},
        [{"$delete": True}],
        {"secret": "x"},
        2**63,
        float("inf"),
    ),
)
_CHARACTERS = " \t:{}[],#&*!|>'\"%@`-?\n\\$~.0aZé\u200b"

Files = dict[str, str | None]


@st.composite
def slips(draw: st.DrawFn) -> Files:
    """One file with a stretch of text deleted, doubled or overwritten."""
    path = draw(st.sampled_from(SPECS))
    text = example_files()[path]
    start = draw(st.integers(0, len(text) - 1))
    end = min(len(text), start + draw(st.integers(0, 30)))
    put = draw(st.one_of(st.just(""), st.just(text[start:end] * 2), st.text(_CHARACTERS, max_size=4)))
    return {path: text[:start] + put + text[end:]}


@st.composite
def wrong_values(draw: st.DrawFn) -> Files:
    """One file in which a value or a key of a document is another one, missing, or somewhere else."""
    path = draw(st.sampled_from(SPECS))
    documents = list(yaml.safe_load_all(example_files()[path]))
    number = draw(st.integers(0, len(documents) - 1))
    places = list(_places(documents[number]))
    holder, key = draw(st.sampled_from(places))
    match draw(st.sampled_from(("replace", "replace", "remove", "rename", "move", "wrap"))):
        case "replace":
            holder[key] = copy.deepcopy(draw(st.sampled_from(_STRANGE)))
        case "remove":
            del holder[key]
        case "rename" if isinstance(holder, dict):
            holder[draw(st.sampled_from(("name", "spec", "type", "$delete", "x", "", "min")))] = holder.pop(key)
        case "move":
            other, name = draw(st.sampled_from(places))
            other[name] = copy.deepcopy(holder[key])
        case _:
            holder[key] = draw(st.sampled_from(([holder[key]], {"value": holder[key]}, [holder[key], holder[key]])))
    return {path: yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True)}


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(items):
        yield value, key
        yield from _places(item)


def mistakes() -> st.SearchStrategy[Files]:
    return st.one_of(slips(), wrong_values())
