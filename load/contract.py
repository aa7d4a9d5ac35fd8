"""Describes the published copy for other tools: as sources of dbt, and as an Open Data Contract.

All of it comes from where it is kept: tables, columns and meanings from the copy's comments, which come from the
dictionary and sql/; rules from sql/checks. Called by cli.contract.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from load.published import ask
from load.statements import names, statement

_NOT_FOR_READERS: Final = ("schema_migrations", "published_copies")
_WARN_HOURS, _ERROR_HOURS = 26, 50
_FULL_RUN: Final = "mode = 'full' AND status = 'completed'"
_ABOUT: Final = (
    "Every image of the clouds' image catalogues, and everything that it ever was, as glanceback read it from Huawei "
    "IMS and OpenStack Glance. Each run replaces the file in one step. All times are UTC."
)
_LIMITS: Final = (
    "What happened between two runs is not seen. An image that no run has seen is not there. Attributes that the "
    "dictionary does not know are in the column extra, as received."
)
_LOGICAL_TYPES: Final = {
    "VARCHAR": "string", "JSON": "string", "BOOLEAN": "boolean", "TINYINT": "integer", "SMALLINT": "integer",
    "INTEGER": "integer", "BIGINT": "integer", "HUGEINT": "integer", "UBIGINT": "integer", "DOUBLE": "number",
    "FLOAT": "number", "DATE": "date", "TIMESTAMP": "timestamp",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str
    is_required: bool
    meaning: str


@dataclass(frozen=True, slots=True)
class Described:
    """A table or view. `kind`: which of the two."""

    name: str
    kind: str
    meaning: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of sql/checks. `broken`: SQL that has a row for each place where it is broken."""

    name: str
    meaning: str
    broken: str


def dbt_sources(published: Path, version: str) -> str:
    """The text of a sources.yml for dbt-duckdb, whose profile attaches the copy as `published`.

    Raises: SettingsError if there is no published copy.
    """
    tables = described(published)
    known = [table.name for table in tables]
    source = {
        "name": "glanceback",
        "description": f"{_ABOUT} {_LIMITS}",
        "database": "published",
        "schema": "main",
        "loader": "glanceback",
        "tables": [*map(_dbt_table, tables), *(_dbt_rule(rule, known) for rule in rules())],
    }
    head = (
        f"# Made by glanceback {version}: glanceback contract dbt. Do not edit: make it again.\n"
        "# In profiles.yml, the target of type duckdb has a path of its own, and\n"
        "#   attach: [{path: /path/to/published.duckdb, alias: published, read_only: true}]\n"
    )
    return head + _yaml({"version": 2, "sources": [source]})


def open_data_contract(published: Path, version: str) -> str:
    """The text of an Open Data Contract Standard document about the copy. Raises: as dbt_sources."""
    tables = described(published)
    contract = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "glanceback-image-catalogue",
        "name": "Image catalogue",
        "version": version,
        "status": "active",
        "description": {
            "purpose": _ABOUT,
            "limitations": _LIMITS,
            "usage": "Open the file read-only with DuckDB 1.2 or newer, and connect again to see a newer copy.",
        },
        "servers": [
            {
                "server": "published",
                "type": "duckdb",
                "database": str(published),
                "schema": "main",
                "description": "The published copy: a DuckDB file that is replaced after each run.",
            }
        ],
        "schema": [_odcs_table(table, tables) for table in tables],
        "slaProperties": [
            {
                "property": "latency",
                "value": _WARN_HOURS,
                "unit": "h",
                "element": "runs.started_at",
                "description": f"Time since the start of the last run with {_FULL_RUN}; the view freshness has it "
                "for each listing.",
            }
        ],
    }
    return _yaml(contract)


def described(published: Path) -> list[Described]:
    """The tables and views that readers see. Raises: SettingsError if there is no published copy."""
    columns: dict[str, list[Column]] = {}
    for row in _rows(published, "columns"):
        column = Column(row["name"], row["type"], row["is_required"], row["comment"] or "")
        columns.setdefault(row["table_name"], []).append(column)
    return [
        Described(row["name"], row["kind"], row["comment"] or "", tuple(columns.get(row["name"], ())))
        for row in _rows(published, "objects")
        if row["name"] not in _NOT_FOR_READERS
    ]


