"""`python -m tools.engines [--archives FOLDER] [vllm|sglang]...`: writes `opsdecl/catalog/data/engines/*.json`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.engines import sglang, tables, vllm
from tools.engines.archives import Archive, fetch, read_archive
from tools.engines.facts import Release

OUTPUT = Path(__file__).resolve().parents[2] / "opsdecl" / "catalog" / "data" / "engines"
CACHE = Path.home() / ".cache" / "opsdecl-engines"


VLLM = tuple(
    f"0.{release}"
    for release in (
        *("6.0", "6.3", "6.6", "7.0", "7.3", "8.0", "8.5", "9.0", "9.2", "10.0", "10.2", "11.0", "11.2", "12.0"),
        *("13.0", "14.1", "15.1", "16.0", "17.1", "18.0", "19.1", "20.2", "21.0", "22.1", "23.0", "24.0", "25.1"),
        *("26.0", "27.0", "28.0", "29.0", "30.0", "31.0", "32.0", "33.0"),
    )
)
"""The last release of each minor version, and while much changed between patches an early one as well."""


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine: its package, the releases to read from oldest to newest, and how one is read."""

    name: str
    versions: tuple[str, ...]
    files: tuple[str, ...]
    read: Callable[[Archive], Release]


ENGINES = (
    Engine(
        "vllm",
        VLLM,
        (
            "vllm/engine/arg_utils.py",
            "vllm/entrypoints/**/cli_args.py",
            "vllm/config/*.py",
            "vllm/**/tool_parsers/*.py, vllm/reasoning/*.py",
            "vllm/**/*.py with metrics",
        ),
        vllm.read_release,
    ),
    Engine(
        "sglang",
        ("0.5.23",),
        ("sglang/srt/server_args.py", "sglang/srt/arg_groups/fields/*.py", "sglang/srt/**/*.py with metrics"),
        sglang.read_release,
    ),
)


def generate(engine: Engine, folder: Path) -> str:
    """The text of an engine's table."""
    paths = fetch(engine.name, engine.versions, folder)
    releases = [engine.read(read_archive(paths[version], engine.name, version)) for version in engine.versions]
    return tables.write(tables.table(engine.name, engine.name, engine.files, releases))


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.engines", description=__doc__)
    parser.add_argument("engines", nargs="*", help="engines to read; all where none is named")
    parser.add_argument("--archives", type=Path, default=CACHE, help="folder that keeps the packages")
    given = parser.parse_args(arguments)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for engine in ENGINES:
        if not given.engines or engine.name in given.engines:
            (OUTPUT / f"{engine.name}.json").write_text(generate(engine, given.archives), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
