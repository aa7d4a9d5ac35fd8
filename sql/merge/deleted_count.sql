-- deleted_count: the number of images that this run ended as deleted or gone.
-- One row. In a replay, an image may have been ended before, by a run whose load had failed.
SELECT count(*) AS deleted
FROM image_versions
WHERE cloud = $cloud AND run_to = $run_id AND end_reason IN ('deleted', 'gone')
