"""A .sql file by its folder and its object's name, with what its comments say. The only reader of sql/.

A file holds one statement. Its first lines say `-- name: what it is` and, mostly, `-- One row per ...`; a line
`column ..., -- what it means` describes a column of a table or view. From `-- Case: ` on, the header is a worked case:
nights, a query and its rows, which tests/sql/test_cases.py runs.
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
    """`description` is the header in one line, `columns` what is said of each column, `parameters` the $names in it."""

    name: str
    text: str
    description: str
    columns: dict[str, str]
    parameters: frozenset[str]


@cache
def statement(folder: str, name: str) -> Statement:
    """The statement in sql/<folder>/<name>.sql; for a numbered file the name is with its number."""
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
    """The names of a folder's statements, in order."""
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
    """The names of all tables. A file of sql/schema that adds a column to one is named <table>.<column>."""
    return [name.partition("_")[2] for name in names("schema") if "." not in name]


def added_columns(table: str) -> dict[str, str]:
    """The columns that files of their own have added to a table, and what is said of each."""
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
