"""What the comments of a .sql file say of its columns."""

from pathlib import Path

import pytest

from load import statements


@pytest.fixture(autouse=True)
def sql_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(statements, "SQL_FOLDER", tmp_path)
    for folder in ("schema", "views"):
        (tmp_path / folder).mkdir()
    return tmp_path


def test_comment_of_a_view_belongs_to_the_name_before_it(sql_folder: Path) -> None:
    (sql_folder / "views" / "described.sql").write_text("""-- described: a view.
CREATE OR REPLACE VIEW described AS
WITH inner_part AS (
    SELECT 1 AS one, -- Of an inner SELECT.
        'a -- b' AS text
)

SELECT
    inner_part.one, -- The column itself.
    one - 1 AS less, -- An expression with a minus.
    -- A line for itself describes nothing.
    CASE
        WHEN one = 2 THEN 'x -- y'
    END AS kind, -- The end of several lines, with -- in it.
    max(one, 2) AS "from", -- A quoted name.
    text AS undescribed,
    one
        AS last -- The last one.
FROM inner_part
""")
    assert statements.statement("views", "described").columns == {
        "one": "The column itself.",
        "less": "An expression with a minus.",
        "kind": "The end of several lines, with -- in it.",
        "from": "A quoted name.",
        "last": "The last one.",
    }


def test_comment_of_a_table_belongs_to_the_column_that_is_defined_before_it(sql_folder: Path) -> None:
    (sql_folder / "schema" / "001_described.sql").write_text("""-- described: a table.
CREATE TABLE described (
    id VARCHAR NOT NULL, -- A type and a constraint.
    price DECIMAL(10, 2) DEFAULT 0, -- A type with numbers.
    undescribed VARCHAR,
    "order" VARCHAR DEFAULT '-- none', -- A quoted name.
    pairs MAP(VARCHAR, VARCHAR) -- The last one.
)
""")
    assert statements.statement("schema", "001_described").columns == {
        "id": "A type and a constraint.",
        "price": "A type with numbers.",
        "order": "A quoted name.",
        "pairs": "The last one.",
    }
