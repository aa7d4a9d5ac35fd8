"""A real Glance is the referee: the same images in both, questions at random, and the same answers."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.server import Served
from extract.listing import listings
from tests.api.referee import OURS, Asker, furnish
from tests.api.serving import Listings, published, serving
from tests.clouds.glance_alone import LoneGlance, glance_alone

USUAL_SECONDS = 8.0
LEAST_QUESTIONS = 100
USUAL_QUESTIONS = 1_000


def read(client: httpx.Client) -> Listings:
    """What each listing shows, sorted into listings as a run does."""
    found: Listings = {}
    for listing in listings("openstack", OURS):
        query = {**listing.filters, "limit": "1000", "sort_key": "id", "sort_dir": "asc"}
        for image in client.get("/v2/images", params=query).raise_for_status().json()["images"]:
            name = "shared-out" if listing.is_shared and image["owner"] == OURS else listing.name
            if image not in found.setdefault(name, []):
                found[name].append(image)
    return found


def same_but_for_tags(image: dict[str, Any]) -> dict[str, Any]:
    """Glance does not keep the order of tags."""
    return {**image, "tags": sorted(image["tags"])}


def told(answer: httpx.Response) -> Any:
    """What an answer tells: of a refusal each letter."""
    if answer.status_code != 200:
        return answer.status_code, answer.headers["Content-Type"], answer.text
    page = answer.json()
    if "images" not in page:
        return same_but_for_tags(page)
    return {**page, "images": list(map(same_but_for_tags, page["images"]))}


@pytest.fixture(scope="module")
def glance(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with glance_alone(tmp_path_factory.mktemp("glance")) as running:
        yield running


def test_answers_are_a_real_glances(glance: LoneGlance, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    more: int | None = request.config.getoption("--questions")
    most = more or USUAL_QUESTIONS
    rows = furnish(1, 150)
    for table in ("images", "image_properties", "image_tags", "image_members"):
        glance.add(table, getattr(rows, table.removeprefix("image_")))
    with httpx.Client(base_url=glance.url, headers=glance.headers(OURS), timeout=60) as referee:
        shown = read(referee)
        copy = published(tmp_path, shown, dialect="openstack")
        seen = sorted({image["id"] for images in shown.values() for image in images})
        asker = Asker(time.time_ns(), rows, seen)
        deadline = time.monotonic() + (USUAL_SECONDS if more is None else float("inf"))
        asked = found = refused = 0
        with serving(Served(copy, {"c": OURS})) as ours:
            while asked < most and (asked < LEAST_QUESTIONS or time.monotonic() < deadline):
                question = f"/v2/images?{asker.question()}"
                expected, answer = told(referee.get(question)), told(ours.get(question))
                assert answer == expected, question
                asked += 1
                found += isinstance(expected, dict) and bool(expected["images"])
                refused += isinstance(expected, tuple)
            for identity in [*seen[:20], "no image"]:
                path = f"/v2/images/{identity}"
                assert told(ours.get(path)) == told(referee.get(path))
    assert found > asked / 3
    assert refused > 0
