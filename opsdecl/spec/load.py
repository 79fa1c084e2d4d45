"""SourceTree -> SpecSet: every document of a project by folder, and everything that is wrong with its files."""

from collections.abc import Mapping, Sequence

from opsdecl.addr import digest_of
from opsdecl.diag import Checked, Diagnostic, Place
from opsdecl.diag.codes import source as codes
from opsdecl.spec.arrange import arrange
from opsdecl.spec.identity import identify
from opsdecl.spec.limits import DEFAULT_LIMITS, MIB, Limits
from opsdecl.spec.parse import parse_file, too_large
from opsdecl.spec.parse_cache import ParsedFiles
from opsdecl.spec.source import FOLDER_MODE, LINK_MODE, LOCK, ROOT, is_source, is_yaml
from opsdecl.spec.texts import TreeTexts
from opsdecl.spec.types import Document, Json, SourceEntry, SourceTree, SpecSet
from opsdecl.spec.yaml import ParsedFile

_PLAIN_MODES = ("100644", "100755")


def load_project(
    tree: SourceTree, cache: ParsedFiles | None = None, limits: Limits = DEFAULT_LIMITS
) -> Checked[SpecSet]:
    """All readable documents, with all findings about files and text. No value only where the project is too large.

    Documents whose apiVersion, kind or name cannot be told are left out, as is the second of two with one identity.
    """
    entries = [entry for entry in tree.entries() if is_source(entry.path)]
    too_much = _project_too_large(entries, limits)
    if too_much:
        return Checked(None, (too_much,))
    found: list[Diagnostic] = []
    usable: list[SourceEntry] = []
    for entry in entries:
        problem = _unusable(entry)
        found += [problem] if problem else []
        usable += [] if problem else [entry]
    specs = [entry for entry in usable if _is_spec(entry.path)]
    known = cache or ParsedFiles()
    known.expect(specs)
    documents = [d for entry in specs for d in _read(tree, entry, known, limits, found)]
    known.save()
    arranged = arrange(documents, root_is_readable=not any(_is_in_root(d) for d in found))
    lock = _read_lock(tree, usable, limits)
    texts = TreeTexts(tree, usable, limits)
    identities = sorted(f"{folder} {d.kind}.{d.name} {d.digest}" for folder, ds in arranged.folders.items() for d in ds)
    project = arranged.project.digest if arranged.project else ""
    digest = digest_of([project, identities, texts.digests()])
    read = SpecSet(arranged.project, arranged.folders, digest, lock.value, texts)
    return Checked(read, (*found, *arranged.diagnostics, *lock.diagnostics))


def _is_spec(path: str) -> bool:
    return path.startswith(f"{ROOT}/") and is_yaml(path)


def _is_in_root(finding: Diagnostic) -> bool:
    """Whether it is about a file where the Project could stand."""
    return finding.at is not None and finding.at.file.rpartition("/")[0] == ROOT


def _project_too_large(entries: Sequence[SourceEntry], limits: Limits) -> Diagnostic | None:
    if len(entries) > limits.files:
        message = f"the project holds more than {limits.files} files"
    elif sum(e.size for e in entries if is_yaml(e.path)) > limits.project_bytes:
        message = f"the YAML files of the project hold more than {limits.project_bytes / MIB:.0f} MiB"
    else:
        return None
    return Diagnostic(codes.PROJECT_TOO_LARGE, message, hint="split it, or move what is not a spec out of the project")


def _unusable(entry: SourceEntry) -> Diagnostic | None:
    at = Place(entry.path)
    if not entry.path.isprintable():
        message = f"the name of the file {entry.path!a} cannot be shown"
        return Diagnostic(codes.FILE_NAME, message, hint="rename it")
    if entry.mode == LINK_MODE:
        return Diagnostic(codes.LINK, "the file is a symbolic link", at, hint="put the file itself there")
    if entry.mode == FOLDER_MODE:
        return Diagnostic(codes.UNREADABLE, f"the folder `{entry.path}` cannot be listed", at, hint="allow reading it")
    if entry.mode not in _PLAIN_MODES:
        return Diagnostic(codes.NOT_A_FILE, "this is neither a file nor a folder", at, hint="remove it")
    return None


def _read(
    tree: SourceTree, entry: SourceEntry, known: ParsedFiles, limits: Limits, found: list[Diagnostic]
) -> tuple[Document, ...]:
    """The documents of one file; what is wrong with it is added to `found`."""
    kept = known.get(entry)
    if kept is not None:
        return kept
    parsed = _parse(tree, entry, limits)
    identified = [identify(entry.path, d.index, d.value) for d in parsed.documents]
    documents = tuple(item for item in identified if isinstance(item, Document))
    problems = [*parsed.diagnostics, *(d for item in identified if not isinstance(item, Document) for d in item)]
    if not problems:
        known.put(entry, documents)
    found += problems
    return documents


def _parse(tree: SourceTree, entry: SourceEntry, limits: Limits) -> ParsedFile:
    if entry.size > limits.file_bytes:
        return ParsedFile((), (too_large(entry.path, entry.size, limits),))
    try:
        data = tree.read(entry.path)
    except OSError as error:
        reason = error.strerror or "it is not readable"
        message = f"the file cannot be read: {reason.lower()}"
        return ParsedFile((), (Diagnostic(codes.UNREADABLE, message, Place(entry.path), hint="allow reading it"),))
    return parse_file(entry.path, data, limits)


def _read_lock(tree: SourceTree, entries: Sequence[SourceEntry], limits: Limits) -> Checked[Mapping[str, Json]]:
    entry = next((e for e in entries if e.path == LOCK), None)
    if entry is None:
        return Checked(None)
    parsed = _parse(tree, entry, limits)
    value = parsed.documents[0].value if len(parsed.documents) == 1 else None
    if parsed.diagnostics or isinstance(value, dict):
        return Checked(value if isinstance(value, dict) else None, parsed.diagnostics)
    hint = "restore the file from git, or remove it and let opsdecl write it again"
    return Checked(None, (Diagnostic(codes.LOCK, "opsdecl.lock does not hold one mapping", Place(LOCK), hint=hint),))
