-- cookbook: questions that cloud teams ask, each with the SQL that answers it, for people who have the database alone.
-- One row per question. The SQL runs as it stands, except where it has a $parameter, which `parameters` describes.
CREATE TABLE cookbook (
    name VARCHAR NOT NULL, -- Name of the question: glanceback sql --query NAME.
    question VARCHAR NOT NULL, -- What it asks.
    sql VARCHAR NOT NULL, -- The query, for DuckDB; its first lines say what a row is. Other parameters have their default values.
    parameters VARCHAR[] NOT NULL -- What you must give for each $name: the name, and what it means.
)
