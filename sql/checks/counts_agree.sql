-- counts_agree: what a run says that it found is what the history shows.
-- One row per run and cloud that disagree.
SELECT found.run_id, found.cloud, found.new, found.changed, found.returned, found.deleted, begun.versions, ended.deleted_images
FROM run_clouds AS found
LEFT JOIN (SELECT run_from AS run_id, cloud, count(*) AS versions FROM image_versions GROUP BY ALL) AS begun
    ON begun.run_id = found.run_id AND begun.cloud = found.cloud
LEFT JOIN (
    SELECT run_to AS run_id, cloud, count(*) AS deleted_images
    FROM image_versions
    WHERE end_reason IN ('deleted', 'gone')
    GROUP BY ALL
) AS ended
    ON ended.run_id = found.run_id AND ended.cloud = found.cloud
WHERE found.new + found.changed + found.returned <> coalesce(begun.versions, 0)
    OR found.deleted <> coalesce(ended.deleted_images, 0)
