"""A reading of a real Glance, replayed from a cassette: fast, and without servers.

No Prefect here: its test harness and an active cassette can hang each other.
"""

from datetime import datetime
from pathlib import Path
from typing import Any, Final

import vcr

from extract.account import CloudSettings
from extract.connection import connect
from extract.landing import Landing, ReadingStart
from extract.listing import listings
from extract.reading import Reading
from tests.extract.conftest import as_it_is

CASSETTES: Final = Path(__file__).resolve().parent.parent / "cassettes"
ENDPOINT: Final = "http://image.example.com"
PROJECT: Final = "0" * 32
PRIVATE: Final = listings("openstack", None, ("private",))[0]
CLOSING: Final = datetime(2026, 1, 1)


def matching() -> dict[str, Any]:
    return {"match_on": ["method", "scheme", "host", "path", "query"], "allow_playback_repeats": False}


def test_recorded_glance_is_read_whole_although_a_marker_was_deleted(tmp_path: Path) -> None:
    connection = connect(CloudSettings("c", auth_type="none", endpoint=ENDPOINT, project_id=PROJECT))
    with vcr.use_cassette(str(CASSETTES / "private.yaml"), record_mode="none", **matching()) as cassette:
        reading = Reading(
            connection,
            PRIVATE,
            Landing(tmp_path / "landing"),
            ReadingStart(CLOSING, None),
            as_it_is,
            closing_since=CLOSING,
        )
        images = [image for page in reading.pages() for image in page.images]
        assert cassette.all_played
    assert len({image["id"] for image in images}) == 7
    assert reading.evidence["markers_gone"] == 1
    assert {image["owner"] for image in images} == {PROJECT}


def test_cassettes_hold_no_token() -> None:
    for cassette in CASSETTES.glob("*.yaml"):
        text = cassette.read_text()
        assert "X-Auth-Token" not in text
        assert "gAAAAA" not in text
        assert "127.0.0.1" not in text
