"""What the pages say is so: their YAML validates, their commands, options, codes, links and files exist.

A fenced block whose info string names a file belongs to the page's project, which lies over the minimal project of the
literate cases and must have no findings. A block with expectations (`# error: [OD203] "text"`) is laid over that
project on its own, and must be found wrong in exactly that way.
"""

import re
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

import click
import pytest

from opsdecl.cli.exits import Exit
from opsdecl.cli.verbs import COMMANDS, load_command
from opsdecl.diag import Code
from opsdecl.diag.catalog import all_codes
from opsdecl.flows.validate import validate_tree
from tests.support.literate import TODAY, Case, check_case, parse_cases

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
COMMAND = re.compile(r"(?:^|[;&|(]|run:)\s*(?:\$ )?opsdecl(?: -C \S+)? ([a-z]+)((?: [^`|;&#\n]*)?)")
OPTION = re.compile(r"(?<![\w-])(--?[A-Za-z][a-z-]*)")
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE_ID = re.compile(r"\bOD\d{3}\b")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@cache
def projects() -> dict[str, tuple[Case, tuple[Case, ...]]]:
    """Page -> its project, and the blocks that are meant to be wrong, each over that project."""
    found = {}
    for page in PAGES:
        cases = [case for case in parse_cases(name_of(page), named_blocks(page.read_text("utf-8"))) if case.files]
        files: dict[str, str] = {}
        for case in cases:
            if not case.expected:
                assert not files.keys() & case.files.keys(), f"{name_of(page)}: {case.title} gives a file again"
                files |= case.files
        wrong = [Case(c.title, c.source, {**files, **c.files}, (), c.expected) for c in cases if c.expected]
        if cases:
            found[name_of(page)] = Case("the page's project", name_of(page), files), tuple(wrong)
    return found


def named_blocks(text: str) -> str:
    """Headings, and the blocks that name a file; each block under a heading of its own, so that it is a case."""
    kept: list[str] = []
    inside = ""
    for number, line in enumerate(text.splitlines(), start=1):
        fence = re.match(r"(`{3,})\s*\w*(?:\s+(\S+\.\w+))?\s*$", line)
        if inside:
            kept += [line] if inside == "kept" else []
            inside = "" if fence and not line.strip("`") else inside
        elif fence:
            inside = "kept" if fence[2] else "other"
            kept += [f"# line {number}", line] if fence[2] else []
    return "\n".join(kept)


def test_pages_have_examples() -> None:
    assert {"docs/language.md", "docs/policies.md", "docs/git-target.md"} <= projects().keys()


@pytest.mark.parametrize("page", [name_of(page) for page in PAGES])
def test_the_examples_of_a_page_validate(page: str) -> None:
    project, _ = projects().get(page, (None, ()))
    if project is not None:
        difference = check_case(project, partial(validate_tree, today=TODAY))
        assert not difference, f"\n{difference}"


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{page}-{case.title}") for page, (_, wrong) in projects().items() for case in wrong]
)
def test_what_a_page_shows_as_wrong_is_found(case: Case) -> None:
    difference = check_case(case, partial(validate_tree, today=TODAY))
    assert not difference, f"\n{difference}"


def commands_in(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Command and options of each command line of the tool, in code only."""
    for line in code_lines(text):
        for found in COMMAND.finditer(line):
            yield found[1], tuple(OPTION.findall(found[2]))


def code_lines(text: str) -> Iterator[str]:
    """Lines of fenced blocks, and code within lines."""
    inside = False
    for line in text.splitlines():
        if line.startswith("```"):
            inside = not inside
        elif inside:
            yield line
        else:
            yield from re.findall(r"`([^`]+)`", line)


def options_of(command: str) -> set[str]:
    loaded = load_command(command)
    assert isinstance(loaded, click.Command)
    below = loaded.commands.values() if isinstance(loaded, click.Group) else ()
    parameters = [parameter for each in (loaded, *below) for parameter in each.params]
    named = {name for parameter in parameters for name in (*parameter.opts, *parameter.secondary_opts)}
    return named | {"-h", "--help"}


def unknown_in(text: str) -> list[str]:
    """Commands and options that do not exist."""
    found = []
    for command, options in commands_in(text):
        if command not in COMMANDS:
            found.append(f"opsdecl {command}")
            continue
        found += [f"opsdecl {command} {option}" for option in options if option not in options_of(command)]
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_and_options_exist(page: Path) -> None:
    assert unknown_in(page.read_text("utf-8")) == []


@pytest.mark.parametrize("code", all_codes(), ids=lambda code: code.id)
def test_explanations_name_commands_that_exist(code: Code) -> None:
    assert unknown_in(f"{code.explanation}\n```\n{code.example}\n```") == []


def test_a_command_or_option_that_does_not_exist_is_found() -> None:
    assert unknown_in("run `opsdecl vlaidate`") == ["opsdecl vlaidate"]
    assert unknown_in("```console\n$ opsdecl -C x plan --bsae main | cat --all\n```") == ["opsdecl plan --bsae"]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    links = [link.split("#")[0] for link in LINK.findall(page.read_text("utf-8")) if "://" not in link]
    assert [link for link in links if link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_codes_exist(page: Path) -> None:
    known = {code.id for code in all_codes()}
    assert sorted(set(CODE_ID.findall(page.read_text("utf-8"))) - known) == []


def test_the_readme_lists_every_command_and_exit_code() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    first_cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| ")]
    named = {name.split()[0] for cell in first_cells for name in re.findall(r"`([a-z]+(?: --to)?)`", cell)}
    assert named == set(COMMANDS)
    numbers = {int(cell) for cell in first_cells if cell.strip().isdigit()}
    assert numbers == {int(code) for code in Exit}


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs/decisions"
    listed = set(LINK.findall((folder / "README.md").read_text("utf-8")))
    assert {page.name for page in folder.glob("0*.md")} == listed
