"""Two versions differ if and only if the tables do; and a warehouse of before is brought to the scheme of now."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import WarehouseError
from extract.body import parse_page
from load import column_migration, content, schema
from load.schema import bring_up_to_date
from load.warehouse import Warehouse
from tests.load.runs import Runs, image, new_warehouse
from tests.transform.test_batch import IMAGES
from tests.transform.test_identity import DIFFERENT, SAME, with_attributes
from transform.attribute import Attribute, Kind
from transform.dictionary import ATTRIBUTES

VERSIONS = (
    "SELECT cloud, id, run_from, seen_from, seen_to, run_to, end_reason, name, state FROM image_versions ORDER BY ALL"
)
MEMBERSHIPS = "SELECT * FROM listing_memberships ORDER BY ALL"


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    with new_warehouse(tmp_path) as opened:
        yield opened


def received(texts: list[str]) -> Any:
    return parse_page(b'{"images": [%s]}' % ",".join(texts).encode(), "test").images


def changed_and_shown(warehouse: Warehouse, nights: Runs, pairs: list[tuple[str, str]]) -> list[tuple[bool, bool]]:
    """Of each pair, which must leave out the id: whether it made a second version, and whether image_changes has it."""
    for table in ("image_versions", "listing_memberships", "rejects", "runs", "run_listings", "run_clouds"):
        warehouse.execute(f"DELETE FROM {table}")
    for texts in zip(*pairs, strict=True):
        page = [text.replace("{", f'{{"id": "i{number}"', 1) for number, text in enumerate(texts)]
        nights.run({"private": received(page)})
    versions = dict(nights.rows("SELECT id, count(*) FROM image_versions GROUP BY id"))
    changes = nights.rows("SELECT id, attribute, old_value, new_value FROM image_changes ORDER BY ALL")
    shown = {identity for identity, *_ in changes}
    (_, first), (run_id, last) = nights.rows("SELECT run_id, started_at FROM runs ORDER BY started_at")
    diff = nights.warehouse.execute(
        "SELECT id, attribute, old_value, new_value FROM catalogue_diff($first, $last) ORDER BY ALL",
        {"first": first, "last": last},
    ).fetchall()
    assert diff == changes
    of_run = nights.warehouse.rows("runs", "run_changes", run_id=run_id, started_at=last, most=1_000_000)
    assert {row[3:] for row in of_run} == {row for row in changes if row[1] != "updated_at"}
    return [(versions[f"i{number}"] == 2, f"i{number}" in shown) for number in range(len(pairs))]


def without_id(attributes: str) -> str:
    return with_attributes(attributes).replace('"id": "a"', "", 1)


@pytest.mark.both_engines
def test_what_the_tables_hold_alike_makes_no_version(warehouse: Warehouse, tmp_path: Path) -> None:
    nights = Runs(warehouse, tmp_path)
    pairs = [(without_id(texts[0]), without_id(other)) for texts in SAME for other in texts[1:]]
    assert changed_and_shown(warehouse, nights, pairs) == [(False, False)] * len(pairs)


@pytest.mark.both_engines
def test_what_the_tables_hold_otherwise_makes_a_version_and_is_shown(warehouse: Warehouse, tmp_path: Path) -> None:
    nights = Runs(warehouse, tmp_path)
    pairs = [
        (without_id(one), without_id(other))
        for texts in DIFFERENT for number, one in enumerate(texts) for other in texts[number + 1 :]
    ]  # fmt: skip
    assert changed_and_shown(warehouse, nights, pairs) == [(True, True)] * len(pairs)


@pytest.mark.slow
@settings(max_examples=5, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(IMAGES, IMAGES), min_size=10, max_size=20))
def test_hashes_differ_if_and_only_if_a_change_is_shown(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[dict[str, Any], dict[str, Any]]]
) -> None:
    """And from the rows, in SQL, the hashes are the same as from the pages."""
    folder = tmp_path_factory.mktemp("content")
    alike = [(one, one | {"name": other.get("name")}) for one, other in pairs]
    texts = [(_attributes(one), _attributes(other)) for one, other in [*pairs, *alike]]
    with new_warehouse(folder) as warehouse:
        nights = Runs(warehouse, folder)
        assert all(changed == shown for changed, shown in changed_and_shown(warehouse, nights, texts))
        hashes = nights.rows("SELECT id, run_from, content_hash FROM image_versions ORDER BY ALL")
        warehouse.execute("UPDATE image_versions SET content_hash = 'x'")
        content.restate(warehouse)
        assert nights.rows("SELECT id, run_from, content_hash FROM image_versions ORDER BY ALL") == hashes


def _attributes(image: dict[str, Any]) -> str:
    inner = json.dumps(image)[1:-1]
    return f"{{, {inner}}}" if inner else "{}"


def test_rejects_are_kept_once_while_the_image_is_the_same(warehouse: Warehouse, tmp_path: Path) -> None:
    nights = Runs(warehouse, tmp_path)
    odd, nameless = image("a", min_ram="much"), {"name": "no id"}
    for _ in range(3):
        assert nights.run({"private": [odd, nameless]}).rejected == 2
    assert nights.rows("SELECT id, value FROM rejects ORDER BY ALL") == [("a", "much"), (None, '{"name":"no id"}')]
    nights.run({"private": [odd | {"min_ram": "more"}, nameless]})
    assert nights.rows("SELECT attribute, old_value, new_value FROM image_changes") == [
        (
            "rejected min_ram",
            "much (expected a whole number, got other text)",
            "more (expected a whole number, got other text)",
        )
    ]
    assert nights.rows(
        """SELECT version.seen_to IS NULL, rejects.value
        FROM image_versions AS version JOIN rejects ON rejects.id = version.id AND rejects.run_id = version.run_from
        ORDER BY ALL"""
    ) == [(False, "much"), (True, "more")]


def test_rejects_are_those_of_the_reading_that_counts(warehouse: Warehouse, tmp_path: Path) -> None:
    nights = Runs(warehouse, tmp_path)
    later = image("a", min_ram="later", updated_at="2026-10-02T00:00:00Z")
    nights.run({"private": [image("b"), later], "public": [image("c"), image("d"), image("a", min_ram="earlier")]})
    assert nights.rows("SELECT value FROM rejects") == [("later",)]


@pytest.mark.both_engines
def test_whatever_a_tenant_wrote_is_read_again(warehouse: Warehouse, tmp_path: Path) -> None:
    nights = Runs(warehouse, tmp_path)
    odd = image("a", name="\x00n", min_ram="\x00", **{"\x00": "x", "x": "\x00", "a=b, c": "{}", "'": '"', "NULL": ""})
    nights.run({"private": [odd]})
    ((name, extra),) = nights.rows("SELECT name, extra FROM images")
    assert name == "\x00n"
    assert extra == {"\x00": "x", "x": "\x00", "a=b, c": "{}", "'": '"', "NULL": ""}
    assert nights.rows("SELECT value FROM rejects") == [("\x00",)]


def test_image_whose_minus_zero_was_kept_as_zero_has_not_changed_while_its_text_is_the_same(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    nights = Runs(warehouse, tmp_path)
    nights.run({"private": received(['{"id": "a", "x": 0}', '{"id": "b", "x": 0}'])})
    texts = ['{"id": "a", "x": -0}', '{"id": "b", "x": -0}']
    warehouse.execute("UPDATE image_versions SET landed_hash = sha256($text) WHERE id = 'a'", {"text": texts[0]})
    assert nights.run({"private": received(texts)}).changed == 1
    assert nights.rows("SELECT id, old_value, new_value FROM image_changes") == [("b", "0", "-0")]


def test_links_are_no_change(warehouse: Warehouse, tmp_path: Path) -> None:
    nights = Runs(warehouse, tmp_path)
    nights.run({"private": [image("a", self="x", name="n")]})
    nights.run({"private": [image("a", self="y", name="m")]})
    assert nights.rows("SELECT attribute FROM image_changes") == [("name",)]


@pytest.mark.both_engines
def test_column_whose_type_changed_is_converted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def retyped(column: str, kind: Kind) -> tuple[Attribute, ...]:
        changed = (Attribute(one.api_name, kind, one.unit, one.meaning, one.source) for one in ATTRIBUTES)
        return tuple(new if new.column == column else old for new, old in zip(changed, ATTRIBUTES, strict=True))

    def use(attributes: tuple[Attribute, ...]) -> None:
        for module in (column_migration, schema, content):
            monkeypatch.setattr(module, "ATTRIBUTES", attributes)

    texts = {"1": "8", "2": "08", "3": "much", "4": None, "5": ""}
    with new_warehouse(tmp_path) as warehouse:
        Runs(warehouse, tmp_path).run(
            {"private": [image(key, __image_displayname=text) for key, text in texts.items()]}
        )
        use(retyped("image_displayname", Kind.INTEGER))
        bring_up_to_date(warehouse, "1")
        assert warehouse.execute("SELECT id, image_displayname FROM images ORDER BY id").fetchall() == [
            ("1", 8), ("2", 8), ("3", None), ("4", None), ("5", None),
        ]  # fmt: skip
        assert warehouse.execute("SELECT id, attribute, value, reason FROM rejects").fetchall() == [
            ("3", "__image_displayname", "much", "expected a whole number, got other text")
        ]
        hashes = dict(warehouse.execute("SELECT id, content_hash FROM images").fetchall())
        assert hashes["1"] != hashes["2"] != hashes["4"]
        assert not [name for name in warehouse.columns("image_versions") if "replaced" in name]
        bring_up_to_date(warehouse, "1")
        use(ATTRIBUTES)
        bring_up_to_date(warehouse, "2")
        rows = warehouse.execute("SELECT id, image_displayname FROM images ORDER BY id").fetchall()
        assert rows == [("1", "8"), ("2", "8"), ("3", None), ("4", None), ("5", None)]


@pytest.mark.both_engines
def test_conversion_that_was_broken_off_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with new_warehouse(tmp_path) as warehouse:
        Runs(warehouse, tmp_path).run({"private": [image("a", min_ram=5)]})
        warehouse.execute('ALTER TABLE image_versions DROP COLUMN "min_ram"')
        warehouse.execute("ALTER TABLE image_versions ADD COLUMN min_ram VARCHAR")
        warehouse.execute("UPDATE image_versions SET min_ram = '5'")
        with monkeypatch.context() as broken:
            broken.setattr(schema, "_apply", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                bring_up_to_date(warehouse, "1")
        bring_up_to_date(warehouse, "1")
        assert warehouse.execute("SELECT min_ram FROM images").fetchall() == [(5,)]
        assert not [name for name in warehouse.columns("image_versions") if "replaced" in name]


def test_schema_file_that_was_changed_after_it_was_applied_is_refused(warehouse: Warehouse) -> None:
    warehouse.execute("UPDATE schema_migrations SET fingerprint = 'x' WHERE name = '003_runs'")
    with pytest.raises(WarehouseError, match=r"made its tables with another sql/schema/003_runs\.sql"):
        bring_up_to_date(warehouse, "1")
