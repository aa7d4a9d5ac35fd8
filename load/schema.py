"""Brings a warehouse to this version's tables, views, macros and comments, in one transaction.

Each file of sql/schema/ is applied once, in order, and recorded. A new attribute of the dictionary gets its column. The
views and macros are made again if one of them, or the dictionary, has changed. Called when a warehouse is opened for
writing.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from core.errors import WarehouseError
from load.column_migration import (
    add_new_columns,
    convert_columns,
    drop_replaced,
    fill_from_extra,
    has_its_columns,
)
from load.content import bring_from_first_scheme, restate, scheme
from load.cookbook import questions, runnable
from load.end_of_life import load_our_dates, our_files
from load.fingerprints import OF_WHOLE_TEXTS, of_sql
from load.statements import added_columns, names, statement, views
from load.warehouse import Description, Warehouse
from transform.dictionary import ATTRIBUTES, comment

_VIEWS: Final = "views, macros and comments"
_COLUMN: Final = "column "
_CONTENT: Final = "content hash"
_IN_FILES: Final = "in files"
_OF_TENANTS: Final = ("image_versions", "rejects")
"""The tables that hold texts of tenants, with any character."""


def bring_up_to_date(warehouse: Warehouse, version: str, *, describes_views: bool | None = None) -> None:
    """Apply what is missing.

    `describes_views`: also comment on macros and on the columns of views. By default, unless the warehouse is on
    DuckLake, which cannot.
    Raises: WarehouseError if a newer glanceback has written the warehouse; it is not changed.
    """
    if _is_up_to_date(warehouse):
        return
    warehouse.atomically(lambda: _convert(warehouse, version))
    with_views = not warehouse.is_shared if describes_views is None else describes_views
    applied = warehouse.atomically(lambda: _apply(warehouse, version, with_views))
    if warehouse.is_shared and _IN_FILES not in applied:
        warehouse.atomically(lambda: _keep_in_files(warehouse, version))


def _is_up_to_date(warehouse: Warehouse) -> bool:
    """Whether there is nothing to apply, as in most runs. Then one query says so, instead of two transactions."""
    try:
        rows = warehouse.rows("schema_state", "applied_migrations")
    except WarehouseError:  # a new warehouse has no tables
        return False
    applied = {name: fingerprint for name, fingerprint, _ in rows}
    wanted = {name: of_sql(statement("schema", name).text) for name in names("schema")}
    wanted |= {_VIEWS: _views_fingerprint(), _CONTENT: scheme()} | ({_IN_FILES: ""} if warehouse.is_shared else {})
    return not applied.keys() - _known_names() and applied | wanted == applied and has_its_columns(warehouse)


def _known_names() -> set[str]:
    """What this version may have recorded."""
    columns = (f"{_COLUMN}{attribute.column}" for attribute in ATTRIBUTES)
    return {*names("schema"), *columns, _VIEWS, _CONTENT, _IN_FILES}


def _keep_in_files(warehouse: Warehouse, version: str) -> None:
    """In a transaction of its own: DuckLake cannot set an option of a table that the same transaction made."""
    for table in _OF_TENANTS:
        warehouse.run("upkeep", "keep_in_files", table_name=table)
    _record(warehouse, {_IN_FILES: ""}, version)


def _convert(warehouse: Warehouse, version: str) -> None:
    if _applied(warehouse, version):
        convert_columns(warehouse)


def _applied(warehouse: Warehouse, version: str) -> dict[str, tuple[str, str]]:
    """What is already applied: fingerprint and program version by name. Raises: WarehouseError."""
    warehouse.run("schema", "000_schema_migrations")
    applied = {name: (mark, by) for name, mark, by in warehouse.rows("schema_state", "applied_migrations")}
    for name in applied.keys() - _known_names():
        raise WarehouseError(
            f"{warehouse.place} was written by glanceback {applied[name][1]}, which is newer than {version}",
            "Upgrade glanceback, or use another warehouse.",
        )
    return applied


def _apply(warehouse: Warehouse, version: str, describes_views: bool) -> dict[str, tuple[str, str]]:
    """Apply what is missing; return what was already applied."""
    applied = _applied(warehouse, version)
    if applied:
        drop_replaced(warehouse)
    done: dict[str, str] = {}
    for name in names("schema"):
        fingerprint = of_sql(statement("schema", name).text)
        if name not in applied:
            warehouse.run("schema", name)
        elif applied[name][0] not in (fingerprint, *OF_WHOLE_TEXTS):
            raise WarehouseError(
                f"{warehouse.place}: glanceback {applied[name][1]} made its tables with another sql/schema/{name}.sql",
                "A file there must not change after it was applied: restore it, or use the glanceback that made them.",
            )
        if applied.get(name, ("", ""))[0] != fingerprint:
            done[name] = fingerprint
    added = add_new_columns(warehouse)
    done |= dict.fromkeys((f"{_COLUMN}{attribute.column}" for attribute in added), "")
    fingerprint = _views_fingerprint()
    if applied.get(_VIEWS, ("", ""))[0] != fingerprint:
        load_our_dates(warehouse)
        _make_views(warehouse, describes_views)
        done[_VIEWS] = fingerprint
    if applied and _CONTENT not in applied:
        bring_from_first_scheme(warehouse)
    if applied:  # a new warehouse has no versions
        fill_from_extra(warehouse, added)
    if applied.get(_CONTENT, ("", ""))[0] != scheme():
        if applied:
            restate(warehouse)
        done[_CONTENT] = scheme()
    if done:
        _record(warehouse, done, version)
    return applied


def _make_views(warehouse: Warehouse, describes_views: bool) -> None:
    for view in views():
        warehouse.run("views", view)
    for macro in names("macros"):
        warehouse.run("macros", macro)
    _write_dictionary(warehouse)
    _write_cookbook(warehouse)
    warehouse.describe(_descriptions(warehouse, describes_views))


def _write_dictionary(warehouse: Warehouse) -> None:
    """Fill the table `attributes`: a row for each column of the view `images`."""
    ours = _our_columns() | statement("views", "images").columns
    known = {attribute.column: attribute for attribute in ATTRIBUTES}
    rows = []
    for position, (column, sql_type) in enumerate(warehouse.typed_columns("images"), 1):
        attribute = known.get(column)
        rows.append(
            {
                "position": position,
                "column_name": column,
                "api_name": attribute.api_name if attribute else None,
                "type": sql_type,
                "unit": attribute.unit if attribute else None,
                "meaning": attribute.meaning if attribute else ours.get(column),
                "source": attribute.source if attribute else "glanceback",
            }
        )
    warehouse.run("schema_state", "forget_attributes")
    # As one text: DuckDB looks for pandas at every value of a parameter.
    warehouse.run("schema_state", "add_attributes", attributes=msgspec.json.encode(rows).decode())


def _write_cookbook(warehouse: Warehouse) -> None:
    """Fill the table `cookbook`: a row for each question."""
    rows = [
        {
            "name": asked.name,
            "question": asked.asks,
            "sql": runnable(asked),
            "parameters": [f"{one.name}: {one.meaning}" for one in asked.parameters if one.default is None],
        }
        for asked in questions()
    ]
    warehouse.run("schema_state", "forget_cookbook")
    warehouse.run("schema_state", "add_cookbook", questions=msgspec.json.encode(rows).decode())


def _descriptions(warehouse: Warehouse, describes_views: bool) -> Iterator[Description]:
    """The descriptions of all tables, views, macros and columns."""
    kinds = {"schema": "TABLE", "views": "VIEW", "macros": "MACRO TABLE"}
    for folder, kind in kinds.items():
        if folder == "macros" and not describes_views:
            continue
        for name in names(folder):
            has_columns = kind == "TABLE" or (kind == "VIEW" and describes_views)
            yield from descriptions_of(warehouse, folder, name, kind, has_columns=has_columns)


def descriptions_of(
    warehouse: Warehouse, folder: str, name: str, kind: str, *, has_columns: bool = True
) -> Iterator[Description]:
    """The description of the TABLE, VIEW or MACRO TABLE that a file makes, and with `has_columns` of its columns.

    A column of image_versions has the same description in every view.
    """
    described = statement(folder, name)
    target = name.partition("_")[2] if folder == "schema" else name
    if folder == "schema" and "." in target:
        yield "COLUMN", target, described.description
        return
    yield kind, target, described.description + (_macros_for_readers() if name == "001_image_versions" else "")
    if has_columns:
        inherited = _our_columns() | {attribute.column: comment(attribute) for attribute in ATTRIBUTES}
        for column in warehouse.columns(target):
            text = described.columns.get(column) or inherited.get(column)
            if text:
                yield "COLUMN", f"{target}.{column}", text


def _macros_for_readers() -> str:
    """No client lists table macros among the tables, so the comment of a table names them."""
    made = (re.search(r"MACRO (\w+\([^)]*\))", statement("macros", name).text) for name in names("macros"))
    return f" Table macros for other times: {', '.join(f'FROM {found[1]}' for found in made if found)}."


def _our_columns() -> dict[str, str]:
    """The descriptions of those columns of image_versions that are not in the dictionary."""
    return statement("schema", "001_image_versions").columns | added_columns("image_versions")


def _record(warehouse: Warehouse, done: Mapping[str, str], version: str) -> None:
    """Keep what has been applied: the fingerprint by name."""
    warehouse.run("schema_state", "forget_migrations", names=list(done))
    applied_at = datetime.now(UTC).replace(tzinfo=None)
    warehouse.run(
        "schema_state", "record_migrations",
        names=list(done), fingerprints=list(done.values()), applied_at=applied_at, version=version,
    )  # fmt: skip


def _views_fingerprint() -> str:
    folders = ("schema", "views", "macros", "queries")
    texts = [statement(folder, name).text for folder in folders for name in names(folder)]
    texts.append(_macros_for_readers())
    described = (f"{comment(attribute)} {attribute.source}" for attribute in ATTRIBUTES)
    return _fingerprint([*texts, *described, *our_files()])


def _fingerprint(texts: list[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
