-- restate_versions: set the state of every current version of a cloud from its memberships, after these were reopened.
UPDATE image_versions
SET state = found.state
FROM (
    SELECT version.id, if(membership.id IS NULL, 'unlisted', 'listed') AS state
    FROM image_versions AS version
    LEFT JOIN (SELECT DISTINCT id FROM listing_memberships WHERE cloud = $cloud AND seen_to IS NULL) AS membership
        ON membership.id = version.id
    WHERE version.cloud = $cloud AND version.seen_to IS NULL
) AS found
WHERE image_versions.cloud = $cloud
    AND image_versions.id = found.id
    AND image_versions.seen_to IS NULL
    AND image_versions.state IS DISTINCT FROM found.state
