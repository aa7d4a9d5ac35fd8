-- applied_migrations: what has been applied to this warehouse.
-- One row per file.
SELECT name, fingerprint, version FROM schema_migrations
