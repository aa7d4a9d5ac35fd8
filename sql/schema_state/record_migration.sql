-- record_migration: keep that a file has been applied.
INSERT INTO schema_migrations BY NAME
SELECT $name AS name, $fingerprint AS fingerprint, $applied_at AS applied_at, $version AS version
