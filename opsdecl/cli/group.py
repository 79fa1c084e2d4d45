"""The `opsdecl` command group: options that every command shares, verbs loaded on use, near names on a typo."""

from pathlib import Path
from typing import Any

import click

from opsdecl import __version__
from opsdecl.cli.process import Process
from opsdecl.cli.verbs import COMMANDS, load_command, project_root
from opsdecl.diag.nearest import nearest


class Verbs(click.Group):
    """Lists verbs from a table, so that `--help` and a single verb import no other verb."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = load_command(cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = nearest(args[0], COMMANDS)
            hint = f" Did you mean `{close}`?" if close else ""
            raise click.UsageError(f"no such command: {args[0]}.{hint}", ctx)
        return super().resolve_command(ctx, args)


def build_group() -> click.Group:
    """A fresh group: nothing is registered at import."""

    @click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
    @click.version_option(__version__, message="opsdecl %(version)s")
    @click.option("-C", "directory", type=click.Path(path_type=Path), help="Run as if started in this folder.")
    @click.pass_context
    def opsdecl(ctx: click.Context, directory: Path | None) -> None:
        """Declarative GitOps for machine learning models and GPU-backed LLMs."""
        process = Process.current()
        start = (process.cwd / directory).resolve() if directory else process.cwd
        if not start.is_dir():
            raise click.UsageError(f"-C {directory}: no such folder")
        ctx.obj = Session(process, project_root(start), start)

    return opsdecl


class Session:
    """What click hands to a command: the process and the folders to work in."""

    def __init__(self, process: Process, root: Path, start: Path) -> None:
        self.process = process
        self.root = root
        self.start = start


def session(ctx: click.Context) -> Session:
    """The session of a running command."""
    found: Any = ctx.find_object(Session)
    assert isinstance(found, Session)
    return found
