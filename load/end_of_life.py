"""Fills the table `end_of_life` (until when makers maintain their systems) with our rows and those of the user's file.

The file has the columns of data/reference/end-of-life.csv, and may have `spelling`, a regular expression.
"""

import csv
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

import msgspec

from core.errors import SettingsError
from core.shipped import shipped
from core.wording import reason
from load.warehouse import Warehouse

_FOLDER: Final = shipped("data", "reference")
_DATES: Final = "end-of-life.csv"
_SPELLINGS: Final = "spellings.csv"
_OURS: Final = "endoflife.date"
_THEIRS: Final = "settings"
_NEEDED: Final = ("product", "cycle", "ends")

Row = tuple[str, str, str | None, str | None, str | None, str | None, bool, str | None]


def our_files() -> list[str]:
    """The texts of the files with our own rows."""
    return [(_FOLDER / name).read_text(encoding="utf-8") for name in (_DATES, _SPELLINGS)]


def load_our_dates(warehouse: Warehouse) -> None:
    """Write our own rows if they differ from those in the table. The caller opens the transaction."""
    with (_FOLDER / _SPELLINGS).open(encoding="utf-8", newline="") as file:
        spellings = {row["product"]: row["spelling"] for row in csv.DictReader(file)}
    rows = list(_rows(_FOLDER / _DATES, spellings))
    if _differ(warehouse, _OURS, rows):
        _replace(warehouse, _OURS, rows)


def load_their_dates(warehouse: Warehouse, file: Path | None) -> None:
    """Write the rows of the user's file; without a file, remove them. Raises: SettingsError, with the line."""
    rows = [] if file is None else list(_rows(file, {}))
    if _differ(warehouse, _THEIRS, rows):
        warehouse.atomically(lambda: _replace(warehouse, _THEIRS, rows))


def _differ(warehouse: Warehouse, source: str, rows: list[Row]) -> bool:
    known = warehouse.rows("end_of_life", "rows_of_source", source=source)
    return sorted(map(repr, known)) != sorted(map(repr, rows))


def _replace(warehouse: Warehouse, source: str, rows: list[Row]) -> None:
    warehouse.run("end_of_life", "remove_rows", source=source)
    named = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
    warehouse.run("end_of_life", "add_rows", source=source, rows=msgspec.json.encode(named).decode())


_COLUMNS: Final = ("product", "cycle", "codename", "released", "ends", "extended_ends", "has_ended", "spelling")


def _rows(path: Path, spellings: dict[str, str]) -> Iterator[Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in _NEEDED if name not in (reader.fieldnames or ())]
            if missing:
                raise SettingsError(f"{path} has no column {missing[0]}", f"It needs {', '.join(_NEEDED)}.")
            for row in reader:
                where = f"{path}, line {reader.line_num}"
                product, cycle = (row["product"] or "").strip().lower(), (row["cycle"] or "").strip().lower()
                if not product or not cycle:
                    raise SettingsError(f"{where}: product or cycle is empty", "Fill both.")
                spelling = (row.get("spelling") or "").strip() or spellings.get(product)
                yield (
                    product, cycle, row.get("codename") or None, _day(row.get("released"), where),
                    _day(row["ends"], where), _day(row.get("extended_ends"), where),
                    (row["ends"] or "").strip().lower() == "true", _checked(spelling, where),
                )  # fmt: skip
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise SettingsError(f"{path} cannot be read ({reason(exc)})", "See end_of_life in the settings.") from exc


def _day(text: str | None, where: str) -> str | None:
    written = (text or "").strip()
    if written.lower() in ("", "true", "false"):
        return None
    try:
        return date.fromisoformat(written).isoformat()
    except ValueError as exc:
        raise SettingsError(f"{where}: '{written}' is not a date", "Write 2026-11-30, true or false.") from exc


def _checked(spelling: str | None, where: str) -> str | None:
    try:
        re.compile(spelling or "")
    except re.error as exc:
        raise SettingsError(f"{where}: the spelling is not a regular expression ({exc})", "Mend it.") from exc
    return spelling
