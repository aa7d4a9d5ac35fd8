"""A dictionary that grew, and a warehouse that was written before."""

from pathlib import Path

import pytest

from core.errors import WarehouseError
from load.schema import bring_up_to_date
from load.warehouse import Warehouse
from tests.load.runs import Runs, image, new_warehouse
from transform.dictionary import ATTRIBUTES
from transform.openstack_attributes import OPENSTACK_ATTRIBUTES

ODD = image("odd", __os_bit="64", os_bit="32", __lazyloading=True, tags=["a", "b"], min_disk="huge", invented="x")
PLAIN = image("plain", os_bit="32", __lazyloading="", tags=[], __os_feature_list='{"a": "1"}', __isregistered="maybe")
GROWN = {"os_bit": "__os_bit", "lazyloading": "__lazyloading", "tags": "tags", "os_feature_list": "__os_feature_list"}


def as_before(warehouse: Warehouse) -> None:
    """Make the warehouse one whose dictionary lacked GROWN: their values are in `extra`, as received."""
    for column, name in GROWN.items():
        view = [
            row[0] for row in warehouse.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
        ]
        for name_of_view in view:
            warehouse.execute(f"DROP VIEW {name_of_view}")
        warehouse.execute(f"ALTER TABLE image_versions DROP COLUMN {column}")
        values = {"__os_bit": ("64", None), "__lazyloading": ("true", ""), "tags": ('["a","b"]', "[]")}
        odd, plain = values.get(name, (None, '{"a": "1"}'))
        for identity, value in (("odd", odd), ("plain", plain)):
            if value is not None:
                warehouse.execute(
                    "UPDATE image_versions SET extra = map_concat(extra, MAP {$name: $value}) WHERE id = $id",
                    {"name": name, "value": value, "id": identity},
                )
    warehouse.execute("UPDATE image_versions SET extra = map_concat(extra, MAP {'os_bit': '32'}) WHERE id = 'plain'")
    warehouse.execute("DELETE FROM schema_migrations WHERE name = 'views, macros and comments'")


@pytest.fixture
def nights(tmp_path: Path) -> Runs:
    nights = Runs(new_warehouse(tmp_path), tmp_path / "stage")
    nights.run({"public": [ODD, PLAIN]})
    return nights


@pytest.mark.both_engines
def test_new_columns_are_filled_from_extra_as_if_they_had_always_been_there(nights: Runs) -> None:
    query = "SELECT id, os_bit, lazyloading, tags, os_feature_list, extra, seen_from FROM images ORDER BY id"
    before = nights.rows(query)
    as_before(nights.warehouse)
    bring_up_to_date(nights.warehouse, "0")
    assert nights.rows(query) == before


def test_new_columns_make_no_new_versions(nights: Runs) -> None:
    as_before(nights.warehouse)
    bring_up_to_date(nights.warehouse, "0")
    assert nights.run({"public": [ODD, PLAIN]}).unchanged == 2
    assert nights.rows("SELECT count(*) FROM image_versions") == [(2,)]


PROMISED = image(
    "promised", os_distro="ubuntu", image_build_date="2024-04-22", hotfix_hours="0", license_included="no", odd="x",
    replace_frequency="monthly", **{"owner_specified.openstack.md5": "", "__os_version": "24.04"},
)  # fmt: skip
BROKEN = image(
    "broken", os_distro=None, image_build_date="soon", hotfix_hours="many", license_included="maybe", min_ram="much"
)


