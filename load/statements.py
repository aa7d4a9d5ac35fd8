"""Reads a .sql file by its folder and name, with the descriptions in its comments. The only reader of sql/.

A file has one statement. Its first lines are `-- name: what it is` and usually `-- One row per ...`. A line
`column ..., -- what it means` describes a column of a table or view. The lines from `-- Case: ` on are an example:
runs, a query and its rows, which tests/sql/test_cases.py checks.
"""

import re
from dataclasses import dataclass
from functools import cache
from itertools import takewhile

import duckdb

from core.shipped import shipped

SQL_FOLDER = shipped("sql")

_CASE = "Case: "
_DESCRIBED_COLUMN = re.compile(
    r"^ +(?:.* AS |[a-z_]+\.)?\"?(?P<column>[a-z_][a-z0-9_]*)\"?(?: [^-]*)?,? -- (?P<text>.+)$"
)
_DESCRIBED_END = re.compile(r"^ +(?:END )AS (?P<column>[a-z_][a-z0-9_]*),? -- (?P<text>.+)$")


@dataclass(frozen=True, slots=True)
class Statement:
    """`description`: the header in one line. `columns`: the description of each column. `parameters`: its $names."""

    name: str
    text: str
    description: str
    columns: dict[str, str]
    parameters: frozenset[str]


@cache
def statement(folder: str, name: str) -> Statement:
    """The statement in sql/<folder>/<name>.sql; the name of a numbered file has its number."""
    text = (SQL_FOLDER / folder / f"{name}.sql").read_text(encoding="utf-8")
    lines = text.splitlines()
    header = [line.removeprefix("--").strip() for line in lines[: _header_length(lines)]]
    header = list(takewhile(lambda line: not line.startswith(_CASE), header))
    (parsed,) = duckdb.extract_statements(text)
    return Statement(
        name=name,
        text=text,
        description=" ".join(header).partition(": ")[2],
        columns=_described_columns(lines),
        parameters=frozenset(parsed.named_parameters),
    )


def names(folder: str) -> list[str]:
    """The names of a folder's statements, sorted."""
    return sorted(path.stem for path in (SQL_FOLDER / folder).glob("*.sql"))


def views() -> list[str]:
    """The names of the views, each after those that it reads: DuckDB makes none that reads what is not there."""
    known, ordered = names("views"), list[str]()

    def add(name: str) -> None:
        for other in known:
            if other != name and other not in ordered and re.search(rf"\b(?:FROM|JOIN) {other}\b", _sql(name)):
                add(other)
        if name not in ordered:
            ordered.append(name)

    for name in known:
        add(name)
    return ordered


def _sql(view: str) -> str:
    return statement("views", view).text.partition("CREATE")[2]


def tables() -> list[str]:
    """The names of all tables. A file of sql/schema that adds a column is named <table>.<column>."""
    return [name.partition("_")[2] for name in names("schema") if "." not in name]


def added_columns(table: str) -> dict[str, str]:
    """The columns that later files have added to a table, with the description of each."""
    found = {}
    for name in names("schema"):
        changed, _, column = name.partition("_")[2].partition(".")
        if changed == table and column:
            found[column] = statement("schema", name).description
    return found


def _header_length(lines: list[str]) -> int:
    return next((number for number, line in enumerate(lines) if not line.startswith("--")), len(lines))


def _described_columns(lines: list[str]) -> dict[str, str]:
    found = (_DESCRIBED_END.match(line) or _DESCRIBED_COLUMN.match(line) for line in lines)
    return {match["column"]: match["text"] for match in found if match}
