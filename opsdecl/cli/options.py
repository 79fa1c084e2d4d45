"""Options that several commands share, with one spelling each."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from opsdecl.cli.verbs import project_root

F = TypeVar("F", bound=Callable[..., Any])

FINDING_FORMATS = ("full", "concise", "json", "github", "sarif")


def environment_option(function: F) -> F:
    return click.option(
        "--env",
        "environment",
        metavar="ENV",
        shell_complete=complete_environment,
        help="Environment; the project's default where it is left out.",
    )(function)


def complete_environment(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Environments of the project that the shell is in, for its completion: by their folders, nothing is parsed."""
    directory = ctx.find_root().params.get("directory")
    root = project_root(Path.cwd() / directory if directory else Path.cwd())
    names = sorted(file.parent.name for file in root.glob("environments/*/environment.yaml"))
    return [name for name in names if name.startswith(incomplete)]


def target_option(function: F) -> F:
    return click.option(
        "--target", metavar="NAME", help="Target of the environment; all of them where it is left out."
    )(function)


def partition_option(function: F) -> F:
    return click.option(
        "--partition",
        metavar="NAME",
        help="Partition of the environment, where it has several; `none` is that of documents without one.",
    )(function)


def findings_option(function: F) -> F:
    return click.option(
        "--diagnostics",
        type=click.Choice(FINDING_FORMATS),
        default="full",
        show_default=True,
        help="How findings are printed.",
    )(function)


def format_option(*choices: str) -> Callable[[F], F]:
    """`--format`, the first choice being the default."""
    return click.option("--format", "format_", type=click.Choice(choices), default=choices[0], show_default=True)


def exit_code_option(function: F) -> F:
    return click.option("--exit-code", is_flag=True, help="Exit 2 where there are changes or drift.")(function)


def protected_option(function: F) -> F:
    return click.option(
        "--including-protected", is_flag=True, help="Remove protected objects too; what they hold is gone."
    )(function)


def replace_option(function: F) -> F:
    said = "Let an object of a cluster be deleted and made anew."
    return click.option("--replace", "replaced", multiple=True, metavar="ADDRESS", help=said)(function)


def _approvals(_ctx: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """Each on one line, without doubles; who approves must be said."""
    found = dict.fromkeys(" ".join(text.split()) for text in given)
    if any(not text.partition(":")[0].strip() for text in found):
        raise click.BadParameter("it says nobody: write `NAME`, or `NAME: why`")
    return tuple(found)


def approved_option(function: F) -> F:
    said = "Who approved this, and why: `NAME` or `NAME: why`; the history keeps it, nothing checks it."
    option = click.option("--approved-by", "approvals", multiple=True, metavar="NAME", callback=_approvals, help=said)
    return option(function)


def yes_option(function: F) -> F:
    return click.option("--yes", is_flag=True, help="Do not ask; needed where nobody can answer.")(function)
