-- end_deleted_versions: end the current version of every image that is gone (temporary table gone, a row an id).
UPDATE image_versions
SET seen_to = $started_at, run_to = $run_id, end_reason = 'deleted'
FROM gone
WHERE image_versions.cloud = $cloud
    AND image_versions.id = gone.id
    AND image_versions.seen_to IS NULL
