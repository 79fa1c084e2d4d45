"""Foreign text inside Markdown: it must not become a heading, a table cell, a link, HTML, or a mention of a person."""

import html
import re

from opsdecl.view.cells import printable

_INLINE = re.compile(r"[\\`*_\[\]~|]")
_REFERENCE = re.compile(r"(GH(?=-\d))|([#!%](?=\d))|(@)|(:(?=//))|(www(?=\.))", re.IGNORECASE)
_BREAK = "&#8203;"
_START = re.compile(r"^(?:(\d{1,9})(?=[.)](?:\s|$))|()(?=[#+=-]))")
_ADDRESS = re.compile(r"https?://[^\s<>\"'`|\\]{1,2000}")


def code(text: str, limit: int = 120) -> str:
    """A code span for any text, also in a table. Nothing inside it is interpreted."""
    shown = clipped(printable(text), limit).replace("|", "\\|")
    if not shown.strip():
        return "(empty)"
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    edge = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{edge}{shown}{edge}{fence}"


def prose(text: str, limit: int = 400) -> str:
    """A sentence of ours with foreign words in it: paired backticks become code spans, the rest plain text."""
    parts = clipped(text, limit).split("`")
    if len(parts) % 2 == 0 or not all(part.strip() for part in parts[1::2]):
        return plain("`".join(parts))
    return "".join(code(part) if index % 2 else plain(part) for index, part in enumerate(parts))


def plain(text: str) -> str:
    """The text as itself. Zero-width spaces keep hosts from linking people, issues and addresses."""
    shown = _INLINE.sub(lambda found: "\\" + found[0], html.escape(printable(text), quote=False))
    # Last, because the number of the entity would be taken for that of an issue.
    return _REFERENCE.sub(lambda found: found[0] + _BREAK, shown).replace("$", "&#36;")


def html_code(text: str, limit: int = 120) -> str:
    """A code element, for places where hosts read HTML and not Markdown: the line of a collapsed section."""
    return f"<code>{html.escape(clipped(printable(text), limit))}</code>"


def clipped(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def table_row(*cells: str) -> str:
    """Cells must be the result of the functions above."""
    return f"| {' | '.join(cells)} |"


def comment_marker(subject: str, name: str) -> str:
    """A hidden line by which a bot finds its own comment again."""
    safe = re.sub(r"[^A-Za-z0-9._]+", "-", name[:60]).strip("-")
    return f"<!-- opsdecl:{subject}:{safe} -->"


def paragraphs(text: str) -> str:
    """The text as itself on lines of its own. Blank lines part paragraphs."""
    return "\n\n".join(line(part) for part in re.split(r"\n\s*\n", text) if part.strip())


def line(text: str) -> str:
    """The text as itself on one line, also where that line begins: no heading, list or rule."""
    return _START.sub(lambda found: f"{found[1] or ''}\\", plain(" ".join(text.split())))


def link(address: str) -> str:
    """A web address as a link; anything else as code."""
    return f"<{address}>" if _ADDRESS.fullmatch(address) else code(address)