def rules() -> Iterator[Rule]:
    """The rules of sql/checks."""
    for name in names("checks"):
        found = statement("checks", name)
        lines = [line for line in found.text.splitlines() if not line.lstrip().startswith("--")]
        yield Rule(name, found.description, " ".join(" ".join(lines).split()))


def _dbt_table(table: Described) -> dict[str, Any]:
    config: dict[str, Any] = {"meta": {"kind": table.kind}}
    if table.name == "runs":
        config |= {
            "loaded_at_field": "started_at AT TIME ZONE 'UTC'",
            "freshness": {
                "warn_after": {"count": _WARN_HOURS, "period": "hour"},
                "error_after": {"count": _ERROR_HOURS, "period": "hour"},
                "filter": _FULL_RUN,
            },
        }
    return {
        "name": table.name,
        "description": _no_jinja(_sentence(table.meaning)),
        "config": config,
        "columns": [
            {
                "name": column.name,
                "description": _no_jinja(column.meaning),
                "data_type": column.type,
                **({"data_tests": ["not_null"]} if column.is_required else {}),
            }
            for column in table.columns
        ],
    }


def _dbt_rule(rule: Rule, known: list[str]) -> dict[str, Any]:
    """A rule as a source with one row, so that a test of dbt's own can say whether it holds."""
    broken = _with_tables(rule.broken, known, lambda table: f"published.main.{table}")
    return {
        "name": f"rule_{rule.name}",
        "description": _no_jinja(f"A rule of the history: {rule.meaning}"),
        "config": {"meta": {"kind": "rule", "external_location": f"(SELECT count(*) AS broken FROM ({broken}))"}},
        "columns": [
            {
                "name": "broken",
                "description": "In how many places the rule is broken.",
                "data_type": "BIGINT",
                "data_tests": [{"accepted_values": {"arguments": {"values": [0], "quote": False}}}],
            }
        ],
    }


def _odcs_table(table: Described, tables: list[Described]) -> dict[str, Any]:
    known = [other.name for other in tables]
    quality = [
        {
            "name": rule.name,
            "description": _sentence(rule.meaning),
            "type": "sql",
            "query": f"SELECT count(*) FROM ({rule.broken})",
            "mustBe": 0,
        }
        for rule in rules()
        if _first_table(rule.broken, known) == table.name
    ]
    return {
        "name": table.name,
        "physicalName": table.name,
        "logicalType": "object",
        "physicalType": table.kind,
        "description": _sentence(table.meaning),
        "properties": [_odcs_column(column) for column in table.columns],
        **({"quality": quality} if quality else {}),
    }


def _odcs_column(column: Column) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": column.name,
        **_odcs_type(column.type),
        "physicalType": column.type,
        "description": column.meaning,
        **({"required": True} if column.is_required else {}),
    }
    return found


def _odcs_type(sql_type: str) -> dict[str, Any]:
    if sql_type.endswith("[]"):
        return {"logicalType": "array", "items": {**_odcs_type(sql_type[:-2]), "physicalType": sql_type[:-2]}}
    return {"logicalType": _LOGICAL_TYPES.get(sql_type.partition("(")[0], "object")}


def _with_tables(sql: str, known: list[str], named: Callable[[str], str]) -> str:
    """The SQL with another name for each table that it reads."""
    return re.sub(rf"\b(FROM|JOIN) ({'|'.join(known)})\b", lambda found: f"{found[1]} {named(found[2])}", sql)


def _first_table(sql: str, known: list[str]) -> str:
    found = re.search(rf"\b(?:FROM|JOIN) ({'|'.join(known)})\b", sql)
    return found[1] if found else ""


def _no_jinja(text: str) -> str:
    """dbt takes descriptions for templates."""
    return re.sub(r"{(?=[{%#])", "{ ", text)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _yaml(document: Mapping[str, Any]) -> str:
    import yaml  # type: ignore[import-untyped]  # slow to import

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(document, Dumper=dumper, sort_keys=False, allow_unicode=True, width=120)
    return text


def _rows(published: Path, name: str) -> list[dict[str, Any]]:
    answer = ask(published, statement("contract", name).text)
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows()]
