-- end_retired_versions: end what no listing shows any more, for the one that did is retired; of a whole cloud, all.
UPDATE image_versions
SET seen_to = $retired_at, run_to = $run_id, end_reason = 'retired'
FROM (
    SELECT version.id
    FROM image_versions AS version
    LEFT JOIN (SELECT DISTINCT id FROM retiring) AS left_by ON left_by.id = version.id
    LEFT JOIN (SELECT DISTINCT id FROM listing_memberships WHERE cloud = $cloud AND seen_to IS NULL) AS shown
        ON shown.id = version.id
    WHERE version.cloud = $cloud
        AND version.seen_to IS NULL
        AND ($listing IS NULL OR (left_by.id IS NOT NULL AND shown.id IS NULL))
) AS ended
WHERE image_versions.cloud = $cloud AND image_versions.id = ended.id AND image_versions.seen_to IS NULL
