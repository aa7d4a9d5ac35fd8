"""The `sync` command: checks the settings, runs, shows the progress, and prints the result."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click
import msgspec

from cli import exit_codes
from cli.console import Screen, discard_output, stderr_console
from cli.demo_settings import must_not_be_the_demos
from cli.display import log_to_stderr, printable, progress
from cli.options import cloud_option, config_option
from core.errors import GlancebackError
from core.packages import PACKAGES
from flows.embedded import stop_embedded_server
from flows.named_server import named_server
from pipeline.notices import tell_error
from pipeline.report import CloudReport, RunReport, problems_of
from pipeline.run import RunRequest, run
from pipeline.settings import Settings, chosen_clouds, load_settings
from pipeline.threads import ThreadSteps

_MOST_PROBLEMS: Final = 20


@click.command
@click.option(
    "--changes", is_flag=True, help="Read only what changed since each listing was last read. It cannot see deletions."
)
@cloud_option
@click.option("--listing", "listings", multiple=True, metavar="NAME", help="Only this listing; may be repeated.")
@click.option("--accept-deletions", is_flag=True, help="End images even if suspiciously many vanished at once.")
@click.option("--resume", is_flag=True, help="Continue where the last run stopped, if it began recently.")
@click.option("--orchestrator", type=click.Choice(["auto", "prefect", "threads"]), help="Overrides the setting.")
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

    A run is a Prefect flow if PREFECT_API_URL or Prefect's active profile names a server; else plain threads run it.
    """
    report = run_sync(
        config, clouds, listings,
        changes=changes, accept_deletions=accept_deletions, resume=resume, orchestrator=orchestrator, verbose=verbose,
    )  # fmt: skip
    if as_json:
        try:
            click.echo(msgspec.json.encode(report))
        except BrokenPipeError:  # the exit code still counts
            discard_output()
    sys.exit(exit_codes.of_report(report))


def run_sync(
    config: str | None,
    clouds: Sequence[str],
    listings: Sequence[str],
    *,
    changes: bool = False,
    orchestrator: str | None = None,
    accept_deletions: bool = False,
    resume: bool = False,
    verbose: bool = False,
) -> RunReport:
    """Run, and print progress and result on stderr. `orchestrator` overrides the settings.

    Raises: SettingsError before anything starts; the errors of pipeline.run and flows.start.run_flow.
    """
    console = stderr_console()
    log_to_stderr(PACKAGES, verbose=verbose, console=console)
    settings = load_settings(config)
    must_not_be_the_demos(settings.source)
    chosen_clouds(settings, clouds, listings)
    request = RunRequest("changes" if changes else "full", config, clouds, listings, accept_deletions, resume)
    try:
        with progress(console):
            if _is_a_flow(orchestrator or settings.orchestrator):
                report = _run_flow(request, settings)
            else:
                with _steps(settings) as steps:
                    report = run(request, steps, _write_page)
    except GlancebackError as exc:
        tell_error(exc, settings, request.mode)
        raise
    tell(report, console)
    return report


def _is_a_flow(orchestrator: str) -> bool:
    """Whether Prefect runs it. With `auto`: if a Prefect server is named."""
    return orchestrator == "prefect" or (orchestrator == "auto" and named_server(os.environ) is not None)


def _steps(settings: Settings) -> ThreadSteps:
    if settings.task_runner != "dask":
        return ThreadSteps()
    from flows.dask_steps import DaskSteps  # Dask workers are seldom used

    return DaskSteps(settings)


def _write_page(published: Path, target: Path, version: str) -> int:
    from page.dashboard import write_page  # slow to import, and most runs make no page

    return write_page(published, target, version)


def _run_flow(request: RunRequest, settings: Settings) -> RunReport:
    from flows.start import run_flow  # it sets variables for Prefect, which a run without Prefect does not want

    try:
        return run_flow(
            request, settings.home / "prefect",
            has_own_workers=settings.task_runner == "dask" and settings.dask_scheduler is None,
        )  # fmt: skip
    finally:
        stop_embedded_server(settings.prefect_days)


def tell(report: RunReport, console: Screen) -> None:
    """Print a line for each cloud and each problem, and the run's status."""
    for cloud in report.clouds:
        console.print(_line(cloud), markup=False, highlight=False, soft_wrap=True)
    for problem in problems_of(report, _MOST_PROBLEMS):
        console.print(f"  {printable(problem)}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    if rejected := sum(cloud.rejected for cloud in report.clouds):
        what = (
            "value does not fit its column and is kept as it came"
            if rejected == 1
            else ("values do not fit their columns and are kept as they came")
        )
        console.print(
            f"  {rejected} {what}: glanceback sql --query rejected_values",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    console.print(
        f"run {report.run_id}: {report.status} in {report.seconds:.1f} s", markup=False, highlight=False, soft_wrap=True
    )


def _line(cloud: CloudReport) -> str:
    figures = {
        "new": cloud.new,
        "changed": cloud.changed,
        "unchanged": cloud.unchanged,
        "deleted": cloud.deleted,
        "returned": cloud.returned,
        "rejected": cloud.rejected,
        "deletions withheld": cloud.withheld_deletions,
    }
    always = ("new", "changed", "unchanged", "deleted")
    told = ", ".join(f"{count} {name}" for name, count in figures.items() if count or name in always)
    return f"cloud {printable(cloud.cloud)}: {cloud.status}; {told}"
