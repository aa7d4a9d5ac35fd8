-- schema_migrations: which files of sql/schema have been applied to this warehouse, and by which version.
-- One row per file, and one for the views, macros and comments together. Times are UTC.
CREATE TABLE IF NOT EXISTS schema_migrations (
    name VARCHAR NOT NULL, -- The file, without .sql.
    fingerprint VARCHAR NOT NULL, -- SHA-256 of what was applied.
    applied_at TIMESTAMP NOT NULL, -- When it was applied. UTC.
    version VARCHAR NOT NULL -- Version of glanceback that applied it.
);
