"""Brings a warehouse to this version's tables, views, macros and comments, in one transaction.

sql/schema/ is applied in order, each file once, and recorded; an attribute that is new in the dictionary gets its
column; views and macros are made anew when one of them, or the dictionary, has changed. Called when a warehouse is
opened for writing.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import msgspec

from core.errors import WarehouseError
from load.column_migration import add_new_columns, convert_columns, drop_replaced, fill_from_extra
from load.content import bring_from_first_scheme, restate, scheme
from load.cookbook import questions, runnable
from load.end_of_life import load_our_dates
from load.fingerprints import OF_WHOLE_TEXTS, of_sql
from load.statements import added_columns, names, statement, views
from load.warehouse import Description, Warehouse
from transform.dictionary import ATTRIBUTES, comment

_SURFACE: Final = "views, macros and comments"
_COLUMN: Final = "column "
_CONTENT: Final = "content hash"
_IN_FILES: Final = "in files"
_OF_TENANTS: Final = ("image_versions", "rejects")
"""The tables that hold what tenants wrote, character by character."""


def bring_up_to_date(warehouse: Warehouse, version: str) -> None:
    """Apply what is missing.

    Raises: WarehouseError when a newer glanceback has written the warehouse; it is left as it is.
    """
    warehouse.atomically(lambda: _convert(warehouse, version))
    applied = warehouse.atomically(lambda: _apply(warehouse, version))
    if warehouse.is_shared and _IN_FILES not in applied:
        warehouse.atomically(lambda: _keep_in_files(warehouse, version))


def _keep_in_files(warehouse: Warehouse, version: str) -> None:
    """DuckLake sets nothing for a table of the same transaction."""
    for table in _OF_TENANTS:
        warehouse.run("upkeep", "keep_in_files", table_name=table)
    _record(warehouse, _IN_FILES, "", version)


def _convert(warehouse: Warehouse, version: str) -> None:
    if _applied(warehouse, version):
        convert_columns(warehouse)


def _applied(warehouse: Warehouse, version: str) -> dict[str, tuple[str, str]]:
    """What was applied before: fingerprint and program version by name. Raises: WarehouseError."""
    warehouse.run("schema", "000_schema_migrations")
    applied = {name: (mark, by) for name, mark, by in warehouse.rows("schema_state", "applied_migrations")}
    known = names("schema")
    columns = {f"{_COLUMN}{attribute.column}" for attribute in ATTRIBUTES}
    for name in applied.keys() - {*known, *columns, _SURFACE, _CONTENT, _IN_FILES}:
        raise WarehouseError(
            f"{warehouse.place} was written by glanceback {applied[name][1]}, which knows more than {version}",
            "Upgrade glanceback, or take another warehouse.",
        )
    return applied


def _apply(warehouse: Warehouse, version: str) -> dict[str, tuple[str, str]]:
    """Apply what is missing; what was applied before."""
    applied = _applied(warehouse, version)
    if applied:
        drop_replaced(warehouse)
    for name in names("schema"):
        fingerprint = of_sql(statement("schema", name).text)
        if name not in applied:
            warehouse.run("schema", name)
        elif applied[name][0] not in (fingerprint, *OF_WHOLE_TEXTS):
            raise WarehouseError(
                f"{warehouse.place}: glanceback {applied[name][1]} made its tables with another sql/schema/{name}.sql",
                "A file there must not change once it was applied: restore it, or take the glanceback that made these.",
            )
        if applied.get(name, ("", ""))[0] != fingerprint:
            _record(warehouse, name, fingerprint, version)
    load_our_dates(warehouse)
    added = add_new_columns(warehouse)
    for attribute in added:
        _record(warehouse, f"{_COLUMN}{attribute.column}", "", version)
    fingerprint = _surface_fingerprint()
    if applied.get(_SURFACE, ("", ""))[0] != fingerprint:
        _renew_surface(warehouse)
        _record(warehouse, _SURFACE, fingerprint, version)
    if applied and _CONTENT not in applied:
        bring_from_first_scheme(warehouse)
    if applied:  # a new warehouse has no versions
        fill_from_extra(warehouse, added)
    if applied.get(_CONTENT, ("", ""))[0] != scheme():
        if applied:
            restate(warehouse)
        _record(warehouse, _CONTENT, scheme(), version)
    return applied


def _renew_surface(warehouse: Warehouse) -> None:
    for view in views():
        warehouse.run("views", view)
    for macro in names("macros"):
        warehouse.run("macros", macro)
    _write_dictionary(warehouse)
    _write_cookbook(warehouse)
    warehouse.describe(_descriptions(warehouse))


def _write_dictionary(warehouse: Warehouse) -> None:
    """Table `attributes`, for the columns of the view `images`."""
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
    """Table `cookbook`."""
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


def _descriptions(warehouse: Warehouse) -> Iterator[Description]:
    """What is said of every table, view, macro and column."""
    kinds = {"schema": "TABLE", "views": "VIEW", "macros": "MACRO TABLE"}
    for folder, kind in kinds.items():
        if folder == "macros" and not warehouse.describes_views:
            continue
        for name in names(folder):
            yield from descriptions_of(warehouse, folder, name, kind)


def descriptions_of(warehouse: Warehouse, folder: str, name: str, kind: str) -> Iterator[Description]:
    """What is said of the object that a file makes, a TABLE, VIEW or MACRO TABLE, and of its columns.

    Of a column of image_versions the same, wherever it is shown.
    """
    described = statement(folder, name)
    target = name.partition("_")[2] if folder == "schema" else name
    if folder == "schema" and "." in target:
        yield "COLUMN", target, described.description
        return
    yield kind, target, described.description
    if kind == "TABLE" or (kind == "VIEW" and warehouse.describes_views):
        inherited = _our_columns() | {attribute.column: comment(attribute) for attribute in ATTRIBUTES}
        for column in warehouse.columns(target):
            text = described.columns.get(column) or inherited.get(column)
            if text:
                yield "COLUMN", f"{target}.{column}", text


def _our_columns() -> dict[str, str]:
    """What is said of the columns of image_versions."""
    return statement("schema", "001_image_versions").columns | added_columns("image_versions")


def _record(warehouse: Warehouse, name: str, fingerprint: str, version: str) -> None:
    warehouse.run("schema_state", "forget_migration", name=name)
    applied_at = datetime.now(UTC).replace(tzinfo=None)
    warehouse.run(
        "schema_state", "record_migration", name=name, fingerprint=fingerprint, applied_at=applied_at, version=version
    )


def _surface_fingerprint() -> str:
    folders = ("schema", "views", "macros", "queries")
    texts = [statement(folder, name).text for folder in folders for name in names(folder)]
    return _fingerprint([*texts, *(f"{comment(attribute)} {attribute.source}" for attribute in ATTRIBUTES)])


def _fingerprint(texts: list[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
