"""The command line: the only print, and the only place where an error becomes a sentence and an exit code.

What the exit codes mean is in cli.exit_codes.
Imports of what is slow are inside the commands that need it, so that `--help` and `sql` answer at once.
"""

import io
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import click
from rich.console import Console

from cli import asking, exit_codes
from cli.asking import cloud_option, config_option
from cli.display import discard_output
from core.errors import GlancebackError, SettingsError
from core.wording import counted

_IN_ORDER = (
    *("demo", "check", "sync", "sql", "diff", "dashboard", "status", "runs"),
    *("serve", "export", "publish", "replay", "verify", "retire", "rename", "completion"),
)
"""As one meets them."""


class _Commands(click.Group):
    """Turns errors into a sentence on stderr and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(super().list_commands(ctx), key=_IN_ORDER.index)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in exit_codes.MEANINGS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except GlancebackError as exc:
            click.echo(f"glanceback: {exc}", err=True)
            ctx.exit(exit_codes.of_error(exc))
        except KeyboardInterrupt:
            click.echo("glanceback: stopped; what was being read was not loaded, the warehouse is whole", err=True)
            ctx.exit(exit_codes.INTERRUPTED)
        except BrokenPipeError:
            # Whoever read our output has had enough (`| head`).
            discard_output()
            ctx.exit(exit_codes.DONE)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="glanceback")
def main() -> None:
    """The memory of a cloud's image catalogue.

    glanceback reads every image of Huawei IMS or OpenStack Glance, night after night, and keeps the whole history in
    DuckDB, to be asked in SQL.

    \b
    glanceback demo                       a sample cloud: no account, no settings
    OS_CLOUD=mycloud glanceback check     can I log in, what would be read
    OS_CLOUD=mycloud glanceback sync      read it
    glanceback sql "SELECT name, os_type, min_disk FROM images LIMIT 20"    ask it
    glanceback sql --list                 questions to begin with
    """
    for stream in (sys.stdout, sys.stderr):
        # A terminal of an older encoding, such as Latin-1, cannot show every image's name.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # Left to itself, SIGTERM ends the process without its atexit, and an embedded Prefect server would live on.
    signal.signal(signal.SIGTERM, _interrupt)


for _command in (asking.sql, asking.runs, asking.status, asking.diff, asking.export, asking.dashboard):
    main.add_command(_command)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@main.command(short_help="Read the catalogue and load what is new.")
@click.option("--changes", is_flag=True, help="Only what changed since each listing was last read; ends nothing.")
@cloud_option
@click.option("--listing", "listings", multiple=True, metavar="NAME", help="Only this listing; may be repeated.")
@click.option("--accept-deletions", is_flag=True, help="End images even where suspiciously many vanished at once.")
@click.option("--resume", is_flag=True, help="Go on where the run before broke off, if that was soon before.")
@click.option(
    "--orchestrator", type=click.Choice(["auto", "prefect", "threads"]), help="What runs the steps; see the settings."
)
@click.option("--json", "as_json", is_flag=True, help="Print the run's report as one JSON object on stdout.")
@click.option("-v", "--verbose", is_flag=True, help="Log each page.")
@config_option
def sync(
    changes: bool,
    clouds: tuple[str, ...],
    listings: tuple[str, ...],
    accept_deletions: bool,
    resume: bool,
    orchestrator: str | None,
    as_json: bool,
    verbose: bool,
    config: str | None,
) -> None:
    """Read the catalogue and load what is new, changed or gone.

    It is a Prefect flow where PREFECT_API_URL or Prefect's active profile names a server, and plain threads elsewhere.
    """
    from cli.running import sync as run

    report = run(
        config, clouds, listings,
        changes=changes, accept_deletions=accept_deletions, resume=resume, orchestrator=orchestrator, verbose=verbose,
    )  # fmt: skip
    if as_json:
        import msgspec

        try:
            click.echo(msgspec.json.encode(report))
        except BrokenPipeError:  # the exit code still counts
            discard_output()
    sys.exit(exit_codes.of_report(report))


@main.command(short_help="See whether the login works, and what would be read.")
@cloud_option
@click.option("--notify", is_flag=True, help="Send a test notice to the URLs of [notify] too.")
@config_option
def check(clouds: tuple[str, ...], notify: bool, config: str | None) -> None:
    """Log in everywhere and say what would be read, and what is in the way."""
    from cli.checking import check as run

    sys.exit(run(config, clouds, Console(), notify=notify))


@main.command(short_help="Make the published copy anew.")
@config_option
def publish(config: str | None) -> None:
    """Make the published copy anew from the warehouse."""
    from core.permissions import keep_to_owner
    from load.end_of_life import load_their_dates
    from load.publish import publish as run
    from load.schema import bring_up_to_date
    from load.warehouse import Warehouse
    from pipeline.settings import VERSION, load_settings

    keep_to_owner()
    settings = load_settings(config)
    if isinstance(settings.warehouse, Path) and not settings.warehouse.exists():
        raise SettingsError(f"there is no warehouse at {settings.warehouse}", "Run glanceback sync first.")
    with Warehouse(settings.warehouse, settings.lock_wait_seconds, settings.load_memory_mb) as warehouse:
        bring_up_to_date(warehouse, VERSION)
        load_their_dates(warehouse, settings.end_of_life)
        run(warehouse, settings.published, anew=True)
    click.echo(f"published {settings.published}", err=True)


@main.command(short_help="Rebuild the history from the raw pages.")
@config_option
def replay(config: str | None) -> None:
    """Rebuild the history from the raw pages in landing.

    Loads every run again for which landing still has the pages, with today's dictionary; what is older stays.
    """
    from cli.display import log_to_stderr
    from core.packages import PACKAGES
    from pipeline.replay import replay as run
    from pipeline.settings import load_settings

    log_to_stderr(PACKAGES, verbose=False, console=Console(stderr=True))
    done = run(load_settings(config))
    click.echo(f"runs loaded again: {done.runs}, since {done.since:%Y-%m-%d %H:%M} UTC", err=True)


@main.command(short_help="End a cloud, or a listing, that is no longer read.")
@click.argument("cloud")
@click.argument("listing", required=False)
@config_option
def retire(cloud: str, listing: str | None, config: str | None) -> None:
    """End what is current of CLOUD, or what only this LISTING of it showed: end_reason is then `retired`.

    Take it out of the settings first, or the next run reads it again. The history stays.
    """
    from pipeline.retirement import retire as run
    from pipeline.settings import load_settings

    settings = load_settings(config)
    ended = run(settings, cloud, listing)
    what = f"listing {listing} of cloud {cloud}" if listing else f"cloud {cloud}"
    click.echo(f"retired {what}: {counted(ended, 'image')} ended", err=True)
    for known in settings.clouds:
        if known.name == cloud and (listing is None or not known.listings or listing in known.listings):
            click.echo(f"{settings.source} still has it: the next run reads it again", err=True)


@main.command(short_help="Give a cloud another name, and keep its history.")
@click.argument("old")
@click.argument("new")
@config_option
def rename(old: str, new: str, config: str | None) -> None:
    """Give the history of the cloud OLD the name NEW, which the settings have for it now.

    What was read under NEW already is put together with it, if landing still has the pages.
    """
    from pipeline.retirement import rename as run
    from pipeline.settings import load_settings

    run(load_settings(config), old, new)
    click.echo(f"renamed cloud {old} to {new}", err=True)


@main.command(short_help="Check the raw pages, and the warehouse against them.")
@click.argument("run", required=False, metavar="[RUN|all]")
@config_option
def verify(run: str | None, config: str | None) -> None:
    """Check a RUN, all of them, or the last one, from its raw pages in landing.

    Every hash; that each listing called complete is; and that the warehouse holds what the pages say. Prints a sentence
    a fault. The checker shares no code with what reads and loads: docs/landing.md says what it shows.
    """
    from pipeline.settings import load_settings
    from pipeline.verification import verify_landing

    faults = verify_landing(
        load_settings(config), run, lambda finding: click.echo(finding.text, err=not finding.is_fault)
    )
    click.echo(f"faults: {faults}", err=True)
    sys.exit(1 if faults else 0)


@main.command(short_help="Run the schedule, with Prefect's UI.")
@click.option("--cron", default="0 2 * * *", show_default=True, help="When to read everything.")
@click.option("--changes-cron", metavar="CRON", help="When to read what changed, in between; never if not given.")
@click.option("--timezone", default="UTC", show_default=True, metavar="ZONE", help="Of the schedule: Europe/Berlin.")
@click.option("--port", default=4200, show_default=True, type=click.IntRange(1, 65535), help="Of Prefect's UI.")
@config_option
def serve(cron: str, changes_cron: str | None, timezone: str, port: int, config: str | None) -> None:
    """Run the schedule, with a Prefect server and its UI on this machine, until stopped.

    \b
    glanceback serve --cron "0 2 * * *" --timezone Europe/Berlin
    glanceback serve --changes-cron "*/15 * * * *"

    With PREFECT_API_URL set, that server has the schedule and the UI.
    """
    from flows.serving import serve as run

    run(config, cron, changes_cron, timezone, port, Console(stderr=True))


@main.command(short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that makes SHELL complete commands, options and names.

    \b
    bash: source <(glanceback completion bash)
    zsh:  source <(glanceback completion zsh)
    fish: glanceback completion fish | source
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is not None:
        click.echo(found(main, {}, "glanceback", "_GLANCEBACK_COMPLETE").source())


@main.command(short_help="Read two nights of a sample cloud; no account needed.")
def demo() -> None:
    """Read two nights of a sample cloud, and show what changed between them. Needs no account."""
    from cli.demo_run import demo as run
    from flows.embedded import stop_embedded_server

    try:
        code = run(Console(), Console(stderr=True))
    finally:
        stop_embedded_server()
    sys.exit(code)
