-- end_retired_versions: end the images that no listing shows any more after a retirement; for a whole cloud, all its images.
-- An unlisted image ends with the last listing that had shown it; if several had, with the last of them to be retired.
UPDATE image_versions
SET seen_to = $retired_at, run_to = $run_id, end_reason = 'retired'
FROM (
    SELECT version.id
    FROM image_versions AS version
    LEFT JOIN (SELECT DISTINCT id FROM retiring) AS left_by ON left_by.id = version.id
    LEFT JOIN (
        SELECT last_membership.id
        FROM (
            SELECT id, listing
            FROM listing_memberships
            WHERE cloud = $cloud
            QUALIFY coalesce(seen_to, TIMESTAMP '9999-12-31')
                = max(coalesce(seen_to, TIMESTAMP '9999-12-31')) OVER (PARTITION BY id)
        ) AS last_membership
        LEFT JOIN no_longer_read ON no_longer_read.listing = last_membership.listing
        GROUP BY last_membership.id
        HAVING count(*) = count(no_longer_read.listing)
    ) AS unlisted ON unlisted.id = version.id
    LEFT JOIN (SELECT DISTINCT id FROM listing_memberships WHERE cloud = $cloud AND seen_to IS NULL) AS shown
        ON shown.id = version.id
    WHERE version.cloud = $cloud
        AND version.seen_to IS NULL
        AND ($listing IS NULL OR (shown.id IS NULL AND coalesce(left_by.id, unlisted.id) IS NOT NULL))
) AS ended
WHERE image_versions.cloud = $cloud AND image_versions.id = ended.id AND image_versions.seen_to IS NULL
