"""Logs in to each cloud of a run, reads it and loads it; a cloud that fails does not stop the others.

Called by pipeline.run. Sessions are opened concurrently; listings are read as soon as their session is open; clouds
are loaded one after the other.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from core.errors import GlancebackError, SettingsError, WarehouseError, WrongClock, unexpected
from extract.account import CloudSettings
from load.clouds import CloudPlace, keep_cloud, mark_gone
from load.earlier_runs import remembered_dialect
from load.runs import BrokenOff, Run, fail_target
from load.warehouse import Warehouse
from pipeline.cloud_loading import Loaded, load_cloud, record_failure
from pipeline.cloud_reading import CloudReading
from pipeline.estates import CloudsToRead
from pipeline.memory import give_back
from pipeline.report import CloudReport, cloud_report
from pipeline.second_pass import read_again
from pipeline.session import Session, open_session_for_run
from pipeline.settings import Settings
from pipeline.shared_listings import SharedListings
from pipeline.steps import Step, StepRun, Steps

log = logging.getLogger(__name__)

_OPEN_SESSION = Step(open_session_for_run, "log in", "log in to {settings.name}")
_READ_AGAIN = Step(read_again, "second pass", "second pass over {session.name}")
_LOAD_CLOUD = Step(load_cloud, "load", "load {session.name}")


@dataclass(slots=True)
class RunOfClouds:
    """What all clouds of a run have in common. `broken`: the run that this one resumes."""

    settings: Settings
    warehouse: Warehouse
    run: Run
    steps: Steps
    accept_deletions: bool
    broken: BrokenOff | None
    _shared: SharedListings = field(init=False)

    def __post_init__(self) -> None:
        self._shared = SharedListings(self.settings.landing, self.run)

    def read_and_load(self, to_read: CloudsToRead) -> list[CloudReport]:
        """Return a report of each cloud, in the order of `to_read.names`.

        Raises: SettingsError if no session could be opened because of the settings; WrongClock if none could be opened,
        and our clock and a cloud's differ too much; WarehouseError if not even a failure can be recorded.
        """
        readings, failed = self._read(to_read.clouds)
        failed |= to_read.failed
        _must_be_readable(failed, len(to_read.names))
        reports = {name: self._report_failure(name, error) for name, error in failed.items()}
        mark_gone(self.warehouse, to_read.gone, self.run.started_at)
        reports |= {reading.session.name: self._load(reading) for reading in readings}
        return [reports[name] for name in to_read.names]

    def _read(self, clouds: Sequence[CloudSettings]) -> tuple[list[CloudReading], dict[str, BaseException]]:
        """The readings of all clouds with a session (the last stage may still run), and why others have none."""
        opening = {
            self.steps.submit(
                _OPEN_SESSION, settings=cloud, remembered=remembered_dialect(self.warehouse, cloud.name)
            ): cloud
            for cloud in clouds
        }
        readings: list[CloudReading] = []
        failed: dict[str, BaseException] = {}
        waiting: set[StepRun[Any]] = set(opening)
        while waiting:
            done = self.steps.first_done(waiting)
            waiting.remove(done)
            if done not in opening:
                for reading in readings:
                    waiting |= reading.go_on(done)
                continue
            session = done.outcome()
            if isinstance(session, Session):
                keep_cloud(self.warehouse, _place(session), self.run.started_at)
                left_out = self._shared.left_to(session)
                reading = CloudReading(
                    self.settings, self.warehouse, self.run, session, self.broken, self.steps, left_out
                )
                readings.append(reading)
                waiting |= reading.go_on()
            else:
                failed[opening[done].name] = session
        return readings, failed

    def _load(self, reading: CloudReading) -> CloudReport:
        session, outcomes = reading.session, reading.outcomes()
        landing = self.settings.landing
        for listing in reading.left_out:
            outcomes.append(self._shared.taken(session, listing) or reading.read_after_all(listing))
        order = [listing.name for listing in session.listings]
        outcomes.sort(key=lambda outcome: order.index(outcome.listing))
        if self.run.mode == "full":
            again = self.steps.run(
                _READ_AGAIN,
                session=session,
                landing=landing,
                run=self.run,
                # Also the listings that another cloud read: an image may have moved there meanwhile.
                stages=reading.stages_with_left_out,
                outcomes=outcomes,
            )
            if isinstance(again, BaseException):
                raise again
            outcomes = again
        self._shared.hand_out(session, outcomes)
        give_back()
        loaded = self.steps.run(
            _LOAD_CLOUD,
            warehouse=self.warehouse,
            session=session,
            run=self.run,
            outcomes=outcomes,
            guard=self.settings.guard,
            landing=landing,
            accept_deletions=self.accept_deletions,
        )
        session.connection.client.close()
        if isinstance(loaded, Loaded):
            return cloud_report(session.name, outcomes, loaded.counts, loaded.error, loaded.to_decide)
        return self._report_failure(session.name, loaded)

    def _report_failure(self, cloud: str, error: BaseException) -> CloudReport:
        """The report of a cloud of which nothing was loaded."""
        if isinstance(error, GlancebackError):
            text = str(error)
            log.error("%s", text)
        else:
            text = f"cloud {cloud}: {unexpected(error)}"
            log.error("%s", text, exc_info=error)
        if isinstance(error, WarehouseError):
            # Not in run_clouds: landing keeps pages for a replay only if they are not recorded there.
            with suppress(WarehouseError):
                fail_target(self.warehouse, self.run, cloud, text)
        else:
            record_failure(self.warehouse, self.run, cloud, text, self.settings.landing)
        return CloudReport(cloud, "failed", text)


def _place(session: Session) -> CloudPlace:
    scope, connection = session.settings.scope, session.connection
    return CloudPlace(
        cloud=session.name,
        settings_name=scope.estate if scope else session.name,
        region=connection.region,
        project_id=session.project_id,
        project_name=connection.project_name or (scope.project.name if scope else None),
        domain=scope.project.domain if scope else None,
        endpoint=connection.endpoint,
        dialect=session.api_probe.dialect,
    )


def _must_be_readable(failed: Mapping[str, BaseException], clouds: int) -> None:
    """Raises: WrongClock or SettingsError, if that is the reason why none of the clouds can be read."""
    if len(failed) < clouds:
        return
    for error in failed.values():
        if isinstance(error, WrongClock):
            raise error
    misconfigured = [error for error in failed.values() if isinstance(error, SettingsError)]
    if len(misconfigured) == clouds:
        raise misconfigured[0]
