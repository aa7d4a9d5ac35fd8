"""The `replay` command: rebuilds the history from the raw pages in landing, run by run, in one transaction.

For each cloud, it finds the first run from which on landing has all pages, removes the history from there on, and loads
it again with today's dictionary. Older history stays. If landing does not have a cloud's last runs, because another
machine read it with a landing of its own, the cloud stays as it is.
"""

import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

from core import storage
from core.errors import SettingsError
from core.permissions import keep_to_owner
from core.storage import Place
from extract.body import image_hash_of, parse_json, usable_id
from extract.images import Images, Json
from extract.landing import LandedAt, landed_lines, landed_pages, listing_folder
from load.end_of_life import load_their_dates
from load.merge import UNLISTED, CloudRun, ListingOutcome, find_missing_within, merge_within
from load.missing import decide_in_replay
from load.publish import publish
from load.records import KeptCloudRun, KeptRun, kept_cloud_runs, kept_runs
from load.retirement import Rename, kept_renames, kept_retirements, name_today, retire_within
from load.runs import begin_run, finish_run
from load.schema import bring_up_to_date
from load.warehouse import Warehouse
from pipeline.missing_images import IMAGES_AT_ONCE
from pipeline.report import why_failed
from pipeline.settings import VERSION, Settings
from pipeline.staging_again import readable, staged_again
from transform.batch import flatten
from transform.stage import StagedListing, StageWriter

log = logging.getLogger(__name__)

_TAKEN_BACK: Final = (
    *("remove_later_versions", "reopen_versions", "remove_later_memberships", "reopen_memberships"),
    *("remove_later_missed", "remove_later_unlisted", "remove_later_withheld", "remove_later_late_ends"),
    *("forget_later_answers", "restate_versions"),
)


@dataclass(frozen=True, slots=True)
class Replayed:
    """`since`: the start of the first run that was loaded again, UTC. `cloud_runs`: the number of run-cloud pairs."""

    since: datetime
    runs: int
    cloud_runs: int


def replay(settings: Settings) -> Replayed:
    """Rebuild the history for which landing has the pages, and publish it.

    Raises: SettingsError if landing has no run to load; GlancebackError if a page cannot be read; WarehouseError. Then
    the history does not change.
    """
    keep_to_owner()
    opened = Warehouse(settings.warehouse, settings.lock_wait_seconds, settings.load_memory_mb)
    with opened as warehouse, ExitStack() as until_the_end:
        bring_up_to_date(warehouse, VERSION)
        load_their_dates(warehouse, settings.end_of_life)
        runs = unbroken(warehouse, settings.landing)
        if not runs:
            raise _nothing_to_load(warehouse, settings.landing)
        run = begin_run(warehouse, "replay", VERSION, home=settings.home, until=until_the_end)
        try:
            warehouse.atomically(lambda: _rebuild(warehouse, settings.landing, runs))
        except BaseException as exc:
            finish_run(warehouse, run, "failed", why_failed(exc))
            raise
        finish_run(warehouse, run, "completed")
        publish(warehouse, settings.published, anew=True)
    return Replayed(runs[0][0].started_at, len(runs), sum(len(cloud_runs) for _, cloud_runs in runs))


def _rebuild(warehouse: Warehouse, landing: Place, runs: "_Runs") -> None:
    load_all_again(warehouse, landing, runs)
    kept = kept_runs(landing)
    renames = kept_renames(warehouse, kept)
    for run in kept:  # also those that loaded nothing: a lost warehouse had them
        _restore_run(warehouse, run, renames)


def _nothing_to_load(warehouse: Warehouse, landing: Place) -> SettingsError:
    """Why no run can be loaded again: landing has no pages, or later runs have their pages elsewhere."""
    loaded = sorted((at, run_id, cloud) for run_id, cloud, at in warehouse.rows("replay", "loaded_cloud_runs"))
    if not kept_runs(landing) or not loaded:
        return SettingsError(
            f"{landing} does not have a run that can be loaded again",
            "Landing keeps runs for landing_days. Check that landing is the right folder.",
        )
    at, run_id, cloud = loaded[-1]
    return SettingsError(
        f"no run in {landing} can be loaded again: run {run_id} of cloud {cloud} ({at:%Y-%m-%d %H:%M} UTC) came after "
        "them, and its pages are not there",
        "A replay loads all runs of a cloud from the first one on. If several machines read one cloud, let them use "
        "one landing, or copy their runs' folders into this one.",
    )


