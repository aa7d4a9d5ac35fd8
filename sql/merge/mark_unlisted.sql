-- mark_unlisted: an image in missed that is in no listing any more is unlisted. That makes no version.
UPDATE image_versions
SET state = 'unlisted'
FROM (
    SELECT missed.id
    FROM missed
    ANTI JOIN (SELECT id FROM listing_memberships WHERE cloud = $cloud AND seen_to IS NULL) AS membership
        ON membership.id = missed.id
) AS out_of_sight
WHERE image_versions.cloud = $cloud
    AND image_versions.id = out_of_sight.id
    AND image_versions.seen_to IS NULL
    AND image_versions.state IS DISTINCT FROM 'unlisted'
