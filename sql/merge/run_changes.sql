-- run_changes: what a run found different, for people to look at: at most $most rows of each kind.
-- One row per image that came or went, and per attribute that changed.
(
    SELECT 'deleted' AS event, cloud, name, id, NULL AS attribute, NULL AS old_value, NULL AS new_value
    FROM image_versions
    WHERE run_to = $run_id AND end_reason IN ('deleted', 'gone')
    LIMIT $most
)
UNION ALL
(
    SELECT 'changed', cloud, name, id, attribute, old_value, new_value
    FROM image_changes
    WHERE changed_at = $started_at AND attribute <> 'updated_at'
    LIMIT $most
)
UNION ALL
(
    SELECT 'came', version.cloud, version.name, version.id, NULL, NULL, NULL
    FROM image_versions AS version
    ANTI JOIN (SELECT cloud, id FROM image_versions WHERE run_to = $run_id AND end_reason = 'changed') AS before
        ON before.cloud = version.cloud AND before.id = version.id
    WHERE version.run_from = $run_id
    LIMIT $most
)