def load_all_again(warehouse: Warehouse, landing: Place, runs: "_Runs") -> None:
    """Remove each cloud's history since its first of the runs, and load the runs again.

    Retirements and renames in between are repeated at the right time. The caller opens the transaction. Raises: as
    replay.
    """
    decided = kept_runs(landing)
    renames = kept_renames(warehouse, decided)
    since = first_starts(runs, renames)
    retirements = [
        one for one in kept_retirements(warehouse, decided) if one.cloud in since and one.retired_at >= since[one.cloud]
    ]
    for kept in decided:
        if kept.run_id in {one.run_id for one in retirements} | {one.run_id for one in renames}:
            _restore_run(warehouse, kept, renames)
    for rename in renames:
        warehouse.run("retire", "add_rename", **asdict(rename))
    _take_back(warehouse, runs, since, renames)
    failed_runs = [kept.run_id for kept, _ in runs if kept.status != "completed"]
    for kept, cloud_runs in runs:
        while retirements and retirements[0].retired_at < kept.started_at:
            retire_within(warehouse, retirements.pop(0))
        _restore_run(warehouse, kept, renames)
        for kept_cloud_run in cloud_runs:
            _load_again(warehouse, landing, kept_cloud_run, failed_runs, renames)
    for retirement in retirements:
        retire_within(warehouse, retirement)


_Runs = list[tuple[KeptRun, list[KeptCloudRun]]]


def unbroken(warehouse: Warehouse, landing: Place) -> _Runs:
    """The runs to load again, oldest first: for each cloud, all runs after the last one that landing cannot rebuild."""
    kept = [(run, kept_cloud_runs(landing, run.run_id, run.nights)) for run in kept_runs(landing)]
    renames = kept_renames(warehouse, [run for run, _ in kept])

    def key(cloud_run: KeptCloudRun) -> tuple[str, str]:
        return cloud_run.run_id, name_today(cloud_run.cloud, cloud_run.started_at, renames)

    whole = {key(cloud_run) for _, cloud_runs in kept for cloud_run in cloud_runs if _has_its_pages(landing, cloud_run)}
    lost: dict[str, tuple[datetime, str]] = {}
    for run_id, cloud, started_at in warehouse.rows("replay", "loaded_cloud_runs"):
        if (run_id, cloud) not in whole:
            lost[cloud] = max(lost.get(cloud, (started_at, run_id)), (started_at, run_id))
    found = []
    for run, cloud_runs in kept:
        present = [
            one for one in cloud_runs
            if key(one) in whole and ((last := lost.get(key(one)[1])) is None or run.started_at > last[0])
        ]  # fmt: skip
        if present:
            found.append((run, present))
    _tell_what_stays(lost, first_starts(found, renames))
    return found


def first_starts(runs: _Runs, renames: Sequence[Rename]) -> dict[str, datetime]:
    """For each cloud, by its name of today, the start (UTC) of the first of the runs that read it."""
    found: dict[str, datetime] = {}
    for run, cloud_runs in runs:
        for cloud_run in cloud_runs:
            found.setdefault(name_today(cloud_run.cloud, cloud_run.started_at, renames), run.started_at)
    return found


def _tell_what_stays(lost: dict[str, tuple[datetime, str]], since: dict[str, datetime]) -> None:
    for cloud, (started_at, run_id) in sorted(lost.items()):
        if since and cloud not in since:
            log.info(
                "cloud %s stays as it is: the pages of run %s (%s UTC) are not here",
                cloud, run_id, f"{started_at:%Y-%m-%d %H:%M}",
            )  # fmt: skip


def _has_its_pages(landing: Place, cloud_run: KeptCloudRun) -> bool:
    """Whether landing has all pages. Raises: GlancebackError if a page differs from what was written."""
    listings = [outcome.listing for outcome in cloud_run.outcomes if outcome.complete]
    for listing in [*listings, UNLISTED] if cloud_run.answered else listings:
        folder = listing_folder(landing, cloud_run.run_id, cloud_run.cloud, listing)
        with readable(folder):
            try:
                lines = list(landed_lines(folder, None if cloud_run.heads is None else cloud_run.heads[listing]))
            except (FileNotFoundError, NotADirectoryError):
                return False
            except KeyError:
                raise ValueError(f"the cloud's record has no head of {listing}") from None
            if not {line.file for line in lines} <= storage.files_of(folder):
                return False
    return True


