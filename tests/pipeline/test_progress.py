"""What people see while listings are read."""

import io
import logging
from types import SimpleNamespace

import pytest
from rich.console import Console

from cli.display import progress
from pipeline.progress import ListingProgress, Watched, listening


def test_progress_tells_pages_images_rate_and_what_is_left() -> None:
    known = ListingProgress("c", "public", 41, 41_000, 100_000, 20.5)
    assert known.told == "41 of 100 pages, 41,000 images, 2,000 a second, 30 s left"
    assert known.share == pytest.approx(0.41)


def test_progress_of_a_listing_never_read_before_claims_no_end() -> None:
    unknown = ListingProgress("c", "public", 3, 3_000, None, 1.0)
    assert unknown.told == "3 pages, 3,000 images, 3,000 a second"
    assert unknown.share is None


def test_listing_that_has_grown_is_not_said_to_be_done() -> None:
    grown = ListingProgress("c", "public", 11, 11_000, 10_000, 1.0)
    assert "left" not in grown.told
    assert grown.share == pytest.approx(0.99)


def test_terminal_shows_a_bar_a_listing() -> None:
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=120)
    with progress(console):
        for pages in range(1, 4):
            Watched("berlin", "public", 4_000).page_was_read(pages, pages * 1_000)
        Watched("berlin", "private", None).page_was_read(1, 7)
    assert "berlin public" in shown.getvalue()
    assert "3 of 4 pages, 3,000 images" in shown.getvalue()
    assert "berlin private" in shown.getvalue()


def test_log_says_now_and_then_how_far_it_is(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[ListingProgress] = []
    clock = iter([0.0, 1.0, 29.0, 31.0, 32.0, 62.0])
    # The module's own name, and not time.monotonic itself: other threads tell the time too.
    monkeypatch.setattr("pipeline.progress.time", SimpleNamespace(monotonic=lambda: next(clock)))
    watched = Watched("berlin", "public", 10_000)
    with caplog.at_level(logging.INFO, logger="pipeline"), listening(heard.append):
        for page in range(1, 6):
            watched.page_was_read(page, page * 1_000)
    assert len(heard) == 5
    assert [record.getMessage().split(": ")[1].split(",")[0] for record in caplog.records] == [
        "3 of 10 pages",
        "5 of 10 pages",
    ]
