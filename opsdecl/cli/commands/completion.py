"""`opsdecl completion SHELL`: the script that the shell evaluates."""

import click
from click.shell_completion import get_completion_class

from opsdecl.cli.group import session


@click.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script, for `eval "$(opsdecl completion bash)"` in a start-up file."""
    complete = get_completion_class(shell)
    assert complete is not None
    session(ctx).process.out(complete(ctx.find_root().command, {}, "opsdecl", "_OPSDECL_COMPLETE").source())