@pytest.mark.both_engines
def test_properties_of_openstack_that_were_in_extra_move_to_columns_and_no_image_has_changed(tmp_path: Path) -> None:
    nights = Runs(new_warehouse(tmp_path), tmp_path / "stage")
    nights.run({"public": [PROMISED, BROKEN, image("neither")]})
    columns = ", ".join(f'"{attribute.column}"' for attribute in OPENSTACK_ATTRIBUTES)
    query = f"SELECT id, {columns}, extra, content_hash FROM images ORDER BY id"
    held, rejects = nights.rows(query), nights.rows("FROM rejects ORDER BY ALL")
    assert len(rejects) == 4
    for view in nights.rows("SELECT view_name FROM duckdb_views() WHERE NOT internal"):
        nights.warehouse.execute(f"DROP VIEW {view[0]}")
    for attribute in OPENSTACK_ATTRIBUTES:
        nights.warehouse.execute(f'ALTER TABLE image_versions DROP COLUMN "{attribute.column}"')
    known = {attribute.api_name for attribute in OPENSTACK_ATTRIBUTES}
    for sent in (PROMISED, BROKEN):
        moved = {name: "null" if value is None else value for name, value in sent.items() if name in known}
        nights.warehouse.execute(
            """UPDATE image_versions SET content_hash = 'before',
            extra = map_concat(extra, map($names::VARCHAR[], $texts::VARCHAR[])) WHERE id = $id""",
            {"names": list(moved), "texts": list(moved.values()), "id": sent["id"]},
        )
    nights.warehouse.execute("DELETE FROM rejects WHERE attribute <> 'min_ram'")
    nights.warehouse.execute(
        "UPDATE schema_migrations SET fingerprint = '2 before' WHERE name LIKE 'views%' OR name = 'content hash'"
    )
    bring_up_to_date(nights.warehouse, "0")
    assert nights.rows(query) == held
    assert nights.rows("FROM rejects ORDER BY ALL") == rejects
    assert nights.run({"public": [PROMISED, BROKEN, image("neither")]}).unchanged == 3
    assert nights.rows("FROM image_changes") == []


@pytest.mark.both_engines
def test_value_that_does_not_fit_its_new_column_goes_to_the_rejects(nights: Runs) -> None:
    as_before(nights.warehouse)
    nights.warehouse.execute("UPDATE image_versions SET extra = MAP {'__os_bit': 'many'} WHERE id = 'odd'")
    bring_up_to_date(nights.warehouse, "0")
    assert nights.rows("SELECT os_bit, extra FROM images WHERE id = 'odd'") == [(None, {})]
    assert nights.rows("SELECT attribute, value, reason FROM rejects WHERE attribute = '__os_bit'") == [
        ("__os_bit", "many", "expected a whole number, got other text")
    ]


def test_table_has_a_column_of_its_type_for_every_attribute(nights: Runs) -> None:
    types = dict(row[:2] for row in nights.rows("DESCRIBE image_versions"))
    for attribute in ATTRIBUTES:
        assert types[attribute.column] == attribute.sql_type


def test_column_that_only_a_newer_version_knows_is_refused(nights: Runs) -> None:
    nights.warehouse.execute(
        "INSERT INTO schema_migrations VALUES ('column from_the_future', '', TIMESTAMP '2030-01-01', '9.9')"
    )
    with pytest.raises(WarehouseError, match=r"9\.9"):
        bring_up_to_date(nights.warehouse, "0")


@pytest.mark.both_engines
def test_warehouse_of_yesterday_is_migrated_and_no_image_has_changed(nights: Runs) -> None:
    for view in nights.rows("SELECT view_name FROM duckdb_views() WHERE NOT internal"):
        nights.warehouse.execute(f"DROP VIEW {view[0]}")
    for statement in (
        "ALTER TABLE image_versions DROP COLUMN state",
        "ALTER TABLE run_clouds DROP COLUMN confirmed_by",
        "DROP TABLE unlisted_images",
        "DROP TABLE published_copies",
        "DELETE FROM schema_migrations WHERE name BETWEEN '008' AND '012'",
        "DELETE FROM schema_migrations WHERE name LIKE 'views%' OR name LIKE 'content%'",
    ):
        nights.warehouse.execute(statement)
    bring_up_to_date(nights.warehouse, "1")
    assert nights.rows("SELECT id, state, listings FROM images ORDER BY id") == [
        ("odd", "listed", ["public"]),
        ("plain", "listed", ["public"]),
    ]
    assert nights.run({"public": [ODD, PLAIN]}).unchanged == 2
