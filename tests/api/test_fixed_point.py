"""glanceback reads glanceback: `sync` of the API as of a time gives the catalogue of that time, however often."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from api.server import Served
from cli.sample_cloud import RECORDED_RUNS, sample_cloud
from extract.account import CloudSettings
from extract.numbers import Number
from load.publish import publish
from load.schema import bring_up_to_date
from load.warehouse import Warehouse
from tests.api.serving import published, serving
from tests.load.runs import PROJECT, image
from tests.pipeline.runs import night

CONTENT = """
    SELECT * EXCLUDE (seen_from, first_seen, run_from, landed_page, landed_file, landed_hash, successor)
    FROM images_as_of($at) WHERE state = 'listed' ORDER BY id
"""
NOW = datetime(9000, 1, 1)


@contextmanager
def read(folder: Path, project: str, *endpoints: str, dialect: str = "auto") -> Iterator[tuple[Warehouse, Path]]:
    """A warehouse after a night at each endpoint, and its copy."""
    folder.mkdir()
    with Warehouse(folder / "warehouse.duckdb") as warehouse:
        bring_up_to_date(warehouse, "0")
        for endpoint in endpoints:
            settings = CloudSettings(
                "c", auth_type="none", endpoint=endpoint, project_id=project, tries=1, dialect=dialect, page_size=50
            )
            night(warehouse, settings, folder / "landing")
        publish(warehouse, folder / "published.duckdb")
        yield warehouse, folder / "published.duckdb"


def content(warehouse: Warehouse, at: datetime = NOW) -> list[tuple[Any, ...]]:
    return warehouse.execute(CONTENT, {"at": at}).fetchall()


def first_run(warehouse: Warehouse) -> datetime:
    """When it started."""
    ((began,),) = warehouse.execute("SELECT min(started_at) FROM runs").fetchall()
    assert isinstance(began, datetime)
    return began


def rejected(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return warehouse.execute("SELECT id, attribute, value, reason FROM rejects ORDER BY ALL").fetchall()


def test_what_is_read_as_of_a_time_is_what_was_there_then(tmp_path: Path) -> None:
    with sample_cloud() as cloud:
        project = cloud.project_id
        with read(tmp_path / "first", project, cloud.url) as (first, _):
            then = content(first)
            cloud.shows = RECORDED_RUNS[1]
            night(
                first,
                CloudSettings("c", auth_type="none", endpoint=cloud.url, project_id=project),
                tmp_path / "landing",
            )
            publish(first, tmp_path / "published.duckdb", anew=True)
            now = content(first)
            began = first_run(first)
    assert then != now
    with serving(Served(tmp_path / "published.duckdb", {"c": project})) as client:
        past = f"{client.base_url}/as-of/{began.isoformat()}"
        with read(tmp_path / "second", project, past, str(client.base_url)) as (second, copy):
            read_at = first_run(second)
            assert content(second, read_at) == then
            assert content(second) == now
            with serving(Served(copy, {"c": project})) as again:
                past = f"{again.base_url}/as-of/{read_at.isoformat()}"
                with read(tmp_path / "third", project, past) as (third, _):
                    assert content(third) == then


@pytest.mark.parametrize("dialect", ["ims", "openstack"])
def test_odd_images_come_back_as_they_were(tmp_path: Path, dialect: str) -> None:
    mark = {"__imagetype": "private", "visibility": "private", "owner": PROJECT, "created_at": "2026-09-01T00:00:00Z"}
    odd = [
        {**image("a"), **mark, "min_disk": "ten", "min_ram": Number("5.5"), "tags": "none", "name": ["a", {"b": None}]},
        {
            **image("b"),
            **mark,
            "invented": 'Größe 大 \U0001f600 " \\ \n',
            "description": "plain",
            "__description": "own",
        },
        {**image("c"), **mark, "updated_at": "2026-10-01T00:00:00.123456Z", "size": None, "__os_bit": "64.5"},
        {**image("d"), **mark, "name": None, "os_type": "Linux", "__lazyloading": "True", "tags": ["b", "a", "b"]},
        {
            **image("e"),
            **mark,
            "name": "half \ud800",
            "__os_feature_list": '{"b": 1, "a": [true]}',
            "__virtual_size": 4,
        },
    ]
    copy = published(tmp_path, {"private": odd}, dialect=dialect)
    with (
        Warehouse(tmp_path / "warehouse.duckdb") as first,
        serving(Served(copy, {"c": PROJECT})) as client,
        read(tmp_path / "second", PROJECT, str(client.base_url), dialect=dialect) as (second, _),
    ):
        assert content(second) == content(first)
        assert rejected(second) == rejected(first)
        assert len(rejected(first)) == 6
