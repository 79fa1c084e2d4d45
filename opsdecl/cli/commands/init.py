"""`opsdecl init`: a project that plans at once."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from opsdecl.cli.exits import Exit
from opsdecl.cli.group import Session, session

if TYPE_CHECKING:
    from opsdecl.flows.init import Made, Site

CHOICES = ("github", "gitlab", "none", "all")


@click.command()
@click.argument("directory", type=click.Path(path_type=Path), default=Path("."), metavar="[DIR]")
@click.option("--name", help="Permanent name of the project; the folder's where it is left out.")
@click.option(
    "--ci",
    type=click.Choice(CHOICES),
    help="CI files to write; where it is left out those for the remote `origin`, or all.",
)
@click.option("--git/--no-git", default=True, help="Make a repository where there is none.  [default: git]")
@click.option("--keep-existing", is_flag=True, help="Leave files that exist as they are, and write the others.")
@click.pass_context
def command(
    ctx: click.Context, directory: Path, name: str | None, ci: str | None, git: bool, keep_existing: bool
) -> int:
    """Write a small project: one LLM, one classic model, a policy, two environments, editor and CI settings."""
    from opsdecl.cli.report import no_lines, report
    from opsdecl.flows.init import init_project, look_around

    at = session(ctx)
    folder = at.start / directory
    found = look_around(folder, git=git)
    if found.value is None:
        return report(at.process, found.diagnostics, no_lines)
    site = found.value
    chosen_name, chosen_ci = _name(at, site, name), _ci(at, site, ci)
    made = init_project(site, chosen_name, chosen_ci, git=git, keep=keep_existing)
    code = report(at.process, made.diagnostics, no_lines)
    if made.value is None or code != Exit.DONE:
        return code
    at.process.out(_told(site, made.value, chosen_name, directory, at.start))
    return Exit.DONE


def _name(at: Session, site: "Site", given: str | None) -> str:
    from opsdecl.flows.init import is_name, proposed_name

    name = given
    if name is None:
        proposed = proposed_name(site.folder)
        asked = at.process.interactive
        name = click.prompt("Permanent name of the project", default=proposed, err=True) if asked else proposed
    if not is_name(name):
        raise click.UsageError(f"--name {name}: a name is lower-case letters, digits and dashes, at most 63")
    return name


def _ci(at: Session, site: "Site", given: str | None) -> str:
    from opsdecl.flows.init import proposed_ci

    proposed = proposed_ci(site)
    if given is not None:
        if given != "none" and not site.at_top:
            said = f"--ci {given}: CI reads its files at the top of the repository, {site.around.top}"
            raise click.UsageError(f"{said}: run init there, or with --ci none")
        return given
    if not (at.process.interactive and site.at_top):
        return proposed
    chosen: str = click.prompt("CI files", default=proposed, type=click.Choice(CHOICES), err=True)
    return chosen


def _told(site: "Site", made: "Made", name: str, directory: Path, start: Path) -> str:
    elsewhere = site.folder.resolve() != start.resolve()
    where = str(directory) if elsewhere else "this folder"
    enter = f"cd {directory} && " if elsewhere else ""
    begin = "" if made.repository or site.around.top else "git init && "
    steps = (
        (f"{enter}opsdecl validate", "check every file, every environment"),
        (f"{begin}opsdecl plan", "what would be made in dev, and what it means"),
        ("opsdecl apply", "carry it out: a commit on the branch rendered/dev"),
    )
    width = max(len(step) for step, _ in steps) + 4
    beside = " and a git repository" if made.repository else ""
    return "\n".join(
        [
            f"{name}: {len(made.files)} files{beside} in {where}; README.md says what they are",
            "next:",
            *(f"  {step:<{width}}{meaning}" for step, meaning in steps),
        ]
    )
