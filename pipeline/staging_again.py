"""Stages what landing has of a listing, once more and whole. Called by the replay, and by a load that needs it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.errors import GlancebackError
from core.storage import Place
from extract.body import parse_page, usable_id
from extract.images import Json
from extract.landing import LandedAt, landed_pages
from transform.batch import flatten
from transform.stage import StagedListing, StageWriter


def staged_again(pages: Place, listing: str, folder: Path) -> StagedListing:
    """The listing's landed pages, flattened again into `folder`, which is made.

    Raises: GlancebackError if a page cannot be read.
    """
    folder.mkdir()
    with StageWriter(folder, listing) as writer:
        for images, landed_at in _pages_again(pages):
            writer.write(flatten(images), landed_at)
    return writer.staged


def _pages_again(folder: Place) -> Iterator[tuple[Sequence[Json], LandedAt]]:
    """The images that were taken from the landed pages: without those after the image where its part ended."""
    with readable(folder):
        for page, body in landed_pages(folder):
            images = parse_page(body, f"{folder / page.file}").images
            yield _up_to(page.until, images), page.landed_at


@contextmanager
def readable(folder: Place) -> Iterator[None]:
    """Inside, the pages in the folder are read. Raises: GlancebackError if they cannot be."""
    try:
        yield
    except (OSError, ValueError) as exc:
        raise GlancebackError(
            f"the pages in {folder} cannot be read ({exc})", "Restore them, or move their run's folder out of landing."
        ) from exc


def _up_to(until: str | None, images: Sequence[Json]) -> Sequence[Json]:
    """The images up to the image `until`, if it is among them: another reader took those after it."""
    if until is not None:
        for position, identity in enumerate(map(usable_id, images)):
            if identity == until:
                return images[: position + 1]
    return images
