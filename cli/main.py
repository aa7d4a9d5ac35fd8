"""The command line: loads the command's module, and turns errors into a message and an exit code.

cli.exit_codes has the meanings of the exit codes.
"""

import io
import signal
import sys
from importlib import import_module
from types import FrameType
from typing import Any, Final

import click
from click.exceptions import Exit
from click.shell_completion import CompletionItem

from cli import exit_codes
from cli.console import discard_output
from core import json_log
from core.errors import GlancebackError

COMMANDS: Final = {
    "demo": "Read a sample cloud twice; no account needed.",
    "check": "See whether the login works, and what would be read.",
    "sync": "Read the catalogue and load what is new.",
    "sql": "Answer a query from the published copy.",
    "diff": "Show what differs between two points in time.",
    "dashboard": "Make the page: one HTML file, no server.",
    "status": "Say how each cloud is doing.",
    "runs": "List the runs, and what each found.",
    "serve": "Run the schedule, with Prefect's UI.",
    "api": "Serve the image API as of any time.",
    "export": "Write every table as Parquet and CSV.",
    "contract": "Describe the tables for dbt, or as a data contract.",
    "publish": "Make the published copy again.",
    "replay": "Rebuild the history from the raw pages.",
    "verify": "Check the raw pages, and the warehouse against them.",
    "retire": "End a cloud, or a listing, that is no longer read.",
    "rename": "Give a cloud another name, and keep its history.",
    "completion": "Print the completion script of a shell.",
}
"""The commands and their help, in the order in which a new user needs them. Each is in the module with its name."""


class _Commands(click.Group):
    """Turns errors into a message on stderr and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports only the command's module, so that `--help` and `sql` do not wait for other commands' imports."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        found = [CompletionItem(name, help=does) for name, does in COMMANDS.items() if name.startswith(incomplete)]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in exit_codes.MEANINGS.items()])

    def make_context(self, *arguments: Any, **others: Any) -> click.Context:
        try:
            return super().make_context(*arguments, **others)
        except BrokenPipeError:  # as below, of --help
            discard_output()
            raise Exit(exit_codes.DONE) from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except GlancebackError as exc:
            _say_error(str(exc))
            ctx.exit(exit_codes.of_error(exc))
        except KeyboardInterrupt:
            _say_error("stopped; the clouds that were being read are not loaded; the warehouse is intact")
            ctx.exit(exit_codes.INTERRUPTED)
        except BrokenPipeError:
            # The reader of our output stopped early (`| head`).
            discard_output()
            ctx.exit(exit_codes.DONE)


def _say_error(text: str) -> None:
    if json_log.is_on():
        json_log.say("error", text)
    else:
        click.echo(f"glanceback: {text}", err=True)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="glanceback")
def main() -> None:
    """Remember a cloud's image catalogue.

    glanceback reads every image of Huawei IMS or OpenStack Glance on a schedule, and keeps the whole history in
    DuckDB, where you query it with SQL.

    \b
    glanceback demo                       a sample cloud: no account, no settings
    OS_CLOUD=mycloud glanceback check     can I log in, what would be read
    OS_CLOUD=mycloud glanceback sync      read it
    glanceback sql "SELECT name, os_type, min_disk FROM images LIMIT 20"    ask it
    glanceback sql --list                 questions to begin with
    """
    for stream in (sys.stdout, sys.stderr):
        # A terminal with an older encoding, for example Latin-1, cannot show every image's name.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # DuckDB looks for pandas at every parameter of a statement. If it is not installed, that takes longer than a short
    # statement; if it is, DuckDB imports it. No command needs it. This is only here, because in a process that is not
    # ours, such as a Dask worker, other code may import it.
    sys.modules.setdefault("pandas", None)  # type: ignore[arg-type]
    # By default SIGTERM ends the process without atexit, and an embedded Prefect server would keep running.
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
