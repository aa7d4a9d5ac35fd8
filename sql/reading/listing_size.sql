-- listing_size: how many images a listing had when it was last read.
-- One row.
SELECT count(*) AS images
FROM listing_memberships
WHERE cloud = $cloud
    AND seen_to IS NULL
    AND (listing = $listing OR ($is_shared AND listing = 'shared-out'))
