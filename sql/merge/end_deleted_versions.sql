-- end_deleted_versions: end the current version of every image that is gone (temporary table gone, a row an id).
-- An image of the account's own project is deleted. An image of another project may also have been withdrawn from us: a
-- 404 does not show which, so it is gone. If its owner or our project is unknown, a private image counts as ours.
UPDATE image_versions
SET
    seen_to = $started_at,
    run_to = $run_id,
    end_reason = CASE
        WHEN owner IS NULL OR owner = $project_id THEN 'deleted'
        WHEN $project_id IS NULL AND visibility = 'private' THEN 'deleted'
        ELSE 'gone'
    END
FROM gone
WHERE image_versions.cloud = $cloud
    AND image_versions.id = gone.id
    AND image_versions.seen_to IS NULL
