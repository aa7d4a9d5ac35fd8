"""How long every view, macro and question of the cookbook takes on a published copy.

`python -m benchmarks.questions published.duckdb` prints a table; benchmarks.history prints it for a year of nights.
"""

import sys
import time
from collections.abc import Iterator

import duckdb

from load.cookbook import questions
from load.statements import names


def _queries(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str, dict[str, str]]]:
    facts = """SELECT (SELECT max(id) FROM image_versions),
        median(started_at)::VARCHAR, max(started_at)::DATE::VARCHAR FROM runs"""
    identity, middle, last = connection.execute(facts).fetchall()[0]
    for name in names("views"):
        where = f" WHERE day = DATE '{middle[:10]}'" if name == "images_by_run" else ""
        yield f"view {name}{where}", f"SELECT count(*) FROM (SELECT * FROM {name}{where})", {}
    yield "one image of images", "FROM images WHERE id = $id", {"id": identity}
    yield "one image of images_as_of", f"FROM images_as_of(TIMESTAMP '{middle}') WHERE id = $id", {"id": identity}
    yield "images of one night", f"SELECT count(*) FROM images_as_of(TIMESTAMP '{middle}')", {}
    given = {"id": identity, "at": middle, "top": "20", "now": last}
    for question in questions():
        parameters = {
            one.name: given.get(one.name, last if one.type != "INTEGER" else one.default or "1")
            for one in question.parameters
        }
        yield f"query {question.name}", question.text, parameters


def table(connection: duckdb.DuckDBPyConnection) -> str:
    """A Markdown table, the slowest first."""
    measured = []
    for label, query, parameters in _queries(connection):
        began = time.perf_counter()
        connection.execute(query, parameters or None).fetchall()
        measured.append((time.perf_counter() - began, label))
    lines = [f"| {label} | {seconds:.2f} |" for seconds, label in sorted(measured, reverse=True)]
    return "\n".join(["| | seconds |", "|---|---:|", *lines])


if __name__ == "__main__":
    with duckdb.connect(sys.argv[1], read_only=True) as opened:
        print(table(opened))
