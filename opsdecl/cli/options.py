"""Options that several commands share, with one spelling each."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

FINDING_FORMATS = ("full", "concise", "json", "github", "sarif")


def environment_option(function: F) -> F:
    return click.option(
        "--env", "environment", metavar="ENV", help="Environment; the project's default where it is left out."
    )(function)


def target_option(function: F) -> F:
    return click.option(
        "--target", metavar="NAME", help="Target of the environment; all of them where it is left out."
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


def yes_option(function: F) -> F:
    return click.option("--yes", is_flag=True, help="Do not ask; needed where nobody can answer.")(function)
