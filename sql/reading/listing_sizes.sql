-- listing_sizes: how many images each listing had before this run.
-- One row per listing.
SELECT listing, count(*) AS images
FROM listing_memberships
WHERE cloud = $cloud AND seen_to IS NULL
GROUP BY listing
