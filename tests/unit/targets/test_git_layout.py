"""Waves of objects, and annotations that come off as they went on."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opsdecl.targets.git.layout import SYNC_WAVE, decorate, sync_wave, undecorate, waves
from tests.contracts.builders import manifest


def test_a_wave_is_the_longest_way_back() -> None:
    edges = {"a": (), "b": ("a",), "c": ("a", "b"), "d": ("c", "gone"), "e": ()}
    objects = [
        manifest(f"A.x/main/{name}", "Service", name, needs=tuple(f"A.x/main/{need}" for need in needs))
        for name, needs in sorted(edges.items(), reverse=True)
    ]
    assert {a[-1]: wave for a, wave in waves(objects).items()} == {"a": 0, "b": 1, "c": 2, "d": 3, "e": 0}


def test_long_chains_and_cycles_end() -> None:
    chain = [manifest(f"A.x/main/r{n}", "Service", "s", needs=(f"A.x/main/r{n + 1}",)) for n in range(5000)]
    assert waves(chain)["A.x/main/r0"] == 4999
    cycle = [manifest(f"A.x/main/r{n}", "Service", "s", needs=(f"A.x/main/r{(n + 1) % 3}",)) for n in range(3)]
    assert sorted(waves(cycle).values()) == [0, 1, 2]


@given(
    st.none() | st.dictionaries(st.sampled_from(["a", "b", SYNC_WAVE]), st.text(max_size=3), max_size=3),
    st.integers(0, 3),
)
def test_decorations_come_off_as_they_went_on(annotations: dict[str, str] | None, wave: int) -> None:
    metadata: dict[str, Any] = {"name": "x"} if annotations is None else {"name": "x", "annotations": annotations}
    data = {"apiVersion": "v1", "kind": "X", "metadata": metadata}
    before = repr(data)
    decorations = sync_wave(data, wave)
    dressed = decorate(data, decorations)
    assert undecorate(dressed, decorations) == data
    assert repr(data) == before
    assert (dressed == data) is (wave == 0 or SYNC_WAVE in (annotations or {}))
