"""Shell sessions over a real repository, written down as a person would see them.

A transcript is a folder: `script` (paragraphs of shell, each shown and run), `output.txt` (golden), and optionally
`project/` (the files of the project; without it the worked example). `# slow` in the first line keeps it out of the
fast suite. What differs from run to run is replaced: commits, digests, times, temporary folders.
"""

import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.git import IDENTITY, repository
from tests.support.project import command_on_path, copy_example, copy_folder

TRANSCRIPTS = Path(__file__).resolve().parents[1] / "transcripts"
TIMEOUT_S = 240

_STEP = "printf '%s\\n' {shown}\n{{ {text}\n}} </dev/null 2>&1\ncode=$?\n[ $code = 0 ] || echo \"[exit $code]\"\necho\n"
_DIGEST = re.compile(r"\b(sha256:)([0-9a-f]{8,64})\b")
_MINUTE = re.compile(r"\b20\d\d-\d\d-\d\d \d\d:\d\d\b")
_TIME = re.compile(r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(Z|\+00:00)")
_REVISION = re.compile(r"(?<=revision )[0-9a-f]{10}\b|^[0-9a-f]{10}(?=  2026-03-01 09:12)", re.M)
_SHORTEST = 7
_EVIDENCE = 10
"""How much of a digest of evidence is shown."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """A recorded session."""

    name: str
    folder: Path

    @property
    def script(self) -> str:
        return (self.folder / "script").read_text("utf-8")

    @property
    def slow(self) -> bool:
        return self.script.startswith("# slow")

    @property
    def output(self) -> Path:
        return self.folder / "output.txt"


def all_transcripts() -> list[Transcript]:
    return [Transcript(script.parent.name, script.parent) for script in sorted(TRANSCRIPTS.glob("*/script"))]


def play(transcript: Transcript, folder: Path, env: Mapping[str, str] | None = None) -> str:
    """What the terminal shows, run by a real bash in a fresh repository below `folder`."""
    told = {**os.environ, **IDENTITY, **(env or {})}
    project = folder / "project"
    given = transcript.folder / "project"
    _ = copy_folder(given, project) if given.is_dir() else copy_example(project)
    repository(project)
    path = f"{command_on_path(folder / 'bin')}{os.pathsep}{told['PATH']}"
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-u"],
        cwd=project,
        input=_shell(transcript.script).encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=TIMEOUT_S,
        check=True,
        env={**told, "PATH": path, "HOME": str(folder), "TMPDIR": str(folder)},
    )
    return _settled(done.stdout.decode(), folder)


def paragraphs(script: str) -> list[str]:
    """The steps of a script. A blank line ends one; the first line may be a remark about the whole."""
    return [text.strip("\n") for text in re.split(r"\n\s*\n", script.removeprefix("# slow\n")) if text.strip()]


def _shell(script: str) -> str:
    return "".join(
        _STEP.format(shown=shlex.quote("\n".join(_prompted(text))), text=text) for text in paragraphs(script)
    )


def _prompted(text: str) -> list[str]:
    """Remarks as they are, a command with its prompt, its further lines as a shell would ask for them."""
    lines = text.split("\n")
    remarks = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    command = lines[remarks:]
    return [*lines[:remarks], *[f"$ {line}" for line in command[:1]], *[f"> {line}" for line in command[1:]]]


def _settled(text: str, folder: Path) -> str:
    text = text.replace(str(folder), "/tmp/here")
    text = _MINUTE.sub("2026-03-01 09:12", text)
    text = _TIME.sub(lambda found: f"2026-03-01T09:12:00{found[1]}", text)
    text = _numbered(text, _commits(folder))
    text = _evidence_numbered(text, folder)
    revisions: dict[str, int] = {}
    text = _REVISION.sub(lambda found: _named(f"r{revisions.setdefault(found[0], len(revisions) + 1)}", 10), text)
    digests: dict[str, int] = {}

    def digest(found: re.Match[str]) -> str:
        number = digests.setdefault(found[2][:8], len(digests) + 1)
        return f"{found[1]}{_named(f'd{number}', len(found[2]))}"

    return _DIGEST.sub(digest, text)


def _evidence_numbered(text: str, folder: Path) -> str:
    """Files of evidence hold when they were found, so their digests differ; by the order in which they appear."""
    names = {file.stem for file in folder.rglob("evidence/*.json")}
    found = {short: text.find(short) for short in (name[:_EVIDENCE] for name in names) if short in text}
    for number, short in enumerate(sorted(found, key=lambda each: found[each]), start=1):
        text = text.replace(short, _named(f"e{number}", _EVIDENCE))
    return text


def _commits(folder: Path) -> list[str]:
    """Every commit that any repository below the folder ever had."""
    found: set[str] = set()
    for head in folder.rglob("HEAD"):
        listing = subprocess.run(
            ["git", f"--git-dir={head.parent}", "cat-file", "--batch-all-objects", "--batch-check"],
            capture_output=True,
            check=False,
        )
        rows = (line.split() for line in listing.stdout.decode().splitlines())
        found.update(row[0] for row in rows if row[1:2] == ["commit"])
    return sorted(found)


def _numbered(text: str, commits: list[str]) -> str:
    """Commits by the order in which they appear; abbreviations keep their length, so that columns stay."""
    known = {commit[:_SHORTEST]: commit for commit in commits}
    numbers: dict[str, int] = {}

    def named(found: re.Match[str]) -> str:
        commit = known.get(found[0][:_SHORTEST], "")
        if not commit.startswith(found[0]):
            return found[0]
        return _named(f"c{numbers.setdefault(commit, len(numbers) + 1)}", len(found[0]))

    return re.sub(r"(?<![0-9a-f])[0-9a-f]{7,40}(?![0-9a-f])", named, text)


def _named(name: str, length: int) -> str:
    return name + "·" * (length - len(name))
