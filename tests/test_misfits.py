"""One misfit for each kind and each adapter, refused at its line: whoever adds a kind or an adapter adds its misfit.

The project is that of the transcript `misfits`. A remark at the end of a line names what the line is the misfit of:
`kind LLM`, `part LLM.prefill`, `kserve LLM` (a renderer of its own and a kind), `training jobset` (a setting of
`platform`).
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Literal, NamedTuple, get_args, get_origin

import pytest

from opsdecl.compile.lower import LOWERINGS
from opsdecl.diag import Diagnostic, Severity, Span
from opsdecl.flows.validate import validate_tree
from opsdecl.spec.kinds import KINDS
from opsdecl.spec.kinds.environment import Platform
from opsdecl.spec.source import MemoryTree
from tests.support.transcript import TRANSCRIPTS

PROJECT = TRANSCRIPTS / "misfits" / "project"
PARTS = (
    "LLM.guardrails",
    "LLM.chatTemplate",
    "LLM.replicas",
    "LLM.prefill",
    "LLM.accelerator.nodes",
    "LLM.accelerator.gpu",
    "Model.explain",
    "Environment.capacity.pools.sharing",
)
"""Fields that are subjects of their own."""
IN_PART = {"preparation kuberay": "Jobs of the same dataset are removed as it says"}
"""Misfits of which the rest of the field is done, so that it is told and not refused; and what is."""
_MARK = re.compile(r"\s+# misfit: (.+)$")
_PLATFORM = re.compile(r"^  platform: .*$", re.M)


class Misfit(NamedTuple):
    """A line, and what it is the misfit of."""

    name: str
    file: str
    line: int


def adapters() -> list[str]:
    """What may be installed beside plain Kubernetes: by kind, where it renders some in a way of its own."""
    rendered = [f"{renderer} {kind}" for renderer, kind in LOWERINGS if renderer != "native"]
    split = {word for renderer, _ in LOWERINGS for word in renderer.split(" ")}
    chosen = [f"{setting} {choice}" for setting, choice in _choices() if choice not in split]
    return rendered + chosen


def _choices() -> Iterator[tuple[str, str]]:
    """The default of a setting is what every cluster has."""
    for name, field in Platform.model_fields.items():
        if get_origin(field.annotation) is Literal:
            yield from ((name, each) for each in get_args(field.annotation) if each not in ("none", field.default))


@cache
def files() -> Mapping[str, str]:
    found = sorted(PROJECT.rglob("*.yaml"))
    return {file.relative_to(PROJECT).as_posix(): file.read_text("utf-8") for file in found}


@cache
def misfits() -> tuple[Misfit, ...]:
    lines = [(file, *each) for file, text in files().items() for each in enumerate(text.splitlines(), start=1)]
    return tuple(Misfit(match[1], file, number) for file, number, line in lines if (match := _MARK.search(line)))


@cache
def findings() -> tuple[Diagnostic, ...]:
    return validate_tree(MemoryTree(files()))


@cache
def findings_on_plain_kubernetes() -> tuple[Diagnostic, ...]:
    """The same documents where nothing is installed. No line moves."""
    return validate_tree(MemoryTree({file: _PLATFORM.sub("", text) for file, text in files().items()}))


def at(misfit: Misfit, found: tuple[Diagnostic, ...]) -> list[Diagnostic]:
    return [f for f in found if isinstance(f.at, Span) and (f.at.file, f.at.line) == (misfit.file, misfit.line)]


@pytest.mark.parametrize(
    "name", [*(f"kind {kind}" for kind in KINDS), *(f"part {part}" for part in PARTS), *adapters()]
)
def test_it_has_one_misfit(name: str) -> None:
    found = [misfit for misfit in misfits() if misfit.name == name]
    assert len(found) == 1, f"write one line with `# misfit: {name}` into {PROJECT.parent.name}/project: {found}"


def test_every_misfit_is_of_something_that_there_is() -> None:
    known = {*(f"kind {kind}" for kind in KINDS), *(f"part {part}" for part in PARTS), *adapters()}
    assert sorted(misfit.name for misfit in misfits() if misfit.name not in known) == []


@pytest.mark.parametrize("misfit", [pytest.param(each, id=each.name) for each in misfits()])
def test_it_is_one_error_at_its_line_with_what_to_write_instead(misfit: Misfit) -> None:
    (found,) = at(misfit, findings())
    expected = Severity.NOTE if misfit.name in IN_PART else Severity.ERROR
    assert (found.severity, bool(found.hint), bool(found.subject)) == (expected, True, True)


def test_nothing_else_is_found() -> None:
    expected = [finding for misfit in misfits() for finding in at(misfit, findings())]
    assert [f"{finding.at}: {finding.message}" for finding in findings() if finding not in expected] == []


@pytest.mark.parametrize("misfit", [pytest.param(each, id=each.name) for each in misfits() if each.name in adapters()])
def test_it_is_refused_because_of_the_adapter(misfit: Misfit) -> None:
    """Without it the line is right, or wrong for another reason."""
    (refused,) = at(misfit, findings())
    assert refused.message not in [finding.message for finding in at(misfit, findings_on_plain_kubernetes())]
