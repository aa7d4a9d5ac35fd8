"""A cloud's dialect is remembered: what one answer shows does not change what is read of a cloud."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from load.earlier_runs import remembered_dialect
from load.runs import begin_run, finish_run
from load.warehouse import Warehouse
from tests.clouds.fake import FakeCloud, fake_cloud
from tests.load.runs import Runs, image, new_warehouse
from tests.pipeline.test_sync import Place


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    with new_warehouse(tmp_path) as opened:
        yield opened


def _last_dialect(warehouse: Warehouse, dialect: str | None) -> None:
    """What the last run says, as another version of glanceback may have written it."""
    warehouse.execute(
        "UPDATE run_clouds SET dialect = $dialect WHERE run_id = (SELECT max_by(run_id, started_at) FROM runs)",
        {"dialect": dialect},
    )


def test_cloud_that_was_never_read_has_no_dialect(warehouse: Warehouse) -> None:
    assert remembered_dialect(warehouse, "c") is None


def test_dialect_of_the_last_run_is_remembered_for_its_cloud_alone(warehouse: Warehouse, tmp_path: Path) -> None:
    nights = Runs(warehouse, tmp_path)
    nights.run({"private": [image("a", __imagetype="private"), image("b")]})
    assert remembered_dialect(warehouse, "c") == "ims"
    assert remembered_dialect(warehouse, "d") is None
    nights.run({"private": [image("a", __imagetype="private"), image("b")]})
    _last_dialect(warehouse, "openstack")
    assert remembered_dialect(warehouse, "c") == "openstack"


def test_run_that_loaded_nothing_of_the_cloud_is_passed_over(warehouse: Warehouse, tmp_path: Path) -> None:
    nights = Runs(warehouse, tmp_path)
    nights.run({"private": [image("a", __imagetype="private")]})
    nights.run({"private": [image("a", __imagetype="private")]})
    _last_dialect(warehouse, None)
    finish_run(warehouse, begin_run(warehouse, "full", "0"), "failed")
    assert remembered_dialect(warehouse, "c") == "ims"


def test_dialect_that_was_only_assumed_is_not_remembered(warehouse: Warehouse, tmp_path: Path) -> None:
    nights = Runs(warehouse, tmp_path)
    nights.run({"private": []})
    _last_dialect(warehouse, "openstack")
    assert remembered_dialect(warehouse, "c") is None
    # A pending share, which the first look does not show, is loaded by the listings of plain OpenStack too.
    nights.run({"shared-pending": [image("a", __imagetype="shared")]})
    _last_dialect(warehouse, "openstack")
    assert remembered_dialect(warehouse, "c") is None


def test_images_of_the_past_bear_nothing_out(warehouse: Warehouse, tmp_path: Path) -> None:
    nights = Runs(warehouse, tmp_path)
    nights.run({"private": [image("a", __imagetype="private")]})
    nights.run({"private": []})
    assert remembered_dialect(warehouse, "c") is None


def test_run_reads_a_cloud_in_the_dialect_of_the_runs_before(tmp_path: Path, prefect_home: str) -> None:
    with fake_cloud() as cloud:
        for number in range(40):
            cloud.add(f"{number:03d}", "public")
        for number in range(40, 60):
            cloud.add(f"{number:03d}", "public", __imagetype="market")
        place = Place(tmp_path, c=cloud)
        place.run()
        _look_like_plain_openstack(cloud)
        report = place.run()
    (found,) = report.clouds
    assert (found.status, found.new, found.withheld_deletions) == ("completed", 10, 0)
    assert place.rows("SELECT DISTINCT dialect FROM run_clouds") == [("ims",)]


def _look_like_plain_openstack(cloud: FakeCloud) -> None:
    for number in range(10):
        del cloud.add(f"000-{number}")["__imagetype"]
    for number in range(40, 60):
        del cloud.images[f"{number:03d}"]["__imagetype"]
