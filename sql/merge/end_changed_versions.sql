-- end_changed_versions: end the current version of every image whose content changed.
UPDATE image_versions
SET seen_to = $started_at, run_to = $run_id, end_reason = 'changed'
FROM classified
WHERE image_versions.cloud = $cloud
    AND image_versions.id = classified.id
    AND image_versions.seen_to IS NULL
    AND classified.outcome = 'changed'
