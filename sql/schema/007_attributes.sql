-- attributes: the dictionary: what each column of `images` holds, and its name in the API.
-- One row per column of `images`.
CREATE TABLE attributes (
    position INTEGER NOT NULL, -- Place of the column, counted from 1.
    column_name VARCHAR NOT NULL, -- The column.
    api_name VARCHAR, -- Name that the API gives it; NULL: the column is glanceback's own.
    type VARCHAR NOT NULL, -- SQL type of the column.
    unit VARCHAR, -- Unit of its numbers; NULL: they have none.
    meaning VARCHAR, -- What it holds.
    source VARCHAR NOT NULL -- Who says so: reference, vendor SDK, Glance, observed (inferred), or glanceback itself.
);
