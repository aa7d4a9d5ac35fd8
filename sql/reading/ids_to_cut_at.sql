-- ids_to_cut_at: ids that cut a listing, as the last run saw it, into parts of $step images.
-- One row per id, in id order.
SELECT id
FROM (
    SELECT id, row_number() OVER (ORDER BY id) AS position, count(*) OVER () AS images
    FROM listing_memberships
    WHERE cloud = $cloud
        AND seen_to IS NULL
        AND (listing = $listing OR ($is_shared AND listing = 'shared-out'))
)
WHERE position % $step = 0 AND position < images
ORDER BY position
