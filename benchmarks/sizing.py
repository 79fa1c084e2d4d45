"""How near sizing comes to what published start-up logs printed: `benchmarks/start_up_logs.yaml`, asked again.

    python -m benchmarks.sizing [--half development|held-out] [--part first|second] [--cases] [--write]

Starts are halved by a hash of their name, so that formulas can be worked on with one half and judged by the other.
`--cases` prints every start, `--write` the table into docs/sizing.md.
"""

import argparse
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from opsdecl.catalog.architecture_table import ArchitectureTable, load_architectures
from opsdecl.flows.size import Question, answer
from opsdecl.sizing.drafting import Drafting
from opsdecl.sizing.types import Range, Settings, Sizing, exactly

LOGS = Path(__file__).with_name("start_up_logs.yaml")
DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "sizing.md"
BEGIN, END = "<!-- accuracy -->", "<!-- /accuracy -->"
EXPECTED = {"starts": "fits", "refused": "does-not-fit", "oom": "does-not-fit"}
UNKNOWN = "unknown"
"""The verdict where the model's name or the GPU's is not known."""
NAMES = {
    "weights": "weights",
    "activation": "activations",
    "nontorch": "outside the framework",
    "kv": "KV cache, GiB",
    "tokens": "tokens",
    "concurrency": "concurrency",
    "needed": "one request, GiB",
    "longest": "longest context",
    "blocks": "blocks",
    "block": "tokens in a block",
}


@dataclass(frozen=True)
class Start:
    """One entry of the logs, as it stands there."""

    entry: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.entry["id"])

    @property
    def half(self) -> str:
        return "held-out" if hashlib.sha256(self.name.encode()).digest()[0] % 2 else "development"

    @property
    def happened(self) -> str:
        return str(self.entry["verdict"])


@dataclass(frozen=True)
class Met:
    """A printed figure beside the reckoned one."""

    figure: str
    printed: float
    reckoned: Range

    @property
    def error(self) -> float:
        return self.reckoned.point / self.printed - 1

    @property
    def inside(self) -> bool:
        """The log rounds to hundredths."""
        return self.reckoned.low - 0.005 <= self.printed <= self.reckoned.high + 0.005

    @property
    def width(self) -> float:
        return (self.reckoned.high - self.reckoned.low) / self.printed


@dataclass(frozen=True)
class Score:
    start: Start
    verdict: str
    met: tuple[Met, ...]


def load_starts() -> tuple[Start, ...]:
    return tuple(Start(entry) for entry in yaml.safe_load(LOGS.read_text("utf-8")))


def question_of(start: Start) -> Question:
    entry = start.entry
    settings = dict(entry["settings"])
    tokens = settings.pop("draft_tokens", 1)
    drafting = Drafting("mtp", tokens=tokens) if settings.get("draft_layers") else None
    return Question(
        model=entry["model"],
        gpu=entry["gpu"],
        gpu_total_gib=entry.get("total"),
        engine=f"vllm=={entry['engine']}",
        quantization=entry.get("quantization", ""),
        settings=Settings(**settings, drafting=drafting),
    )


def score(start: Start, table: ArchitectureTable) -> Score:
    sizing = answer(question_of(start), table).value
    if sizing is None:
        return Score(start, UNKNOWN, ())
    values = reckoned(sizing)
    met = tuple(Met(figure, printed, values[figure]) for figure, printed in start.entry["printed"].items())
    return Score(start, sizing.verdict, met)


def reckoned(sizing: Sizing) -> Mapping[str, Range]:
    """By the names that the logs' entries use."""
    memory, cache = sizing.memory, sizing.cache
    return {
        "weights": memory.weights,
        "activation": memory.activation,
        "nontorch": memory.non_torch,
        "kv": memory.cache,
        "tokens": cache.tokens,
        "concurrency": cache.concurrency,
        "longest": sizing.largest,
        "needed": exactly(cache.needed_gib),
        "blocks": exactly(cache.blocks),
        "block": exactly(cache.block_size),
    }


def middle(values: Iterable[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if ordered else 0.0


def figure_rows(scores: Sequence[Score]) -> Iterator[str]:
    """Errors by figure. Figures that have no bounds are not counted as inside or outside of them."""
    yield "| figure | logs | median error | largest | mean | inside the bounds | median width |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for figure, name in NAMES.items():
        found = [met for one in scores for met in one.met if met.figure == figure]
        if not found:
            continue
        errors = [met.error for met in found]
        bounded = [met for met in found if met.reckoned.high > met.reckoned.low]
        inside = f"{sum(met.inside for met in bounded)} of {len(bounded)}" if bounded else "no bounds"
        width = f"{middle(met.width for met in bounded):.0%}" if bounded else ""
        cells = [name, str(len(found)), f"{middle(map(abs, errors)):.1%}", f"{max(errors, key=abs):+.1%}"]
        yield f"| {' | '.join([*cells, f'{sum(errors) / len(errors):+.1%}', inside, width])} |"


def verdict_rows(scores: Sequence[Score]) -> Iterator[str]:
    counted = Counter((one.start.happened, one.verdict) for one in scores)
    yield "| what happened | `fits` | `tight` | `does-not-fit` | not known |"
    yield "| --- | --- | --- | --- | --- |"
    for happened in EXPECTED:
        cells = [str(counted[happened, verdict]) for verdict in ("fits", "tight", "does-not-fit", UNKNOWN)]
        yield f"| {happened} | {' | '.join(cells)} |"


def wrong(scores: Sequence[Score]) -> tuple[Score, ...]:
    """Verdicts that are the opposite of what happened; `tight` is never wrong, only of less use."""
    return tuple(one for one in scores if one.verdict not in ("tight", EXPECTED[one.start.happened]))


def case_row(one: Score) -> str:
    figures = [
        f"{met.figure} {met.printed:g} ~ {met.reckoned.point:.5g} "
        f"[{met.reckoned.low:.4g}, {met.reckoned.high:.4g}] {met.error:+.1%}"
        + ("" if met.inside or met.reckoned.high == met.reckoned.low else " OUTSIDE")
        for met in one.met
    ]
    marked = " WRONG" if wrong([one]) else ""
    return f"{one.start.name} ({one.start.half}): {one.start.happened}/{one.verdict}{marked}; {'; '.join(figures)}"


def with_tables(text: str, scores: Sequence[Score]) -> str:
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return "\n".join([f"{before}{BEGIN}", *figure_rows(scores), "", *verdict_rows(scores), f"{END}{after}"])


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=("development", "held-out"))
    parser.add_argument("--part", choices=("first", "second"))
    parser.add_argument("--cases", action="store_true")
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


def main() -> None:
    asked, table = arguments(), load_architectures()
    every = [score(start, table) for start in load_starts()]
    if asked.write:
        DOCUMENT.write_text(with_tables(DOCUMENT.read_text("utf-8"), every), "utf-8")
    chosen = [one for one in every if asked.half in (None, one.start.half)]
    chosen = [one for one in chosen if asked.part in (None, one.start.entry["part"])]
    if asked.cases:
        print("\n".join(map(case_row, chosen)), end="\n\n")
    print("\n".join([*figure_rows(chosen), "", *verdict_rows(chosen)]))


if __name__ == "__main__":
    main()