def _take_back(warehouse: Warehouse, runs: _Runs, since: dict[str, datetime], renames: Sequence[Rename]) -> None:
    """Return the history of each cloud to what it was before the first of its runs."""
    for cloud, started_at in since.items():
        for name in _TAKEN_BACK:
            warehouse.run("replay", name, cloud=cloud, since=started_at)
    for _, cloud_runs in runs:
        for cloud_run in cloud_runs:
            for name in ("remove_run_listings", "remove_run_clouds", "remove_rejects"):
                cloud = name_today(cloud_run.cloud, cloud_run.started_at, renames)
                warehouse.run("replay", name, run_id=cloud_run.run_id, cloud=cloud)


def _restore_run(warehouse: Warehouse, kept: KeptRun, renames: Sequence[Rename]) -> None:
    warehouse.run(
        "replay", "restore_run", run_id=kept.run_id, started_at=kept.started_at, finished_at=kept.finished_at,
        mode=kept.mode, status=kept.status, version=kept.version,
    )  # fmt: skip
    for target in kept.targets:
        facts = {"is_whole": target.is_whole, "error": target.error}
        cloud = name_today(target.cloud, kept.started_at, renames)
        warehouse.run("replay", "restore_run_target", run_id=kept.run_id, cloud=cloud, **facts)


def _load_again(
    warehouse: Warehouse, landing: Place, kept: KeptCloudRun, failed_runs: Sequence[str], renames: Sequence[Rename]
) -> None:
    """Load one cloud of a run. `failed_runs`: their loads may have failed, so later runs did not know their images."""
    with tempfile.TemporaryDirectory(prefix=".replay-", dir=landing if storage.is_local(landing) else None) as folder:
        outcomes = [_staged(landing, kept, outcome, Path(folder)) for outcome in kept.outcomes]
        cloud = name_today(kept.cloud, kept.started_at, renames)
        cloud_run: CloudRun = replace(kept.cloud_run(outcomes), cloud=cloud, landed_as=kept.cloud)
        unlisted = _unlisted(landing, kept, Path(folder))
        decisions = kept.decisions
        if failed_runs:
            unknown = warehouse.rows("replay", "seen_by_failed_runs", cloud=cloud, failed_runs=failed_runs)
            missing = find_missing_within(warehouse, cloud_run)
            decisions = decide_in_replay(missing, decisions, {identity for (identity,) in unknown})
        merge_within(warehouse, cloud_run, decisions, unlisted=unlisted, error=kept.error)
    log.info("run %s, cloud %s: loaded again", kept.run_id, kept.cloud)


def _staged(landing: Place, kept: KeptCloudRun, outcome: ListingOutcome, folder: Path) -> ListingOutcome:
    """The outcome with its images flattened again; an incomplete outcome is returned unchanged."""
    if not outcome.complete:
        return outcome
    pages = listing_folder(landing, kept.run_id, kept.cloud, outcome.listing)
    return replace(outcome, staged=staged_again(pages, outcome.listing, folder / outcome.listing))


def _unlisted(landing: Place, kept: KeptCloudRun, folder: Path) -> StagedListing | None:
    """The answers of images that no listing showed but that answered by id; None if there were none."""
    if not kept.answered:
        return None
    (folder / UNLISTED).mkdir()
    pages = listing_folder(landing, kept.run_id, kept.cloud, UNLISTED)
    answers = (answer for answer in _answers_again(pages) if usable_id(answer[1]) in kept.answered)
    with StageWriter(folder / UNLISTED, UNLISTED) as writer:
        while several := list(islice(answers, IMAGES_AT_ONCE)):
            places, images, hashes = zip(*several, strict=True)
            writer.write(flatten(Images.of(images).with_hashes(hashes)), places)
    return writer.staged


def _answers_again(folder: Place) -> Iterator[tuple[LandedAt, Json, str]]:
    """For each answer, its place in landing, the image, and the image's hash."""
    with readable(folder):
        for page, body in landed_pages(folder):
            yield page.landed_at, parse_json(body, f"{folder / page.file}"), image_hash_of(body)
