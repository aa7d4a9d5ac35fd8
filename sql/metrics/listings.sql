-- listings: what each listing shows, and when it was last read in full.
-- One row per cloud and listing. Times are UTC; sizes are in bytes.
SELECT freshness.cloud, freshness.listing, freshness.last_full_at, coalesce(there.images, 0) AS images, coalesce(there.bytes, 0) AS bytes
FROM freshness
LEFT JOIN (
    SELECT cloud, listing, count(*) AS images, sum(bytes) AS bytes
    FROM (SELECT cloud, bytes, unnest(listings) AS listing FROM images)
    GROUP BY cloud, listing
) AS there
    ON there.cloud = freshness.cloud AND there.listing = freshness.listing
WHERE freshness.listing IS NOT NULL
ORDER BY freshness.cloud, freshness.listing
