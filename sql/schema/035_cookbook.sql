-- cookbook: questions that cloud teams ask, each with the SQL that answers it, for whoever meets the database alone.
-- One row per question. The SQL runs as it is, but for those with a $parameter, which `parameters` describes.
CREATE TABLE cookbook (
    name VARCHAR NOT NULL, -- Name of the question: glanceback sql --query NAME.
    question VARCHAR NOT NULL, -- What it asks.
    sql VARCHAR NOT NULL, -- The query, for DuckDB; its first lines say what a row is. What could be chosen has its usual value.
    parameters VARCHAR[] NOT NULL -- What must be given in place of a $name: the name, and what it means.
)
