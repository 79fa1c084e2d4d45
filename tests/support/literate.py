"""Cases in Markdown: YAML blocks over a minimal project, with the expected findings as comments on their lines.

````markdown
# A field that does not exist

The nearest name is offered.

```yaml environments/prod/chat.yaml
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat}
spec:
  reolicas: 2   # error: [OD203] "unknown field `reolicas`"
```
````

* The info string names the file; without a name it is `environments/dev/case.yaml`. Other languages than yaml need a
  name (```` ```jinja environments/base/chat.jinja ````), else they are prose.
* `absent` after the name removes a file of the minimal project.
* `# error:`, `# warning:` or `# note:` at the end of a line expects exactly that finding there; several may follow each
  other. `# error-file:` (anywhere in the block) expects one in that file on any line, or without a place.
* The day is `TODAY`.
* The comments are taken out before the text is validated. Each finding must be expected, each expectation met.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from opsdecl.diag import Diagnostic, Span
from opsdecl.spec.source import MemoryTree
from opsdecl.spec.types import SourceTree

DEFAULT_FILE = "environments/dev/case.yaml"
TODAY = date(2026, 11, 29)
"""By which exceptions of policies hold in cases and in the pages' examples."""

MINIMAL_PROJECT: Mapping[str, str] = {
    "environments/project.yaml": """\
apiVersion: opsdecl.dev/v1
kind: Project
metadata: {name: acme-ml}
spec:
  defaultEnvironment: dev
""",
    "environments/base/runtime.yaml": """\
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: vllm}
spec:
  engine: vllm
  version: "0.11.0"
  image: vllm/vllm-openai:v0.11.0
""",
    "environments/dev/environment.yaml": """\
apiVersion: opsdecl.dev/v1
kind: Environment
metadata: {name: dev, owner: platform}
spec:
  extends: [base]
  targets:
    main: {type: git, remote: ".", branch: rendered/dev}
  namespaces: [assist]
  capacity:
    pools:
      h100: {gpu: h100-80gb, nodes: 4, gpusPerNode: 8}
""",
}

_HEADING = re.compile(r"#{1,6}\s+(.*\S)")
_FENCE = re.compile(r"(`{3,})\s*(\w*)(?:\s+(\S+))?(?:\s+(absent))?\s*$")
_EXPECTED = re.compile(r'\s*#\s*(error|warning|note)(-file)?:\s*\[(OD\d{3})\]\s*"((?:[^"\\]|\\.)*)"\s*$')

Validate = Callable[[SourceTree], tuple[Diagnostic, ...]]


@dataclass(frozen=True, slots=True)
class Expectation:
    """`line` is None where any line of the file, or no place, will do."""

    severity: str
    code: str
    fragment: str
    file: str
    line: int | None

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f'{where}: {self.severity}[{self.code}] "{self.fragment}"'

    def accepts(self, finding: Diagnostic) -> bool:
        same = finding.code.id == self.code and finding.severity.word == self.severity
        return same and self.fragment in finding.message and self._is_at(finding.at)

    def _is_at(self, at: object) -> bool:
        if not isinstance(at, Span):
            return self.line is None
        return at.file == self.file and self.line in (None, at.line)


@dataclass(frozen=True, slots=True)
class Case:
    """One heading with its blocks."""

    title: str
    source: str
    files: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    expected: tuple[Expectation, ...] = ()

    @property
    def id(self) -> str:
        slug = re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")
        return f"{Path(self.source).stem}-{slug}"

    def tree(self) -> MemoryTree:
        """The minimal project with the case's files put over it."""
        files = {**MINIMAL_PROJECT, **self.files}
        return MemoryTree({path: text for path, text in files.items() if path not in self.absent})


def load_cases(folder: Path) -> list[Case]:
    """All cases of a folder's Markdown files, in order."""
    return [case for path in sorted(folder.glob("*.md")) for case in parse_cases(path.name, path.read_text("utf-8"))]


def parse_cases(source: str, text: str) -> list[Case]:
    """Raises ValueError for a block that is not closed, or a file that is given twice."""
    cases: list[Case] = []
    for title, blocks in _sections(source, text.splitlines()):
        files: dict[str, str] = {}
        expected: list[Expectation] = []
        absent: list[str] = []
        for path, lines, is_absent in blocks:
            if path in files or path in absent:
                raise ValueError(f"{source}: {title}: {path} is given twice")
            if is_absent:
                absent.append(path)
                continue
            files[path], found = _read_block(path, lines)
            expected += found
        if blocks:
            cases.append(Case(title, source, files, tuple(absent), tuple(expected)))
    return cases


_Block = tuple[str, list[str], bool]


def _sections(source: str, lines: list[str]) -> Iterator[tuple[str, list[_Block]]]:
    title, number = "", 0
    blocks: list[_Block] = []
    while number < len(lines):
        heading, fence = _HEADING.match(lines[number]), _FENCE.match(lines[number])
        number += 1
        if heading:
            yield title, blocks
            title, blocks = heading[1], []
        elif fence:
            body, number = _body(source, lines, number, fence[1])
            if fence[2] in ("yaml", "yml") or fence[3]:
                blocks.append((fence[3] or DEFAULT_FILE, body, fence[4] is not None))
    yield title, blocks


def _body(source: str, lines: list[str], start: int, fence: str) -> tuple[list[str], int]:
    for number in range(start, len(lines)):
        if lines[number].rstrip() == fence:
            return lines[start:number], number + 1
    raise ValueError(f"{source}:{start}: the block is not closed")


def _read_block(path: str, lines: list[str]) -> tuple[str, list[Expectation]]:
    """The text without its expectations, and those."""
    text, expected = "", []
    for number, line in enumerate(lines, start=1):
        while match := _EXPECTED.search(line):
            severity, whole_file, code, fragment = match.groups()
            fragment = re.sub(r"\\(.)", r"\1", fragment)
            expected.append(Expectation(severity, code, fragment, path, None if whole_file else number))
            line = line[: match.start()]
        text += f"{line}\n"
    return text, expected


def check_case(case: Case, validate: Validate) -> str:
    """Empty where found and expected agree, else what to look at."""
    unexpected = list(validate(case.tree()))
    missing: list[Expectation] = []
    # An expectation with a line is the choosier one.
    for expectation in sorted(case.expected, key=lambda e: e.line is None):
        finding = next((f for f in unexpected if expectation.accepts(f)), None)
        if finding is None:
            missing.append(expectation)
        else:
            unexpected.remove(finding)
    return _report(case, missing, unexpected) if missing or unexpected else ""


def _report(case: Case, missing: list[Expectation], unexpected: list[Diagnostic]) -> str:
    lines = [f"{case.source}: {case.title}"]
    lines += [f"  expected, not found:  {expectation}" for expectation in missing]
    lines += [f"  found, not expected:  {_describe(finding)}" for finding in unexpected]
    return "\n".join(lines)


def _describe(finding: Diagnostic) -> str:
    at = finding.at
    where = f"{at.file}:{at.line}:{at.column}" if isinstance(at, Span) else at.file if at else "no place"
    return f'{where}: {finding.severity.word}[{finding.code.id}] "{finding.message}"'
