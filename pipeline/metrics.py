"""Metrics for Prometheus, from the published copy: for `status --format prometheus`, and a file after each run.

Names, units and help follow Prometheus' conventions: times are timestamps in seconds, so that a file that nobody writes
any more shows its age. Called by pipeline.run and cli.status.
"""

import logging
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from core.errors import SettingsError
from core.permissions import make_folder
from core.wording import reason
from load.living_runs import died
from load.published import ask
from load.statements import statement
from pipeline.settings import VERSION, Settings

log = logging.getLogger(__name__)

_READABLE_BY_ALL: Final = 0o644

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric, a gauge. `labels` are the names of its labels."""

    name: str
    help: str
    labels: tuple[str, ...] = ()


_CLOUD, _LISTING, _MODE, _RUN = ("cloud",), ("cloud", "listing"), ("mode",), ("cloud", "mode")

METRICS: Final = (
    Metric("glanceback_build_info", "The version of glanceback that wrote these metrics.", ("version",)),
    Metric("glanceback_up", "Whether the last run that had to read the cloud read and loaded everything.", _CLOUD),
    Metric(
        "glanceback_last_full_reading_timestamp_seconds",
        "When all of the cloud was last read in full: the oldest of its listings' last full readings; 0: never.",
        _CLOUD,
    ),
    Metric("glanceback_images", "Images of the cloud, each counted once.", _CLOUD),
    Metric("glanceback_images_bytes", "Size of the cloud's images, each counted once.", _CLOUD),
    Metric("glanceback_unlisted_images", "Images that no listing shows, and that still answer by id.", _CLOUD),
    Metric("glanceback_withheld_deletions", "Images whose deletion is withheld.", ("cloud", "reason")),
    Metric("glanceback_listing_images", "Images in the listing. An image may be in several.", _LISTING),
    Metric("glanceback_listing_images_bytes", "Size of the images in the listing.", _LISTING),
    Metric(
        "glanceback_listing_last_full_reading_timestamp_seconds",
        "Start of the last full run that read the listing to its end; 0: never.",
        _LISTING,
    ),
    Metric("glanceback_last_run_images", "What the cloud's last run of the mode found.", ("cloud", "mode", "outcome")),
    Metric("glanceback_last_run_rejected_values", "Values and images that did not fit their columns.", _RUN),
    Metric("glanceback_last_run_requests", "Requests for pages of listings, including repeated ones.", _RUN),
    Metric("glanceback_last_run_retries", "Requests for pages that failed and were repeated.", _RUN),
    Metric("glanceback_last_run_pages", "Pages that were read.", _RUN),
    Metric("glanceback_last_run_received_bytes", "Size of the pages that were read, uncompressed.", _RUN),
    Metric("glanceback_last_run_reading_seconds", "Time that the cloud's slowest listing took to read.", _RUN),
    Metric("glanceback_last_run_success", "Whether the last run of the mode completed.", _MODE),
    Metric("glanceback_last_run_start_timestamp_seconds", "Start of the last run of the mode that has ended.", _MODE),
    Metric("glanceback_last_run_end_timestamp_seconds", "End of the last run of the mode; 0: it died.", _MODE),
    Metric("glanceback_last_run_duration_seconds", "Duration of the last run of the mode; absent if it died.", _MODE),
    Metric(
        "glanceback_sync_success",
        "Whether the run that wrote this file completed; 0: it failed, in whole or in part. Only in a run's file.",
    ),
    Metric("glanceback_sync_end_timestamp_seconds", "End of the run that wrote this file. Only in a run's file."),
)
_OUTCOMES: Final = ("new", "changed", "unchanged", "deleted", "returned")
_OF_A_RUN: Final = {
    "glanceback_last_run_rejected_values": "rejected",
    "glanceback_last_run_requests": "requests",
    "glanceback_last_run_retries": "retries",
    "glanceback_last_run_pages": "pages",
    "glanceback_last_run_received_bytes": "bytes",
    "glanceback_last_run_reading_seconds": "seconds",
}

Samples = dict[str, list[tuple[tuple[str, ...], float]]]


def exposition(settings: Settings, clouds: Sequence[str] = (), *, now: datetime | None = None) -> str:
    """What the published copy shows, in Prometheus' text format; of all clouds, or of these.

    Raises: SettingsError if there is no published copy, or it was made by an older glanceback.
    """
    return _text(_samples(settings, clouds, now or _now()))


def write_metrics(settings: Settings, *, completed: bool) -> None:
    """Write the file of the setting `metrics`, in one step, after a run that completed, or did not.

    Never raises: all that matters is loaded by now. If there is no usable published copy, the file says only how the
    run ended.
    """
    try:
        target = settings.metrics
    except SettingsError as exc:
        log.warning("no metrics are written: %s", exc)
        return
    if target is None:
        return
    now = _now()
    try:
        try:
            samples = _samples(settings, (), now)
        except SettingsError as exc:
            log.info("the metrics have no figures of the catalogue (%s)", exc.what)
            samples = {"glanceback_build_info": [((VERSION,), 1)]}
        samples["glanceback_sync_success"] = [((), float(completed))]
        samples["glanceback_sync_end_timestamp_seconds"] = [((), _seconds(now))]
        _replace(target, _text(samples).encode())
    except OSError as exc:
        log.warning("the metrics %s cannot be written (%s)", target, reason(exc))
    except Exception as exc:
        log.warning("the metrics %s are not written: %s", target, exc, exc_info=exc)


def _replace(target: Path, content: bytes) -> None:
    """Readers see the previous file, or this one. node_exporter's user may read it whatever our umask is."""
    make_folder(target.parent)
    # node_exporter reads only *.prom.
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".unfinished")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        unfinished = Path(name)
        unfinished.chmod(_READABLE_BY_ALL)
        unfinished.replace(target)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _text(samples: Samples) -> str:
    from prometheus_client import CollectorRegistry, generate_latest  # slow to import
    from prometheus_client.core import GaugeMetricFamily

    families = []
    for metric in METRICS:
        if metric.name in samples:
            family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
            for labels, value in samples[metric.name]:
                family.add_metric(labels, value)
            families.append(family)
    registry = CollectorRegistry()
    registry.register(_Collected(families))
    return generate_latest(registry).decode()


