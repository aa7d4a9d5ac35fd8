"""Removes our old runs from the database of an embedded Prefect server, after `prefect_days`.

Prefect's own vacuum needs hours of a running server; ours lives for one run. This works on the SQLite file itself,
in small transactions, beside a server that may have it open. Runs of other people's flows are left alone.
"""

import contextlib
import logging
import os
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

DATABASE: Final = "prefect.db"
OUR_FLOWS: Final = ("nightly", "changes")

_SECONDS: Final = 5.0
"""The longest time to spend, because a person waits for the command to end. The next run removes the rest."""

_RUNS_AT_ONCE: Final = 50
_WAIT_FOR_LOCK_SECONDS: Final = 2.0
_WORTH_A_VACUUM_BYTES: Final = 16_000_000

_OLD_RUNS: Final = """
    CREATE TEMP TABLE old_run AS
    SELECT flow_run.id AS id FROM flow_run JOIN flow ON flow.id = flow_run.flow_id
    WHERE flow.name IN (?, ?)
      AND coalesce(flow_run.end_time, flow_run.start_time, flow_run.expected_start_time, flow_run.created) < ?
    LIMIT ?
"""
_OF_A_RUN: Final = (
    "DELETE FROM task_run_state WHERE task_run_id IN"
    " (SELECT id FROM task_run WHERE flow_run_id IN (SELECT id FROM old_run))",
    "DELETE FROM task_run WHERE flow_run_id IN (SELECT id FROM old_run)",
    "DELETE FROM flow_run_state WHERE flow_run_id IN (SELECT id FROM old_run)",
    "DELETE FROM flow_run_input WHERE flow_run_id IN (SELECT id FROM old_run)",
    "DELETE FROM log WHERE flow_run_id IN (SELECT id FROM old_run)",
    "DELETE FROM artifact WHERE flow_run_id IN (SELECT id FROM old_run)",
    "DELETE FROM artifact_collection WHERE flow_run_id IN (SELECT id FROM old_run)",
    "CREATE TEMP TABLE old_event AS SELECT DISTINCT event_id AS id FROM event_resources"
    " WHERE resource_id IN (SELECT 'prefect.flow-run.' || id FROM old_run)",
    "DELETE FROM event_resources WHERE event_id IN (SELECT id FROM old_event)",
    "DELETE FROM events WHERE id IN (SELECT id FROM old_event)",
    "DELETE FROM flow_run WHERE id IN (SELECT id FROM old_run)",
    "DROP TABLE old_event",
)
"""Children first. Foreign keys are off: some of them have no index, and each row would search the whole table."""


def forget_old_runs(home: Path, days: int, *, seconds: float = _SECONDS) -> int:
    """Remove our runs that ended more than `days` days ago from the database in `home`; return how many.

    If the database is locked, or has another form, the next run tries again.
    """
    database = home / DATABASE
    if has_other_database() or not database.is_file():
        return 0
    # The form in which Prefect stores its times, in UTC.
    before = f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%d %H:%M:%S}"
    removed, deadline = 0, time.monotonic() + seconds
    try:
        connecting = sqlite3.connect(database, timeout=_WAIT_FOR_LOCK_SECONDS, isolation_level=None)
        with closing(connecting) as connection:
            while time.monotonic() < deadline and (several := _forget_some(connection, before)):
                removed += several
            if removed:
                _shrink(connection)
    except sqlite3.Error as exc:
        log.debug("%s: old runs are not removed this time (%s)", database, exc)
    if removed:
        log.debug("%s: removed %d runs that are more than %d days old", database, removed, days)
    return removed


def has_other_database() -> bool:
    """Whether a setting of Prefect names another database than the file in its home."""
    return any(name.endswith("DATABASE_CONNECTION_URL") and "PREFECT" in name for name in os.environ)


def _forget_some(connection: sqlite3.Connection, before: str) -> int:
    connection.execute("DROP TABLE IF EXISTS old_run")
    connection.execute(_OLD_RUNS, (*OUR_FLOWS, before, _RUNS_AT_ONCE))
    ((several,),) = connection.execute("SELECT count(*) FROM old_run").fetchall()
    if several:
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in _OF_A_RUN:
                connection.execute(statement)
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
    return int(several)


def _shrink(connection: sqlite3.Connection) -> None:
    """Return unused pages to the disk if an older version left many; otherwise SQLite uses them again."""
    (page_bytes,), (unused,), (pages,) = (
        connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_size", "freelist_count", "page_count")
    )
    if unused * page_bytes > _WORTH_A_VACUUM_BYTES and unused * 2 > pages:
        connection.execute("VACUUM")
