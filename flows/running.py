"""The `sync` command: settings checked, somebody watching, the flow run, its end told."""

from collections.abc import Sequence

from rich.console import Console

from extract.errors import GlancebackError
from flows.display import log_to_stderr, printable, progress
from flows.embedded import stop_embedded_server
from flows.notices import tell_error
from flows.report import CloudReport, RunReport, problems
from flows.settings import chosen_clouds, load_settings
from flows.start import OUR_LOGGERS, run_flow


def sync(
    config: str | None,
    clouds: Sequence[str],
    listings: Sequence[str],
    *,
    changes: bool = False,
    accept_deletions: bool = False,
    resume: bool = False,
    verbose: bool = False,
) -> RunReport:
    """Run the flow, and tell people on stderr how it goes and how it went.

    Raises: SettingsError before anything starts; what run_flow raises.
    """
    console = Console(stderr=True)
    log_to_stderr(OUR_LOGGERS, verbose=verbose, console=console)
    settings = load_settings(config)
    chosen_clouds(settings, clouds, listings)
    parameters: dict[str, object] = {
        "config": config,
        "clouds": list(clouds),
        "listings": list(listings),
        "resume": resume,
    }
    if not changes:
        parameters["accept_deletions"] = accept_deletions
    try:
        with progress(console):
            report = run_flow(
                "changes" if changes else "nightly",
                settings.home / "prefect",
                has_own_workers=settings.task_runner == "dask" and settings.dask_scheduler is None,
                **parameters,
            )
    except GlancebackError as exc:
        tell_error(exc, settings, "changes" if changes else "full")
        raise
    finally:
        stop_embedded_server(settings.prefect_days)
    tell(report, console)
    return report


def tell(report: RunReport, console: Console) -> None:
    """A line a cloud, a line a problem, and the run's status."""
    for cloud in report.clouds:
        console.print(_line(cloud), markup=False, highlight=False, soft_wrap=True)
    for problem in problems(report.clouds):
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
