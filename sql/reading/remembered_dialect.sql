-- remembered_dialect: the dialect in which a cloud was last read, if one of its images confirms it.
-- One row or none. A dialect that was only assumed, because the API showed no image, is not remembered.
SELECT last_run.dialect
FROM (
    SELECT run_clouds.dialect
    FROM run_clouds
    JOIN runs USING (run_id)
    WHERE run_clouds.cloud = $cloud AND run_clouds.dialect IS NOT NULL
    ORDER BY runs.started_at DESC
    LIMIT 1
) AS last_run
WHERE EXISTS (
    SELECT 1
    FROM image_versions
    WHERE cloud = $cloud AND seen_to IS NULL AND (imagetype IS NOT NULL) = (last_run.dialect = 'ims')
)
