"""`check` asks what a run asks, once, and says in words what is missing and what a run does then."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cli.check import check_clouds as check
from cli.cloud_check import CloudCheck
from extract.account import CloudSettings
from load.publish import publish
from tests.clouds.accounts import write_settings
from tests.clouds.fake import PROJECT, Asked, FakeCloud, Reply, fake_cloud
from tests.load.runs import Runs, image, new_warehouse

FIVE = ("public", "private", "shared-accepted", "shared-pending", "shared-rejected")


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        for number in range(30):
            running.add(f"{number:03d}", FIVE[number % 5])
        yield running


def _checked(cloud: FakeCloud, remembered: str | None = None, **more: Any) -> tuple[int, str]:
    """The exit code, and what was said, each blank one space."""
    settings = CloudSettings("c", auth_type="none", endpoint=cloud.url, project_id=PROJECT, tries=1)
    said = StringIO()
    code = CloudCheck(replace(settings, **more), Console(file=said, width=200)).run(remembered)
    return code, " ".join(said.getvalue().split())


def _refuses(status: int, when: Callable[[Asked], bool]) -> Callable[[Asked], Reply | None]:
    return lambda asked: Reply(status) if when(asked) else None


def test_all_is_well(cloud: FakeCloud) -> None:
    code, said = _checked(cloud, region="eu-north-1")
    assert code == 0
    for part in ("region: eu-north-1", "markers: honoured", "changes: can be asked for", "single images: can be asked"):
        assert part in said
    assert "PROBLEM" not in said
    # The first look, a filter, two questions a listing, a marker, a creation time, and one image.
    assert len(cloud.log) == 1 + 1 + 2 * 5 + 1 + 1 + 1


def test_cloud_without_images_is_well_too(cloud: FakeCloud) -> None:
    cloud.images.clear()
    code, said = _checked(cloud)
    assert (code, "PROBLEM" in said) == (0, False)


def test_updated_at_that_is_refused_is_a_problem(cloud: FakeCloud) -> None:
    cloud.faults.append(_refuses(400, lambda asked: "updated_at" in asked.query))
    code, said = _checked(cloud)
    assert code == 1
    assert "cannot be asked for changes" in said
    assert len([asked for asked in cloud.log if "updated_at" in asked.query]) == 1


def test_updated_at_that_is_ignored_is_a_problem(cloud: FakeCloud) -> None:
    def ignore(asked: Asked) -> Reply | None:
        query = {name: value for name, value in asked.query.items() if name != "updated_at"}
        return cloud._page(query) if "updated_at" in asked.query else None

    cloud.faults.append(ignore)
    code, said = _checked(cloud)
    assert code == 1
    assert "updated_at is '2026-10-01T00:00:00Z'" in said


def test_markers_that_are_ignored_are_a_problem(cloud: FakeCloud) -> None:
    def ignore(asked: Asked) -> Reply | None:
        query = {name: value for name, value in asked.query.items() if name != "marker"}
        return cloud._page(query) if "marker" in asked.query else None

    cloud.faults.append(ignore)
    code, said = _checked(cloud)
    assert code == 1
    assert "markers are ignored" in said


@pytest.mark.parametrize(("status", "names"), [(403, "ims:images:get"), (401, "ims:images:get"), (404, "404")])
def test_single_images_that_cannot_be_asked_for_are_a_problem(cloud: FakeCloud, status: int, names: str) -> None:
    cloud.faults.append(_refuses(status, lambda asked: asked.path.startswith("/v2/images/")))
    code, said = _checked(cloud)
    assert code == 1
    assert names in said
    assert "two complete readings" in said


def test_right_to_list_is_named(cloud: FakeCloud) -> None:
    cloud.faults.append(_refuses(403, lambda asked: True))
    code, said = _checked(cloud)
    assert code == 1
    assert "ims:images:list" in said


def test_creation_times_that_cannot_be_asked_for_are_a_hint(cloud: FakeCloud) -> None:
    cloud.faults.append(_refuses(400, lambda asked: asked.query.get("sort_key") == "created_at"))
    code, said = _checked(cloud)
    assert code == 0
    assert "read by one reader" in said


def test_cloud_that_stops_answering_is_not_asked_the_rest(cloud: FakeCloud) -> None:
    cloud.faults.append(_refuses(503, lambda asked: len(cloud.log) > 3))
    code, said = _checked(cloud, retry_seconds=0.0)
    assert code == 1
    assert said.count("PROBLEM") == 1
    assert len(cloud.log) <= 6


def test_clock_that_nothing_shows_is_said(cloud: FakeCloud) -> None:
    def without_date(asked: Asked) -> Reply | None:
        return replace(cloud._page(asked.query), headers={"Date": ""}) if asked.path == "/v2/images" else None

    cloud.faults.append(without_date)
    code, said = _checked(cloud)
    assert code == 0
    assert "Date header" in said


def test_check_remembers_what_the_runs_do(cloud: FakeCloud, tmp_path: Path) -> None:
    with new_warehouse(tmp_path) as warehouse:
        Runs(warehouse, tmp_path / "staged").run({"private": [image("a", __imagetype="private")]})
        publish(warehouse, tmp_path / "published.duckdb")
    account = f'[clouds.c]\nauth_type = "none"\nendpoint = "{cloud.url}"\nproject_id = "{PROJECT}"\ntries = 1'
    for shown in cloud.images.values():
        del shown["__imagetype"]
    said = StringIO()
    check(write_settings(tmp_path, account), (), Console(file=said, width=200))
    assert "ims (as in the runs before)" in said.getvalue()


def _old_glance(cloud: FakeCloud, has: Callable[[Asked], Reply | None] = lambda asked: None) -> None:
    """A Glance of API version 2.4: two visibilities in an image, three in a query. `has` answers about the API."""
    for shown in cloud.images.values():
        shown["is_shared"] = shown["visibility"] == "shared"
        shown["visibility"] = "public" if shown["visibility"] == "public" else "private"
        del shown["__imagetype"]

    def answer(asked: Asked) -> Reply | None:
        if asked.path != "/v2/images":
            return has(asked) or (None if asked.path.startswith("/v2/images/") else Reply(404))
        visibility = asked.query.get("visibility")
        if visibility in ("community", "all"):
            return Reply(400, f"Invalid visibility value: {visibility}".encode())
        if visibility == "shared":
            query = {name: value for name, value in asked.query.items() if name != "visibility"}
            return cloud._page({**query, "is_shared": "true"})
        return None

    cloud.faults.append(answer)


def _schema(asked: Asked) -> Reply | None:
    properties = {"id": {}, "visibility": {"enum": ["public", "private"]}}
    return Reply(200, json.dumps({"properties": properties}).encode()) if asked.path == "/v2/schemas/image" else None


def _versions(asked: Asked) -> Reply | None:
    versions = [{"id": "v2.4"}, {"id": "v2.0"}, {"id": "v1.1"}]
    return Reply(200, json.dumps({"versions": versions}).encode()) if asked.path == "/versions" else None


@pytest.mark.parametrize(("has", "asks_in_vain"), [(_schema, 0), (_versions, 0), (lambda _: None, 1)])
def test_old_glance_is_asked_what_it_has(
    cloud: FakeCloud, has: Callable[[Asked], Reply | None], asks_in_vain: int
) -> None:
    _old_glance(cloud, has)
    code, said = _checked(cloud)
    assert code == 0, said
    assert "does not have the listings community, hidden" in said
    for listing in FIVE:
        assert f"listing {listing}: 6 images" in said
    newer = [asked for asked in cloud.asked_listings() if asked.get("visibility") in ("community", "all")]
    assert len(newer) == asks_in_vain


def test_new_glance_costs_no_more_requests(cloud: FakeCloud) -> None:
    for shown in cloud.images.values():
        del shown["__imagetype"]
        shown["os_hidden"] = False
    assert _checked(cloud)[0] == 0
    assert {asked.path for asked in cloud.log} <= {"/v2/images", "/v2/images/000", "/v2/images/001"}
    assert any(asked.get("visibility") == "community" for asked in cloud.asked_listings())


def test_private_image_of_ours_in_a_shared_listing_names_what_helps(cloud: FakeCloud) -> None:
    cloud.images["002"] |= {"visibility": "private", "owner": PROJECT}
    cloud.faults.append(
        lambda asked: (
            cloud._page({name: value for name, value in asked.query.items() if name != "visibility"})
            if asked.query.get("visibility") == "shared"
            else None
        )
    )
    code, said = _checked(cloud)
    assert code == 1
    assert 'api_version = "Q"' in said
