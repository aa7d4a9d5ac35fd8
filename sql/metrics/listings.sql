-- listings: what each listing shows, and when it was last read in full.
-- One row per cloud and listing. Times are UTC; sizes are in bytes.
SELECT freshness.cloud, freshness.listing, freshness.last_full_at, coalesce(there.images, 0) AS images, coalesce(there.bytes, 0) AS bytes
FROM freshness
LEFT JOIN (
    SELECT membership.cloud, membership.listing, count(*) AS images, sum(coalesce(version.image_size, version.size)) AS bytes
    FROM listing_memberships AS membership
    LEFT JOIN (SELECT cloud, id, image_size, size FROM image_versions WHERE seen_to IS NULL) AS version
        ON version.cloud = membership.cloud AND version.id = membership.id
    WHERE membership.seen_to IS NULL
    GROUP BY membership.cloud, membership.listing
) AS there
    ON there.cloud = freshness.cloud AND there.listing = freshness.listing
WHERE freshness.listing IS NOT NULL
ORDER BY freshness.cloud, freshness.listing
