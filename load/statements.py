"""Reads a .sql file by its folder and name, with the descriptions in its comments. The only reader of sql/.

A file has one statement. Its first lines are `-- name: what it is` and usually `-- One row per ...`. A line
`column ..., -- what it means` describes a column of a table or view. The lines from `-- Case: ` on are an example:
runs, a query and its rows, which tests/sql/test_cases.py checks.
"""

import re
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise, takewhile

import duckdb

from core.shipped import shipped

SQL_FOLDER = shipped("sql")

_CASE = "Case: "
_WORD = re.compile(r'\w+|"[^"]+"|[(,)]')


@dataclass(frozen=True)
class Statement:
    """Most runs need the text of every statement, but parse few: what is parsed is parsed when it is asked for."""

    name: str
    text: str

    @cached_property
    def description(self) -> str:
        """The header in one line."""
        lines = self.text.splitlines()
        header = [line.removeprefix("--").strip() for line in lines[: _header_length(lines)]]
        header = list(takewhile(lambda line: not line.startswith(_CASE), header))
        return " ".join(header).partition(": ")[2]

    @cached_property
    def columns(self) -> dict[str, str]:
        """The description of each column."""
        return _described_columns(self.text)

    @cached_property
    def parameters(self) -> frozenset[str]:
        """Its $names."""
        (parsed,) = duckdb.extract_statements(self.text)
        return frozenset(parsed.named_parameters)


@cache
def statement(folder: str, name: str) -> Statement:
    """The statement in sql/<folder>/<name>.sql; the name of a numbered file has its number."""
    return Statement(name, (SQL_FOLDER / folder / f"{name}.sql").read_text(encoding="utf-8"))


def quoted(text: str) -> str:
    """An SQL text literal."""
    return "'" + text.replace("'", "''") + "'"


def names(folder: str) -> list[str]:
    """The names of a folder's statements, sorted."""
    return list(_names(folder))


@cache
def _names(folder: str) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in (SQL_FOLDER / folder).glob("*.sql")))


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


def _described_columns(text: str) -> dict[str, str]:
    """What the comment behind each column says: of a table, or of the outermost SELECT of a view.

    In a table, a column's definition begins with its name; in a view, it ends with it.
    """
    starts = [start for start, kind in duckdb.tokenize(text) if kind != duckdb.token_type.comment]
    tokens = [text[start:end] for start, end in pairwise([*starts, len(text)])]
    is_table = any(token.startswith("TABLE") for token in tokens[:2])
    depth, words, found = 0, list[str](), dict[str, str]()
    for token in tokens:
        depth += token.startswith("(") - token.startswith(")")
        word = _WORD.match(token)
        if depth == is_table and word:
            words += [word[0].strip('"')] if word[0] not in "(,)" else []
            comment = token[word.end() :].partition("\n")[0].strip()
            if words and comment.startswith("-- "):
                found[words[0 if is_table else -1]] = comment.removeprefix("-- ")
            if word[0] in "(,":
                words = []
    return found
