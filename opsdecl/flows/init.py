"""`init`: a small project that validates and plans at once, with what editors, pre-commit and CI need."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from opsdecl import __version__
from opsdecl._data import data_root
from opsdecl.compile.lock import FILE as LOCK
from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes.targets import FILE_EXISTS
from opsdecl.flows.lock import update_lock
from opsdecl.spec.schema import COMBINED, all_schemas
from opsdecl.spec.source import WorkTree
from opsdecl.targets.files import write_tree
from opsdecl.targets.git.create import FIRST_BRANCH, Surroundings, create_repository, survey
from opsdecl.view.schema import render_editor_settings, render_schema
from opsdecl.view.words import listed

ENVIRONMENTS = ("dev", "prod")
"""In the order in which CI applies them."""
SPECS = "environments"
_LISTED = 12

PROJECT = (
    "environments/project.yaml",
    "environments/base/chat.yaml",
    "environments/base/churn.yaml",
    "environments/base/policies.yaml",
    "environments/base/runtimes.yaml",
    "environments/dev/environment.yaml",
    "environments/dev/models.yaml",
    "environments/prod/environment.yaml",
    "environments/prod/models.yaml",
    "README.md",
    ".gitignore",
)
AT_TOP = (".pre-commit-config.yaml",)
"""Read by their tools at the top of a repository only; so are the CI files."""
CI = {
    "github": (".github/workflows/opsdecl.yaml", ".github/workflows/opsdecl-comment.yaml"),
    "gitlab": (".gitlab-ci.yml",),
}
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


class Site(Struct, frozen=True):
    """Where a project is to be made. `around` is the repository that is there already."""

    folder: Path
    around: Surroundings

    @property
    def at_top(self) -> bool:
        """Whether CI would find its files: the folder is the top of a repository, or will be."""
        return self.around.top is None or self.around.top == self.folder.resolve()

    @property
    def branch(self) -> str:
        return self.around.branch or FIRST_BRANCH


class Made(Struct, frozen=True):
    """What was written, relative to the folder, and whether a repository was made for it."""

    files: tuple[str, ...]
    repository: bool


def look_around(folder: Path, *, git: bool = True) -> Checked[Site]:
    """Where the folder lies. Without `git` a machine that has none is fine."""
    found = survey(folder)
    if found.value is None and git:
        return Checked(None, found.diagnostics)
    return Checked(Site(folder, found.value or Surroundings()))


def proposed_name(folder: Path) -> str:
    """A name for a project, from its folder's."""
    plain = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).lstrip("-0123456789")
    return plain[:63].strip("-") or "models"


def is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def proposed_ci(site: Site) -> str:
    """What the remote's address tells: `github`, `gitlab`, else `all`; `none` where CI would not find the files."""
    if not site.at_top:
        return "none"
    return next((name for name in CI if name in site.around.origin.lower()), "all")


def init_project(site: Site, name: str, ci: str, *, git: bool = True, keep: bool = False) -> Checked[Made]:
    """Writes the project: all of it, or nothing where a file exists. With `keep` existing files stay as they are,
    and the others are written; specs are never mixed with others."""
    files = project_files(site, name, tuple(CI) if ci == "all" else (ci,) if ci in CI else ())
    taken = _taken(site.folder, (*files, LOCK))
    if SPECS in taken or (taken and not keep):
        return Checked(None, (_exists(taken),))
    missing = {path: data for path, data in files.items() if path not in taken}
    written = write_tree(site.folder, missing)
    if written.value is None:
        return Checked(None, written.diagnostics)
    made = git and site.around.top is None
    created = create_repository(site.folder) if made else Checked(site.folder)
    locked = update_lock(site.folder, WorkTree(site.folder)) if LOCK not in taken else ()
    return Checked(Made((*missing, LOCK), made), created.diagnostics + locked)


def project_files(site: Site, name: str, ci: Sequence[str]) -> Mapping[str, bytes]:
    """Path -> content, for all that is written but the lock."""
    values = {
        "project": name,
        "requires": ".".join(__version__.split(".")[:2]),
        "environments": ENVIRONMENTS,
        "names": " and ".join(f"`{name}`" for name in ENVIRONMENTS),
        "branch": site.branch,
        "ci": tuple(ci),
    }
    templates = {path: f"project/{path.removeprefix('.')}.j2" for path in (*PROJECT, *(AT_TOP if site.at_top else ()))}
    for platform in ci:
        templates |= {path: f"ci/{platform}/{path.split('/')[-1].removeprefix('.')}.j2" for path in CI[platform]}
    rendered = _render(templates, values)
    return {path: text.encode() for path, text in (rendered | _editor_files()).items()}


def _editor_files() -> dict[str, str]:
    schemas = {f"schemas/{name}": render_schema(schema) for name, schema in all_schemas().items()}
    settings = render_editor_settings({f"./schemas/{COMBINED}": [f"{SPECS}/**/*.yaml"]})
    return {**schemas, ".vscode/settings.json": settings}


def _render(templates: Mapping[str, str], values: Mapping[str, object]) -> dict[str, str]:
    """The templates' own signs leave `${{ }}` of GitHub, `{{ }}` and `${ }` of shells alone."""
    import jinja2

    engine = jinja2.Environment(
        loader=jinja2.FileSystemLoader(data_root() / "templates"),
        variable_start_string="<%",
        variable_end_string="%>",
        block_start_string="<%%",
        block_end_string="%%>",
        comment_start_string="<#",
        comment_end_string="#>",
        line_statement_prefix="#%",
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,
    )
    return {path: engine.get_template(template).render(values) for path, template in templates.items()}


def _taken(folder: Path, paths: Sequence[str]) -> tuple[str, ...]:
    """What is in the way: the specs as a whole, else files, and files or links where folders must be."""
    found = [SPECS] if _is_there(folder / SPECS) else [path for path in paths if _is_there(folder / path)]
    parents = dict.fromkeys(str(parent) for path in paths for parent in Path(path).parents if str(parent) != ".")
    blocked = [parent for parent in parents if _is_there(folder / parent) and not _is_folder(folder / parent)]
    return tuple(sorted({*found, *blocked}))


def _is_there(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _exists(taken: Sequence[str]) -> Diagnostic:
    said = f"{listed([f'`{path}`' for path in taken], _LISTED)} {'exists' if len(taken) == 1 else 'exist'} already"
    hint = "choose an empty folder"
    if SPECS not in taken:
        hint += ", or repeat with --keep-existing: these stay as they are, the rest is written"
    return Diagnostic(FILE_EXISTS, f"{said}; nothing was written", hint=hint)
