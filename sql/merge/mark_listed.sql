-- mark_listed: an unlisted image that a listing shows again is listed. That makes no version.
UPDATE image_versions
SET state = 'listed'
FROM (
    SELECT version.id
    FROM image_versions AS version
    SEMI JOIN incoming_memberships AS seen ON seen.id = version.id
    WHERE version.cloud = $cloud AND version.seen_to IS NULL AND version.state = 'unlisted'
) AS shown
WHERE image_versions.cloud = $cloud
    AND image_versions.id = shown.id
    AND image_versions.seen_to IS NULL
