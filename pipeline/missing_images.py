"""Asks a cloud for each image that a run missed, keeps those that still answer, and decides about the others."""

import logging
import shlex
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

from core import storage
from core.errors import CloudError
from core.storage import Place
from core.wording import counted
from extract.body import image_hash_of
from extract.confirmation import Confirmation, confirm
from extract.images import Images, Json
from extract.landing import LISTING_PATH, LandedAt, Landing, ReadingStart, listing_folder
from extract.parts import WHOLE
from extract.request import Answer
from load.guard import Guard, suspicious
from load.merge import UNLISTED, CloudRun
from load.missing import Decisions, Missing, decide
from pipeline.session import Session
from transform.batch import flatten
from transform.stage import StagedListing, StageWriter

log = logging.getLogger(__name__)

IMAGES_AT_ONCE = 200
"""Answers per batch: a batch of one image needs as much memory as a batch of many."""


NAMES_SHOWN: Final = 5
_LONGEST_NAME: Final = 60

Names = Callable[[Iterable[str]], list[str]]
"""Returns the first NAMES_SHOWN names of these images, sorted."""


@dataclass(frozen=True, slots=True)
class Decided:
    """`unlisted`: the answers of images that are still there. `error`: what is withheld, and what to do."""

    decisions: Decisions
    unlisted: StagedListing | None
    error: str | None


@contextmanager
def decided(
    session: Session,
    cloud_run: CloudRun,
    missing: Missing,
    guard: Guard,
    landing: Place,
    accepted: bool,
    names: Names,
) -> Iterator[Decided]:
    """Ask for the missing images, and decide. Inside, the answers of those that are still there are staged.

    Raises: CloudError if the answers cannot be written; Stopped.
    """
    too_many = {} if accepted else suspicious(missing, guard)
    withheld = frozenset().union(*too_many.values())
    with _Unlisted(landing, cloud_run, session.api_probe.started_at) as answers:
        asked = {identity: missing.controls_of(identity) for identity in missing.ids - withheld}
        said = confirm(session.connection, asked, answers.keep)
        yield _decide(session.name, missing, too_many, said, answers.finished(), accepted, names)


def _decide(
    cloud: str,
    missing: Missing,
    too_many: dict[str, frozenset[str]],
    said: Confirmation,
    unlisted: StagedListing | None,
    accepted: bool,
    names: Names,
) -> Decided:
    decisions = decide(
        missing,
        too_many=frozenset().union(*too_many.values()),
        gone=said.gone,
        answered=said.there,
        unknown=said.unknown.keys(),
        unaskable=said.unaskable.keys(),
        accepted=accepted,
    )
    _tell(cloud, decisions, said.unaskable)
    return Decided(decisions, unlisted, withheld_message(cloud, too_many, said.unknown, names))


def _tell(cloud: str, decisions: Decisions, unaskable: dict[str, str]) -> None:
    """Log the images that could not be asked for, so that two readings decide about them. No action is needed."""
    for ids, what in (
        (decisions.missed_twice, "ended, confirmed by two complete readings in a row"),
        (decisions.waiting, "not listed any more; they end if the next complete reading confirms it"),
        (decisions.undecided, "not seen, but kept, because not every listing was read to its end"),
    ):
        if ids:
            why = unaskable[min(ids)]
            log.warning(
                "cloud %s: %s: %s (cannot be asked for by id: %s)", cloud, what, counted(len(ids), "image"), why
            )


def withheld_message(
    cloud: str, too_many: dict[str, frozenset[str]], unknown: dict[str, str], names: Names
) -> str | None:
    """What is withheld, why, and what to do; None if nothing is withheld."""
    parts = []
    if too_many:
        listed = ", ".join(f"{len(ids)} of {name} ({_some(ids, names)})" for name, ids in sorted(too_many.items()))
        parts.append(
            f"cloud {cloud}: {listed} vanished at once; their deletion is withheld. "
            "List them all: glanceback sql --query withheld_deletions. "
            f"If they are really gone: glanceback sync --cloud {shlex.quote(cloud)} --accept-deletions."
        )
    if unknown:
        parts.append(
            f"cloud {cloud}: in no listing, but kept, because it is unknown whether they were deleted: "
            f"{counted(len(unknown), 'image')} ({next(iter(unknown.values()))})"
        )
    return " ".join(parts) or None


def _some(ids: frozenset[str], names: Names) -> str:
    first = [name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…" for name in names(ids)]
    left = len(ids) - len(first)
    return ", ".join(first) + (f" and {left} more" if left else "")


class _Unlisted:
    """Lands and stages the answers of images that no listing shows. It creates nothing before the first answer."""

    def __init__(self, landing: Place, cloud_run: CloudRun, started_at: datetime) -> None:
        self._landing = landing
        self._folder = listing_folder(landing, cloud_run.run_id, cloud_run.cloud, UNLISTED)
        self._started_at = started_at
        self._where = f"cloud {cloud_run.cloud}, images not listed"
        self._open = ExitStack()
        self._landed: Landing | None = None
        self._writer: StageWriter | None = None
        self._images: list[Json] = []
        self._hashes: list[str] = []
        self._places: list[LandedAt] = []

    def __enter__(self) -> "_Unlisted":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def keep(self, answer: Answer, image: Json) -> None:
        """Land and stage an answer. Raises: CloudError."""
        with self._writing():
            if self._landed is None:
                self._landed = Landing(self._folder)
                self._open.callback(self._landed.close)
                self._landed.begin(ReadingStart(self._started_at, None))
            page, identity = self._landed.keep(answer), image["id"]
            path = f"{LISTING_PATH}/{quote(identity, safe='')}"
            self._landed.record(page, UNLISTED, WHOLE, answer, {}, [identity], 1, path=path)
            self._images.append(image)
            self._hashes.append(image_hash_of(answer.body))
            self._places.append(self._landed.landed_at(page, answer))
            if len(self._images) == IMAGES_AT_ONCE:
                self._stage()

    def finished(self) -> StagedListing | None:
        """The staged answers; None if there were none. Raises: CloudError."""
        if self._landed is None:
            return None
        with self._writing():
            writer = self._stage()
            writer.__exit__()
            self._landed.must_be_ours()
            self._landed.finish()
        return writer.staged

    def _stage(self) -> StageWriter:
        if self._writer is None:
            beside = self._landing if storage.is_local(self._landing) else None
            place = self._open.enter_context(tempfile.TemporaryDirectory(prefix=f".{UNLISTED}-", dir=beside))
            self._writer = StageWriter(Path(place), UNLISTED)
        self._writer.write(flatten(Images.of(self._images).with_hashes(self._hashes)), self._places)
        self._images, self._hashes, self._places = [], [], []
        return self._writer

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            raise CloudError(
                f"{self._where}: {self._folder} cannot be written ({storage.reason(exc)})",
                "Check that the folder is writable and that the disk has free space.",
            ) from exc
