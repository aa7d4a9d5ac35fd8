"""Each rule finds what breaks it, and a load that would break one is rolled back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import WarehouseError
from load.invariants import require
from load.statements import names
from load.warehouse import Warehouse
from tests.load.runs import Runs, image, new_warehouse

DAMAGE = {
    "one_current_version": "INSERT INTO image_versions FROM image_versions",
    "versions_do_not_overlap": "UPDATE image_versions SET seen_to = seen_from, run_to = 'x', end_reason = 'deleted'",
    "ended_versions_say_why": "UPDATE image_versions SET end_reason = 'changed'",
    "memberships_have_images": "DELETE FROM image_versions",
    "one_open_membership": "INSERT INTO listing_memberships FROM listing_memberships",
    "counts_agree": "UPDATE run_clouds SET new = 7",
    "unlisted_images_are_in_no_listing": "UPDATE image_versions SET state = 'unlisted'",
}


@pytest.fixture
def nights(tmp_path: Path) -> Iterator[Runs]:
    with new_warehouse(tmp_path) as warehouse:
        nights = Runs(warehouse, tmp_path / "stage")
        nights.run({"public": [image("a")]})
        yield nights


def test_every_rule_is_damaged_by_a_test() -> None:
    assert DAMAGE.keys() == set(names("checks"))


def undamaged_rules(warehouse: Warehouse, damaged: str = "c") -> list[str]:
    """The rules that do not find their damage in this cloud. The warehouse is left as it was."""
    unseen = []
    for rule, damage in DAMAGE.items():
        warehouse.connection.execute("BEGIN")
        warehouse.execute(damage)
        if warehouse.rows("checks", rule):
            for cloud in (None, damaged):
                with pytest.raises(WarehouseError, match="is broken"):
                    require(warehouse, cloud)
            require(warehouse, "another")
        else:
            unseen.append(rule)
        warehouse.connection.execute("ROLLBACK")
    return unseen


def test_damage_is_found(nights: Runs) -> None:
    require(nights.warehouse)
    assert undamaged_rules(nights.warehouse) == []
    require(nights.warehouse)


def test_load_that_would_break_a_rule_is_rolled_back(nights: Runs) -> None:
    nights.warehouse.execute("UPDATE run_clouds SET new = 7")
    with pytest.raises(WarehouseError, match="counts_agree"):
        nights.run({"public": [image("a"), image("b")]})
    assert nights.rows("SELECT id FROM images") == [("a",)]
