"""The Prefect flows `nightly` and `changes`: a task a listing, clouds side by side, one load a cloud.

They read like the way of one night; what is done is in flows.night and below. Parameters are names, never secrets.
Imported only by what starts a flow: importing Prefect takes a second.
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, ParamSpec, TypeVar

from prefect import Flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture, as_completed
from prefect.states import Completed, Failed
from prefect.task_runners import TaskRunner
from prefect.utilities.annotations import opaque

from extract import storage
from extract.account import CloudSettings
from extract.errors import GlancebackError, SettingsError, WarehouseError, WrongClock
from extract.storage import Place
from flows import artifacts, night, notices
from flows.cloud_reading import CloudReading
from flows.dashboard import write_page
from flows.memory import expect_many_pages, give_back
from flows.progress import stop_reading
from flows.report import CloudReport, RunFailed, RunReport, cloud_report, problems, run_status
from flows.second_look import look_again
from flows.settings import VERSION, Settings, chosen_clouds, load_settings
from flows.visit import Visit, enter_for_run
from flows.workers import listing_runner
from load.earlier_runs import remembered_dialect
from load.end_of_life import load_their_dates
from load.permissions import keep_to_owner
from load.publish import publish
from load.records import KeptRun, forget_kept, keep_run, remove_old
from load.runs import (
    BrokenOff,
    Run,
    begin_run,
    broken_off,
    fail_target,
    finish_run,
    forget_run,
    forget_unknown_target,
)
from load.schema import bring_up_to_date
from load.upkeep import keep_small
from load.warehouse import Warehouse

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

_enter = task(name="enter", task_run_name="enter {settings.name}", cache_policy=NO_CACHE)(enter_for_run)
_load_cloud = task(name="load", task_run_name="load {visit.name}", cache_policy=NO_CACHE)(night.load_cloud)
_look_again = task(name="look again", task_run_name="look again at {visit.name}", cache_policy=NO_CACHE)(look_again)
_publish = task(name="publish", cache_policy=NO_CACHE)(publish)
_write_page = task(name="page", cache_policy=NO_CACHE)(write_page)


class _PlainFlow(Flow[P, R]):
    """A flow whose parameters are plain JSON as they are: for Prefect to see to that, it would import FastAPI."""

    def serialize_parameters(self, parameters: dict[str, Any | PrefectFuture[Any] | State]) -> dict[str, Any]:
        return dict(parameters)


def _flow(name: str) -> Callable[[Callable[P, R]], Flow[P, R]]:
    return lambda function: _PlainFlow(function, name=name, validate_parameters=False)


@_flow("nightly")
def nightly(
    config: str | None = None,
    clouds: Sequence[str] = (),
    listings: Sequence[str] = (),
    accept_deletions: bool = False,
    resume: bool = False,
) -> State[RunReport]:
    """Read every page of every listing, and end what is gone. `resume`: go on where the run before broke off."""
    return _run("full", config, clouds, listings, accept_deletions, resume)


@_flow("changes")
def changes(
    config: str | None = None, clouds: Sequence[str] = (), listings: Sequence[str] = (), resume: bool = False
) -> State[RunReport]:
    """Read what changed since each listing was last read. Ends nothing. `resume` as in nightly."""
    return _run("changes", config, clouds, listings, accept_deletions=False, resume=resume)


def _run(
    mode: str,
    config: str | None,
    clouds: Sequence[str],
    listings: Sequence[str],
    accept_deletions: bool,
    resume: bool,
) -> State[RunReport]:
    keep_to_owner()
    expect_many_pages()
    settings = load_settings(config)
    try:
        return _night(settings, mode, clouds, listings, accept_deletions, resume)
    except Exception as exc:
        notices.tell_error(exc, settings, mode)
        raise


def _night(
    settings: Settings, mode: str, clouds: Sequence[str], listings: Sequence[str], accept_deletions: bool, resume: bool
) -> State[RunReport]:
    to_read = chosen_clouds(settings, clouds, listings)
    began = time.monotonic()
    _must_have_a_store(settings.landing)
    with Warehouse(settings.warehouse, settings.lock_wait_seconds, settings.load_memory_mb) as warehouse:
        bring_up_to_date(warehouse, VERSION)
        load_their_dates(warehouse, settings.end_of_life)
        # What is gone on with was partly read before: such a run alone is no reading of all listings.
        run = begin_run(warehouse, mode, VERSION, {cloud.name: not listings and not resume for cloud in to_read})
        kept = KeptRun(run.run_id, run.started_at, mode, VERSION)
        keep_run(settings.landing, kept)
        broken = broken_off(warehouse, run) if resume else None
        log.info("run %s (%s) begins%s", run.run_id, mode, f", where {broken.run_id} broke off" if broken else "")
        _show_the_run(warehouse, settings)
        try:
            with listing_runner(settings) as runner:
                reports = _read_and_load(settings, warehouse, run, to_read, accept_deletions, broken, runner)
            report = RunReport(run.run_id, run_status(reports), time.monotonic() - began, tuple(reports))
        except WrongClock:
            # A run with a wrong time would stand between all that come after it and those before.
            forget_run(warehouse, run)
            forget_kept(settings.landing, run.run_id)
            _show_the_run(warehouse, settings)
            raise
        except BaseException as exc:
            if not isinstance(exc, Exception):  # Ctrl-C or SIGTERM: nobody waits for pages that will not be loaded
                stop_reading()
            if isinstance(exc, SettingsError):
                for cloud in to_read:
                    forget_unknown_target(warehouse, run, cloud.name)
            finish_run(warehouse, run, "failed", _why(exc))
            _show_the_run(warehouse, settings)
            raise
        finished_at = finish_run(warehouse, run, report.status)
        keep_run(settings.landing, replace(kept, status=report.status, finished_at=finished_at))
        _publish(warehouse, settings.published)
        page = _make_page(settings) if settings.dashboard else None
        _tidy(settings, warehouse, finished_at, run.run_id)
        artifacts.leave(report, run, warehouse, page)
        news = notices.of_run(report, run, warehouse, settings, not listings) if settings.notify.urls else None
    if news:
        notices.tell(news, settings)
    if report.status == "completed":
        return Completed(message=f"Run {run.run_id} completed", data=report)
    message = f"Run {run.run_id} {report.status}: {'; '.join(problems(report.clouds))}"[:2000]
    return Failed(message=message, data=RunFailed(message, report))


def _show_the_run(warehouse: Warehouse, settings: Settings) -> None:
    """Bring the runs in the published copy up to date, where that takes a moment: a run that dies is seen there."""
    if warehouse.is_shared:
        return
    try:
        publish(warehouse, settings.published, quick=True)
    except WarehouseError as exc:
        log.info("the published copy does not show this run yet (%s)", exc.what)


def _why(error: BaseException) -> str:
    if isinstance(error, GlancebackError):
        return str(error)
    return night.internal(error) if isinstance(error, Exception) else "the run was interrupted"


def _must_have_a_store(landing: Place) -> None:
    """Raises: GlancebackError where landing is in a store that cannot be used: once, and not for every listing."""
    if storage.is_local(landing):
        return
    try:
        storage.try_out(landing)
    except OSError as exc:
        raise GlancebackError(
            f"landing {landing} cannot be written ({storage.reason(exc)})", storage.advice(landing)
        ) from None


def _make_page(settings: Settings) -> str | None:
    """Make the page, and say where it is to be seen. All is loaded by now: without it the run is none the worse."""
    made = _write_page(settings.published, settings.dashboard, VERSION, return_state=True)
    if not made.is_completed():
        log.warning("the page is not made: %s", made.message)
        return None
    return settings.dashboard_url or settings.dashboard.resolve().as_uri() if settings.dashboard else None


def _tidy(settings: Settings, warehouse: Warehouse, now: datetime, run_id: str) -> None:
    """Remove old runs from landing. All is loaded and published by now: what goes wrong here waits for the next run."""
    try:
        for run_id in remove_old(settings.landing, warehouse, now, settings.landing_days):
            log.info("run %s: its landed pages are older than %d days, and removed", run_id, settings.landing_days)
    except (OSError, GlancebackError) as exc:
        log.warning("%s: old runs cannot be removed (%s)", settings.landing, exc)
    keep_small(warehouse, now, run_id)


def _read_and_load(
    settings: Settings,
    warehouse: Warehouse,
    run: Run,
    clouds: tuple[CloudSettings, ...],
    accept_deletions: bool,
    broken: BrokenOff | None,
    runner: TaskRunner[Any] | None,
) -> list[CloudReport]:
    """Every cloud is entered at once, every listing read as soon as its cloud is entered, every cloud loaded in turn.

    Raises: SettingsError where no cloud could be entered because of its settings; WrongClock where none could be, and
    our clock and a cloud's are too far apart.
    """
    kept_out: dict[str, BaseException] = {}
    entering = {_enter.submit(cloud, remembered_dialect(warehouse, cloud.name)): cloud for cloud in clouds}
    reading: list[CloudReading] = []
    waiting: set[PrefectFuture[Any]] = set(entering)
    while waiting:
        done = next(as_completed(list(waiting)))
        waiting.remove(done)
        if done not in entering:
            for cloud in reading:
                waiting |= cloud.go_on(done)
            continue
        visit = done.result(raise_on_failure=False)
        if isinstance(visit, Visit):
            reading.append(CloudReading(settings, warehouse, run, visit, broken, runner))
            waiting |= reading[-1].go_on()
        else:
            kept_out[entering[done].name] = visit
    wrong_clocks = [error for error in kept_out.values() if isinstance(error, WrongClock)]
    if wrong_clocks and not reading:
        raise wrong_clocks[0]
    reports = [_failed(settings, warehouse, run, name, error) for name, error in kept_out.items()]
    misconfigured = [error for error in kept_out.values() if isinstance(error, SettingsError)]
    if len(misconfigured) == len(clouds):
        raise misconfigured[0]
    for cloud in reading:
        visit = cloud.visit
        outcomes = cloud.outcomes()
        if run.mode == "full":
            # Opaque: Prefect would look for futures in every outcome.
            outcomes = _look_again(visit, settings.landing, run, opaque(cloud.stages), opaque(outcomes))
        give_back()
        loaded = _load_cloud(
            warehouse, visit, run, opaque(outcomes), settings.guard, settings.landing, accept_deletions,
            return_state=True,
        )  # fmt: skip
        visit.connection.client.close()
        result = loaded.result(raise_on_failure=False)
        if isinstance(result, night.Loaded):
            reports.append(cloud_report(visit.name, outcomes, result.counts, result.error, result.to_decide))
        else:
            reports.append(_failed(settings, warehouse, run, visit.name, result))
    order = [cloud.name for cloud in clouds]
    return sorted(reports, key=lambda report: order.index(report.cloud))


def _failed(settings: Settings, warehouse: Warehouse, run: Run, cloud: str, error: BaseException) -> CloudReport:
    """The report of a cloud of which nothing was loaded. Raises: WarehouseError when not even that can be kept."""
    if not isinstance(error, GlancebackError):
        text = f"cloud {cloud}: {night.internal(error)}"
        log.error("%s", text, exc_info=error)
    else:
        text = str(error)
        log.error("%s", text)
    if isinstance(error, WarehouseError):
        # Not in run_clouds: landing keeps the pages only of what is not recorded there, for a replay to load.
        with suppress(WarehouseError):
            fail_target(warehouse, run, cloud, text)
        return CloudReport(cloud, "failed", text)
    night.record_failure(warehouse, run, cloud, text, settings.landing)
    return CloudReport(cloud, "failed", text)
