"""The clouds of a run: each is logged in to, read, and loaded; one that fails does not stop the others.

Called by pipeline.run. Sessions are opened concurrently; listings are read as soon as their session is open; clouds
are loaded one after the other. Only so many clouds are open at once, however many there are.
"""

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from core.errors import GlancebackError, SettingsError, WarehouseError, WrongClock, unexpected
from extract.account import CloudSettings
from load.clouds import CloudPlace
from load.earlier_runs import remembered_dialect
from load.merge import ListingOutcome
from load.runs import BrokenOff, Run, fail_target
from load.warehouse import Warehouse
from pipeline.cloud_loading import Loaded, load_cloud, place_of, record_failure
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
LOAD_CLOUD = Step(load_cloud, "load", "load {session.name}")


_MOST_LOGINS: Final = 64
"""Clouds that are logged in to at once, or wait to be read. One in a region that is down takes `retry_seconds`."""

_MOST_OPEN: Final = 12
"""Clouds that are read at once: enough to keep the services busy. Memory does not grow with the number of clouds."""

_GIVE_BACK_BYTES: Final = 16_000_000


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
    _to_open: deque[CloudSettings] = field(default_factory=deque)
    _opening: dict[StepRun[Any], CloudSettings] = field(default_factory=dict)
    _opened: deque[Session] = field(default_factory=deque)
    _reading: list[CloudReading] = field(default_factory=list)
    _of_run: dict[StepRun[Any], CloudReading] = field(default_factory=dict)
    _failed: dict[str, BaseException] = field(default_factory=dict)
    _bytes_read: int = 0
    _said: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._shared = SharedListings(self.settings.landing, self.run)

    def read_and_load(self, to_read: CloudsToRead) -> list[CloudReport]:
        """Return a report of each cloud, in the order of `to_read.names`.

        Raises: SettingsError if no session could be opened because of the settings; WrongClock if none could be opened,
        and our clock and a cloud's differ too much; WarehouseError if not even a failure can be recorded.
        """
        self._to_open.extend(to_read.clouds)
        reports: dict[str, CloudReport] = {}
        try:
            while self._to_open or self._opening or self._opened or self._reading:
                self._open_more()
                reading = self._next_to_load()
                if reading is None:
                    self._await_one()
                elif begun := reading.take_over():
                    self._of_run |= dict.fromkeys(begun, reading)
                else:
                    self._reading.remove(reading)
                    reports[reading.session.name] = self._load(reading)
        finally:
            self._shared.forget()
        self._failed |= to_read.failed
        _must_be_readable(self._failed, len(to_read.names))
        for name, error in self._failed.items():
            reports[name] = self._report_failure(name, error, is_gone=name in to_read.gone)
        return [reports[name] for name in to_read.names]

    def _open_more(self) -> None:
        while self._opened and len(self._reading) < _MOST_OPEN:
            reading = CloudReading(
                self.settings,
                self.warehouse,
                self.run,
                self._opened.popleft(),
                self.broken,
                self.steps,
                self._shared,
            )
            self._reading.append(reading)
            self._of_run |= dict.fromkeys(reading.go_on(), reading)
        while self._to_open and len(self._opening) + len(self._opened) < _MOST_LOGINS:
            cloud = self._to_open.popleft()
            remembered = remembered_dialect(self.warehouse, cloud.name)
            self._opening[self.steps.submit(_OPEN_SESSION, settings=cloud, remembered=remembered)] = cloud

    def _next_to_load(self) -> CloudReading | None:
        """A cloud whose readings have ended; None if there is none, or if next stages of others would wait for it."""
        if (
            not self._to_open
            and not self._opened
            and (self._opening or not all(one.is_in_last_stage for one in self._reading))
        ):
            return None
        ended = [one for one in self._reading if one.has_ended]
        ready = next((one for one in ended if not one.waits_for_another), None)
        return ready or (None if self._opening or self._of_run else ended[0])

    def _await_one(self) -> None:
        """Wait until one login or reading has ended, and begin what waited for it."""
        done = self.steps.first_done([*self._opening, *self._of_run])
        if done in self._of_run:
            reading = self._of_run.pop(done)
            self._of_run |= dict.fromkeys(reading.go_on(done), reading)
            return
        cloud, session = self._opening.pop(done), done.outcome()
        if isinstance(session, Session):
            self._opened.append(session)
        else:
            self._failed[cloud.name] = session

    def _load(self, reading: CloudReading) -> CloudReport:
        session, outcomes = reading.session, reading.outcomes()
        needed: frozenset[str] = frozenset()
        landing = self.settings.landing
        try:
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
        finally:
            needed = self._shared.ended(session, outcomes)
        self._give_back(outcomes)
        loaded = self.steps.run(
            LOAD_CLOUD,
            warehouse=self.warehouse,
            session=session,
            run=self.run,
            outcomes=outcomes,
            guard=self.settings.guard,
            landing=landing,
            accept_deletions=self.accept_deletions,
            needed=needed,
        )
        session.connection.client.close()
        if isinstance(loaded, Loaded):
            return cloud_report(session.name, outcomes, loaded.counts, loaded.error, loaded.to_decide)
        return self._report_failure(session.name, loaded, place_of(session))

    def _give_back(self, outcomes: Sequence[ListingOutcome]) -> None:
        """Give memory back before a load, but not after every little cloud: to look for it takes a while."""
        self._bytes_read += sum(outcome.bytes for outcome in outcomes)
        if self._bytes_read >= _GIVE_BACK_BYTES:
            self._bytes_read = 0
            give_back()

    def _report_failure(
        self, cloud: str, error: BaseException, place: CloudPlace | None = None, *, is_gone: bool = False
    ) -> CloudReport:
        """The report of a cloud of which nothing was loaded."""
        if isinstance(error, GlancebackError):
            text = str(error)
            if text not in self._said:  # all clouds of an account that cannot be asked have one error
                log.error("%s", text)
                self._said.add(text)
        else:
            text = f"cloud {cloud}: {unexpected(error)}"
            log.error("%s", text, exc_info=error)
        if isinstance(error, WarehouseError):
            # Not in run_clouds: landing keeps pages for a replay only if they are not recorded there.
            with suppress(WarehouseError):
                fail_target(self.warehouse, self.run, cloud, text)
        else:
            landing = self.settings.landing
            record_failure(self.warehouse, self.run, cloud, text, landing, place=place, is_gone=is_gone)
        return CloudReport(cloud, "failed", text)


def _must_be_readable(failed: Mapping[str, BaseException], clouds: int) -> None:
    """Raises: WrongClock, or SettingsError, where that is why none of so many clouds can be read."""
    if len(failed) < clouds:
        return
    for error in failed.values():
        if isinstance(error, WrongClock):
            raise error
    misconfigured = [error for error in failed.values() if isinstance(error, SettingsError)]
    if len(misconfigured) == clouds:
        raise misconfigured[0]
