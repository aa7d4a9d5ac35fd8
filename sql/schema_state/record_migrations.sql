-- record_migrations: keep that these files have been applied, each with its fingerprint.
INSERT INTO schema_migrations BY NAME
SELECT
    unnest($names::VARCHAR[]) AS name,
    unnest($fingerprints::VARCHAR[]) AS fingerprint,
    $applied_at AS applied_at,
    $version AS version
