"""One run: which clouds and listings it reads, what it loads, what it publishes, and what it reports.

It shows the steps of a run in their order; what each step does is in the modules that it calls. Its caller decides how
the steps are run: flows.nightly as Prefect's tasks, cli.sync in plain threads.
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeVar

from core import storage
from core.errors import GlancebackError, SettingsError, WarehouseError, WrongClock
from core.permissions import keep_to_owner
from core.storage import Place
from core.wording import counted
from load.end_of_life import load_their_dates
from load.publish import publish
from load.records import KeptRun, forget_kept, keep_run, remove_old, targets_of
from load.runs import (
    begin_run,
    broken_off,
    finish_run,
    forget_run,
    forget_unknown_target,
)
from load.schema import bring_up_to_date
from load.upkeep import keep_small
from load.warehouse import Warehouse
from pipeline import notices
from pipeline.clouds import RunOfClouds
from pipeline.estates import clouds_to_read
from pipeline.lineage import Lineage
from pipeline.memory import expect_many_pages
from pipeline.metrics import write_metrics
from pipeline.progress import stop_reading
from pipeline.report import RunReport, run_status, why_failed
from pipeline.settings import VERSION, Settings, chosen_clouds, load_settings
from pipeline.steps import Step, Steps

log = logging.getLogger(__name__)

R = TypeVar("R")

WritePage = Callable[[Path, Path, str], int]
"""page.dashboard.write_page: the published copy, the page's file, our version -> the page's size in bytes."""

_PUBLISH = Step(publish, "publish", "publish")


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a run has to do. `clouds`, `listings`: only these; empty: all. `resume`: continue where a run stopped."""

    mode: Literal["full", "changes"]
    config: str | None = None
    clouds: Sequence[str] = ()
    listings: Sequence[str] = ()
    accept_deletions: bool = False
    resume: bool = False


def run(request: RunRequest, steps: Steps, write_page: WritePage) -> RunReport:
    """Read, load, publish and report. After an error it sends notices too.

    Raises: SettingsError; WarehouseError; GlancebackError if no cloud can be read at all.
    """
    keep_to_owner()
    expect_many_pages()
    settings = load_settings(request.config)
    if why := notices.unable(settings.notify):
        log.warning("%s", why)
    lineage = Lineage(settings)
    try:
        report = _run(request, settings, steps, write_page, lineage)
    except BaseException as exc:
        write_metrics(settings, completed=False)
        lineage.broke(exc)
        if isinstance(exc, Exception):
            notices.tell_error(exc, settings, request.mode)
        raise
    write_metrics(settings, completed=report.status == "completed")
    lineage.ended(report.status)
    return report


def _run(request: RunRequest, settings: Settings, steps: Steps, write_page: WritePage, lineage: Lineage) -> RunReport:
    mode, resume = request.mode, request.resume
    chosen = chosen_clouds(settings, request.clouds, request.listings)
    began = time.monotonic()
    _must_have_a_store(settings.landing)
    opened = Warehouse(settings.warehouse, settings.lock_wait_seconds, settings.load_memory_mb)
    with opened as warehouse, ExitStack() as until_the_end:
        bring_up_to_date(warehouse, VERSION)
        load_their_dates(warehouse, settings.end_of_life)
        to_read = clouds_to_read(warehouse, chosen, settings.clouds)
        # A resumed run read only a part itself, so it does not count as a full reading.
        targets = dict.fromkeys(to_read.names, not request.listings and not resume)
        run = begin_run(warehouse, mode, VERSION, targets, settings.home, until_the_end)
        lineage.began(run)
        kept = KeptRun(run.run_id, run.started_at, mode, VERSION, targets=targets_of(warehouse, run.run_id))
        keep_run(settings.landing, kept)
        broken = broken_off(warehouse, run) if resume else None
        log.info("run %s (%s) begins%s", run.run_id, mode, f", resuming {broken.run_id}" if broken else "")
        _show_the_run(warehouse, settings)
        try:
            with steps.readers(settings):
                of_clouds = RunOfClouds(settings, warehouse, run, steps, request.accept_deletions, broken)
                reports = of_clouds.read_and_load(to_read)
            seconds = time.monotonic() - began
            unable = notices.unable(settings.notify)
            report = RunReport(run.run_id, run_status(reports), seconds, tuple(reports), unable)
        except WrongClock:
            # A run with a wrong time would break the order of all later runs.
            forget_run(warehouse, run)
            forget_kept(settings.landing, run.run_id)
            _show_the_run(warehouse, settings)
            raise
        except BaseException as exc:
            if not isinstance(exc, Exception):  # Ctrl-C or SIGTERM: do not wait for pages that will not be loaded
                stop_reading()
            if isinstance(exc, SettingsError):
                for name in to_read.names:
                    forget_unknown_target(warehouse, run, name)
            finish_run(warehouse, run, "failed", why_failed(exc))
            _show_the_run(warehouse, settings)
            raise
        finished_at = finish_run(warehouse, run, report.status)
        kept = replace(kept, targets=targets_of(warehouse, run.run_id))
        keep_run(settings.landing, replace(kept, status=report.status, finished_at=finished_at))
        published = steps.run(_PUBLISH, warehouse=warehouse, published=settings.published)
        _done(published)
        page = _make_page(settings, steps, write_page)
        _tidy(settings, warehouse, finished_at, run.run_id)
        steps.record(report, run, warehouse, page)
        wants_news = settings.notify.urls or settings.notify.not_set
        news = notices.of_run(report, run, warehouse, settings, not request.listings) if wants_news else None
    if news:
        notices.tell(news, settings)
    return report


def _done(outcome: R | BaseException) -> R:
    """What a step returned. Raises: the step's error."""
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def _show_the_run(warehouse: Warehouse, settings: Settings) -> None:
    """Show this run in the published copy, if that is quick, so that monitors see a run that dies."""
    try:
        publish(warehouse, settings.published, quick=True)
    except WarehouseError as exc:
        log.info("the published copy does not show this run yet (%s)", exc.what)


def _must_have_a_store(landing: Place) -> None:
    """Raises: GlancebackError if landing is in an unusable store: one error, instead of one per listing."""
    if storage.is_local(landing):
        return
    try:
        storage.try_out(landing)
    except OSError as exc:
        raise GlancebackError(
            f"landing {landing} cannot be written ({storage.reason(exc)})", storage.advice(landing)
        ) from None


def _make_page(settings: Settings, steps: Steps, write_page: WritePage) -> str | None:
    """Make the page; return its address. Everything is loaded by now: if the page fails, the run does not."""
    try:
        target = settings.dashboard
    except SettingsError as exc:
        log.warning("the page is not made: %s", exc)
        return None
    if target is None:
        return None
    made = steps.run(Step(write_page, "page", "page"), published=settings.published, target=target, version=VERSION)
    if isinstance(made, BaseException):
        log.warning("the page is not made: %s", made)
        return None
    return settings.dashboard_url or target.resolve().as_uri()


def _tidy(settings: Settings, warehouse: Warehouse, now: datetime, run_id: str) -> None:
    """Remove old runs from landing. Everything is published by now: if this fails, the next run tries again."""
    try:
        for run_id in remove_old(settings.landing, warehouse, now, settings.landing_days):
            age = counted(settings.landing_days, "day")
            log.info("run %s: its landed pages are older than %s, and removed", run_id, age)
    except (OSError, GlancebackError) as exc:
        log.warning("%s: old runs cannot be removed (%s)", settings.landing, exc)
    keep_small(warehouse, now, run_id)
