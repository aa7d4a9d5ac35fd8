"""The current published copy, and its snapshots that are open. When the file is replaced, the new file is opened.

A replaced file stays readable while it is open: requests that have begun finish with it; then it is closed. Called by
`server`, from several threads.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

import duckdb

from api.refusal import Refusal
from api.snapshot import Snapshot, View, asked, attached
from api.texts import Texts
from core.errors import SettingsError
from extract.listing import OPENSTACK
from load.timestamps import timestamp_of

_MOST_SNAPSHOTS: Final = 4
_MOST_TIMES: Final = 1_000
_NOW: Final = datetime.max.replace(microsecond=0)  # noqa: DTZ901 - like all our times: UTC, without a zone
"""Later than every run."""


class _Closed(Exception):
    """The copy was replaced: use the new one."""


@dataclass(slots=True)
class _Open:
    snapshot: Snapshot
    users: int = 0
    is_dropped: bool = False


@dataclass(frozen=True, slots=True)
class _Cloud:
    first_read_at: datetime | None
    project_id: str | None


class Copy:
    """One file, while it is the published copy."""

    def __init__(
        self, published: Path, mark: tuple[int, ...], projects: Mapping[str, str], landing: Path | None
    ) -> None:
        """Raises: duckdb.Error."""
        self.mark = mark
        self._published = published
        self._texts = Texts(landing)
        self._connection = attached(published)
        self._lock = threading.Lock()
        self._is_closed = False
        self._open: OrderedDict[tuple[str, datetime], _Open] = OrderedDict()
        self._views: OrderedDict[tuple[str, datetime], View] = OrderedDict()
        try:
            self._clouds = {
                cloud: _Cloud(first_read_at, projects.get(cloud, project_id))
                for cloud, first_read_at, project_id in asked(self._connection, "clouds")
            }
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the snapshots that are not in use; the others are closed after their last use."""
        with self._lock:
            self._is_closed = True
            self._drop(0)
            self._connection.close()

    @contextmanager
    def snapshot(self, cloud: str | None, when: str | None) -> Iterator[Snapshot]:
        """The cloud's images at `when`, open until the end of the block.

        Raises: Refusal, 404, if the cloud or the time is unknown; _Closed.
        """
        with self._lock:
            if self._is_closed:
                raise _Closed
            held = self._held(self._view(cloud, when))
            held.users += 1
        try:
            yield held.snapshot
        finally:
            with self._lock:
                held.users -= 1
                if held.is_dropped and not held.users:
                    held.snapshot.close()

    def _held(self, view: View) -> _Open:
        key = (view.cloud, view.changed_at)
        held = self._open.get(key)
        if held is None:
            self._drop(_MOST_SNAPSHOTS - 1)
            snapshot = Snapshot(self._published, view, self._texts)
            if _mark(self._published) != self.mark:
                # It may have opened the file that replaced ours, in which a row has another number.
                snapshot.close()
                raise _Closed
            held = self._open[key] = _Open(snapshot)
        self._open.move_to_end(key)
        return held

    def _drop(self, most: int) -> None:
        """Drop the least recently used snapshots, so that at most `most` are left."""
        while len(self._open) > most:
            _, held = self._open.popitem(last=False)
            held.is_dropped = True
            if not held.users:
                held.snapshot.close()

    def _view(self, name: str | None, when: str | None) -> View:
        name, cloud = self._cloud(name)
        at = _NOW if when is None else self._at(when)
        known = self._views.get((name, at))
        if known is not None:
            return known
        ((changed_at,),) = asked(self._connection, "last_change", cloud=name, at=at)
        changed_at = changed_at or cloud.first_read_at
        if changed_at is None or cloud.first_read_at is None or changed_at > at:
            began = f" begins at {cloud.first_read_at:%Y-%m-%dT%H:%M:%S} UTC" if cloud.first_read_at else " is empty"
            raise Refusal(404, f"There is nothing of cloud {name} at {when}: its history{began}.")
        ((dialect,),) = asked(self._connection, "dialect", cloud=name, at=at)
        view = View(name, dialect or OPENSTACK, cloud.project_id, at, changed_at)
        self._views[name, at] = view
        if len(self._views) > _MOST_TIMES:
            self._views.popitem(last=False)
        return view

    def _cloud(self, name: str | None) -> tuple[str, _Cloud]:
        if name is None and len(self._clouds) == 1:
            name = next(iter(self._clouds))
        if name is None:
            known = ", ".join(f"/cloud/{quote(cloud, safe='')}" for cloud in self._clouds) or "none yet"
            raise Refusal(404, f"Name a cloud in the path. There are: {known}.")
        if name not in self._clouds:
            raise Refusal(404, f"There is no cloud {name}. There are: {', '.join(self._clouds) or 'none yet'}.")
        return name, self._clouds[name]

    def _at(self, when: str) -> datetime:
        try:
            return timestamp_of(when, self._start_of_run, datetime.now(UTC).replace(tzinfo=None))
        except SettingsError as exc:
            raise Refusal(404, str(exc)) from exc

    def _start_of_run(self, run_id: str) -> datetime:
        rows = asked(self._connection, "run_start", run_id=run_id)
        if not rows:
            raise SettingsError(f"there is no run {run_id}", "See glanceback runs.")
        started_at: datetime = rows[0][0]
        return started_at


class Copies:
    """The published copy that the settings name, and landing, if it is a folder of this machine.

    `projects`: the project id of each cloud for which the settings have one.
    """

    def __init__(self, published: Path, projects: Mapping[str, str], landing: Path | None = None) -> None:
        self._published = published
        self._projects = projects
        self._landing = landing
        self._lock = threading.Lock()
        self._copy: Copy | None = None

    @contextmanager
    def snapshot(self, cloud: str | None, when: str | None) -> Iterator[Snapshot]:
        """The cloud's images at `when`, from the current copy, open until the end of the block.

        Raises: Refusal: 404 if the cloud or the time is unknown; 503 if there is no readable copy.
        """
        with ExitStack() as stack:
            while True:
                with suppress(_Closed):
                    snapshot = stack.enter_context(self._current().snapshot(cloud, when))
                    break
            yield snapshot

    def close(self) -> None:
        with self._lock:
            self._close_copy()

    def _current(self) -> Copy:
        with self._lock:
            try:
                mark = _mark(self._published)
                if self._copy is None or self._copy.mark != mark:
                    self._close_copy()
                    self._copy = Copy(self._published, mark, self._projects, self._landing)
            except OSError as exc:
                raise Refusal(503, "There is no published copy yet: run glanceback sync.") from exc
            except duckdb.Error as exc:
                raise Refusal(503, "The published copy cannot be read: run glanceback publish.") from exc
            return self._copy

    def _close_copy(self) -> None:
        if self._copy is not None:
            self._copy.close()
            self._copy = None


def _mark(published: Path) -> tuple[int, ...]:
    """What differs for each file that is published there."""
    found = published.stat()
    return (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)