class _Collected:
    """What prometheus_client collects."""

    def __init__(self, families: Sequence[Any]) -> None:
        self._families = families

    def collect(self) -> Iterable[Any]:
        return self._families


def _samples(settings: Settings, clouds: Sequence[str], now: datetime) -> Samples:
    dead = died(settings.home, anywhere=isinstance(settings.warehouse, Path))
    status = {row["cloud"]: row for row in _rows(settings, "queries", "status", now=now)}
    never_read = [cloud.name for cloud in settings.clouds if cloud.estate is None and cloud.name not in status]
    # No run reads them any more, so an alert on their age would never end.
    gone = {row["cloud"] for row in _rows(settings, "reading", "earlier_clouds") if row["is_gone"]}
    shown = [name for name in (*status, *never_read) if name not in gone and (not clouds or name in clouds)]
    found: Samples = {"glanceback_build_info": [((VERSION,), 1)]}

    def add(name: str, labels: tuple[str, ...], value: Any) -> None:
        if value is not None:
            found.setdefault(name, []).append((labels, float(value)))

    sizes = {row["cloud"]: row for row in _rows(settings, "metrics", "clouds")}
    for cloud in shown:
        there = sizes.get(cloud, {})
        found_of_cloud = status.get(cloud, {})
        withheld, to_decide = found_of_cloud.get("withheld", 0), found_of_cloud.get("to_decide", 0)
        last_good_at = _seconds(found_of_cloud.get("last_good_at"))
        add("glanceback_last_full_reading_timestamp_seconds", (cloud,), last_good_at)
        add("glanceback_images", (cloud,), there.get("images", 0))
        add("glanceback_images_bytes", (cloud,), there.get("bytes", 0))
        add("glanceback_unlisted_images", (cloud,), there.get("unlisted", 0))
        add("glanceback_withheld_deletions", (cloud, "too_many"), to_decide)
        add("glanceback_withheld_deletions", (cloud, "no_answer"), withheld - to_decide)
    for row in _of_clouds(_rows(settings, "metrics", "listings"), shown):
        labels = (row["cloud"], row["listing"])
        add("glanceback_listing_images", labels, row["images"])
        add("glanceback_listing_images_bytes", labels, row["bytes"])
        add("glanceback_listing_last_full_reading_timestamp_seconds", labels, _seconds(row["last_full_at"]))
    good = dict.fromkeys(never_read, False)
    for row in _of_clouds(_rows(settings, "metrics", "last_cloud_runs", dead=dead), shown):
        labels = (row["cloud"], row["mode"])
        if row["is_last"]:
            good[row["cloud"]] = row["is_good"]
        for outcome in _OUTCOMES:
            add("glanceback_last_run_images", (*labels, outcome), row[outcome])
        for name, column in _OF_A_RUN.items():
            add(name, labels, row[column])
    for cloud in shown:
        add("glanceback_up", (cloud,), good.get(cloud))
    for row in _rows(settings, "metrics", "last_runs", dead=dead):
        mode = (row["mode"],)
        add("glanceback_last_run_success", mode, row["status"] == "completed")
        add("glanceback_last_run_start_timestamp_seconds", mode, _seconds(row["started_at"]))
        add("glanceback_last_run_end_timestamp_seconds", mode, _seconds(row["finished_at"]))
        if row["finished_at"] is not None:
            duration = (row["finished_at"] - row["started_at"]).total_seconds()
            add("glanceback_last_run_duration_seconds", mode, duration)
    return found


def _of_clouds(rows: Iterable[Row], clouds: Sequence[str]) -> Iterator[Row]:
    return (row for row in rows if row["cloud"] in clouds)


def _rows(settings: Settings, folder: str, name: str, **parameters: object) -> list[Row]:
    answer = ask(settings.published, statement(folder, name).text, parameters)
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows()]


def _seconds(time: datetime | None) -> float:
    """Seconds since 1970 of a time in UTC; 0 for none."""
    return time.replace(tzinfo=UTC).timestamp() if time is not None else 0.0


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
